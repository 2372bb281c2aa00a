//! The convolutions and batch norm against PyTorch's answers.
//!
//! The cases lie in the folder VIMAE_REFERENCE_DIR, in tests/reference/seed1 of this repository,
//! or in ../shared/reference/seed1 beside it.

#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use candle_core::{Device, Tensor, Var};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use vimae_ops as ops;

type Case = HashMap<String, Tensor>;
/// Name, tensors and scalars of each case.
type Cases = Vec<(String, Case, serde_json::Value)>;
type Outcome = Result<(), Box<dyn std::error::Error>>;

fn folder() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("VIMAE_REFERENCE_DIR") {
        return Some(dir.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    [root.join("tests/reference/seed1"), root.join("../shared/reference/seed1")].into_iter().find(|dir| dir.join("manifest.json").is_file())
}

/// Every case whose name starts so, with its scalars; none where there is no reference.
fn cases(prefix: &str) -> Result<Cases, Box<dyn std::error::Error>> {
    let Some(dir) = folder() else {
        eprintln!("skipped: no reference cases; set VIMAE_REFERENCE_DIR to their folder");
        return Ok(Vec::new());
    };
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("manifest.json"))?)?;
    let all = manifest["cases"].as_object().ok_or("no cases in the manifest")?;
    let mut found = Vec::new();
    for (name, scalars) in all.iter().filter(|(name, _)| name.starts_with(prefix)) {
        let file = dir.join(format!("{name}.safetensors"));
        let case = candle_core::safetensors::load(&file, &Device::Cpu)?;
        found.push((name.clone(), case, scalars.clone()));
    }
    assert!(!found.is_empty(), "no case {prefix}* in {}", dir.display());
    Ok(found)
}

fn close(what: &str, got: &Tensor, expected: &Tensor, scalars: &serde_json::Value) -> Outcome {
    assert_eq!(got.dims(), expected.dims(), "{what}");
    let tolerance = |key| scalars[key].as_f64().ok_or("no tolerance");
    let (rtol, atol) = (tolerance("rtol")?, tolerance("atol")?);
    let flat = |t: &Tensor| t.flatten_all()?.to_vec1::<f32>();
    for (i, (g, e)) in flat(got)?.into_iter().zip(flat(expected)?).enumerate() {
        let (g, e) = (f64::from(g), f64::from(e));
        assert!((g - e).abs() <= atol + rtol * e.abs(), "{what}[{i}]: expected {e}, got {g}");
    }
    Ok(())
}

/// Checks y and the gradients under the loss sum(y * grad_y).
fn check(
    name: &str,
    case: &Case,
    scalars: &serde_json::Value,
    parameters: [&str; 3],
    f: impl Fn([&Tensor; 3]) -> ops::Result<Tensor>,
) -> Outcome {
    let vars = parameters.map(|p| Var::from_tensor(&case[p]));
    let [a, b, c] = vars;
    let (a, b, c) = (a?, b?, c?);
    let y = f([&a, &b, &c])?;
    close(&format!("{name} y"), &y, &case["y"], scalars)?;
    let gradients = (y * &case["grad_y"])?.sum_all()?.backward()?;
    for (parameter, var) in parameters.iter().zip([&a, &b, &c]) {
        let got = gradients.get(var).ok_or("no gradient")?;
        let expected = &case[&format!("grad_{parameter}")];
        close(&format!("{name} grad_{parameter}"), got, expected, scalars)?;
    }
    Ok(())
}

#[test]
fn convolutions() -> Outcome {
    for (name, case, scalars) in cases("conv_same")? {
        let stride = scalars["stride"].as_u64().ok_or("no stride")? as usize;
        check(&name, &case, &scalars, ["x", "w", "b"], |[x, w, b]| ops::conv2d_same(x, w, Some(b), stride))?;
        check(&name, &case, &scalars, ["x", "w", "b"], |[x, w, b]| {
            let x = x.permute((0, 2, 3, 1))?;
            let y = ops::channels_last::conv2d_same(&x, w, Some(b), stride)?;
            Ok(y.permute((0, 3, 1, 2))?)
        })?;
    }
    Ok(())
}

#[test]
fn transposed_convolutions() -> Outcome {
    for (name, case, scalars) in cases("conv_transpose_same")? {
        let stride = scalars["stride"].as_u64().ok_or("no stride")? as usize;
        check(&name, &case, &scalars, ["x", "w", "b"], |[x, w, b]| ops::conv_transpose2d_same(x, w, Some(b), stride))?;
        check(&name, &case, &scalars, ["x", "w", "b"], |[x, w, b]| {
            let x = x.permute((0, 2, 3, 1))?;
            let y = ops::channels_last::conv_transpose2d_same(&x, w, Some(b), stride)?;
            Ok(y.permute((0, 3, 1, 2))?)
        })?;
    }
    Ok(())
}

#[test]
fn batch_norm() -> Outcome {
    for (name, case, scalars) in cases("batch_norm")? {
        let eps = scalars["eps"].as_f64().ok_or("no eps")?;
        let momentum = scalars["momentum"].as_f64().ok_or("no momentum")?;
        let arguments = ["x", "gamma", "beta"];
        check(&name, &case, &scalars, arguments, |[x, gamma, beta]| Ok(ops::batch_norm_train(x, gamma, beta, eps)?.0))?;
        check(&name, &case, &scalars, arguments, |[x, gamma, beta]| {
            let x = x.permute((0, 2, 3, 1))?;
            let y = ops::channels_last::batch_norm_train(&x, gamma, beta, eps)?.0;
            Ok(y.permute((0, 3, 1, 2))?)
        })?;
        let [x, gamma, beta] = arguments.map(|a| &case[a]);
        let (y, statistics) = ops::batch_norm_relu_train(x, gamma, beta, eps)?;
        close("relu", &y, &case["y"].relu()?, &scalars)?;
        let update = |before: &str, batch: &Tensor| (&case[before] * (1.0 - momentum))? + (batch * momentum)?;
        let mean = update("running_mean_before", &statistics.mean)?;
        let var = update("running_var_before", &statistics.var_unbiased)?;
        close("running mean", &mean, &case["running_mean_after"], &scalars)?;
        close("running var", &var, &case["running_var_after"], &scalars)?;
        let y = ops::batch_norm_eval(x, gamma, beta, &mean, &var, eps)?;
        close("eval", &y, &case["y_eval"], &scalars)?;
        let y = ops::batch_norm_relu_eval(x, gamma, beta, &mean, &var, eps)?;
        close("eval relu", &y, &case["y_eval"].relu()?, &scalars)?;
    }
    Ok(())
}
