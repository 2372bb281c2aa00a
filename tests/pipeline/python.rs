//! The Python package beside the Rust code: every head, network, likelihood of gray images and prior, on a run where it was trained and as it is published.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor, safetensors};
use vimae_core::{Purpose, Streams};
use vimae_hub::read_weights;
use vimae_lab::{HubOptions, Model};
use vimae_testing::{need, python};
use vimae_tests::{command::call, root};

use crate::tiny::{files, write};

/// What the package needs, and what its test needs beside it.
const MODULES: [&str; 3] = ["numpy", "safetensors", "torch"];
/// The tolerance of every number.
const CLOSE: f32 = 1e-5;
/// Codes that Python draws of each prior.
const DRAWS: usize = 20_000;

/// One run of each kind of head, network, likelihood and prior.
const SPEC: &str = r#"
version = 1
[dataset]
name = "digits"
train_images = 200
[model]
name = "mlp"
width = 16
layers = 1
code = 3
[training]
epochs = 1
batch = 100
[evaluation]
labels = 0
metrics = ["reconstruction"]
prior_samples = 50
[methods.conv]
objective = { name = "vae" }
model = { name = "wae_conv", code = 3, width = 3, kernel = 5 }
[methods.deterministic]
objective = { name = "plain_ae" }
model = { name = "mlp", code = 3, width = 20, layers = 2 }
[methods.fixed]
objective = { name = "uncertainty_ae" }
noise = { name = "gaussian_fixed", std = 0.3 }
[methods.bounded]
objective = { name = "vae" }
noise = { name = "gaussian_head_bounded", floor = -0.2, ceiling = 0.1 }
[methods.pixels]
objective = { name = "vimae_n" }
[methods.fitted]
objective = { name = "rae" }
[methods.flow]
objective = { name = "vae" }
sampler = { name = "masked_autoregressive_flow", blocks = 2, width = 10 }
[methods.tanh]
objective = { name = "iwae" }
model = { name = "iwae_mlp", code = 3 }
dataset = { binarise = "fixed" }
likelihood = { name = "bernoulli" }
[methods.learned_gaussian]
objective = { name = "vae" }
likelihood = { name = "gaussian", scale = "learned" }
[methods.continuous_bernoulli]
objective = { name = "vae" }
likelihood = { name = "continuous_bernoulli" }
[methods.levels]
objective = { name = "vae" }
model = { name = "wae_conv", code = 3, width = 3, kernel = 5 }
likelihood = { name = "discretised_logistic" }
[methods.mixed_levels]
objective = { name = "vae" }
likelihood = { name = "discretised_logistic_mixture", components = 2 }
[methods.laplace]
objective = { name = "vae" }
prior = { name = "laplace", match = "entropy" }
[methods.logistic]
objective = { name = "vae" }
prior = { name = "logistic" }
[methods.generalised_normal]
objective = { name = "vae" }
prior = { name = "generalised_normal", shape = 1.5 }
[methods.student_t]
objective = { name = "vae" }
prior = { name = "student_t" }
[methods.uniform]
objective = { name = "vimae_l" }
prior = { name = "uniform" }
[methods.mixture_of_gaussians]
objective = { name = "vae" }
prior = { name = "mixture_of_gaussians" }
[methods.vamp]
objective = { name = "vae" }
prior = { name = "vamp", components = 5 }
"#;

/// Trains every method, and gives the folder of each.
fn trained(folder: &Path) -> Result<Vec<PathBuf>> {
    let out = folder.join("out");
    let called = call(&["train", write(folder, SPEC)?.to_str().context("path")?, "--out", out.to_str().context("path")?])?;
    ensure!(called.success, "{}", called.stderr);
    Ok(files(&out, "record.json")?.into_iter().filter_map(|(path, _)| path.parent().map(Path::to_owned)).collect())
}

/// What Python gives for the images and codes of a file.
fn in_python(python: &str, run: &Path, given: &Path, more: &[&str]) -> Result<HashMap<String, Tensor>> {
    let out = given.with_file_name("theirs.safetensors");
    let mut command = Command::new(python);
    command.env("PYTHONPATH", root().join("python")).arg(root().join("python/tests/compare.py"));
    let output = command.arg(run).arg(given).arg(&out).args(more).output()?;
    ensure!(output.status.success(), "{}: {}", run.display(), String::from_utf8_lossy(&output.stderr));
    Ok(safetensors::load(&out, &Device::Cpu)?)
}

/// The largest difference; a value that is no number differs by more than any, but for one that both have.
fn difference(ours: &Tensor, theirs: &Tensor) -> Result<f32> {
    ensure!(ours.dims() == theirs.dims(), "{:?} and {:?}", ours.dims(), theirs.dims());
    let [ours, theirs] = [ours, theirs].map(|t| t.flatten_all().and_then(|t| t.to_vec1::<f32>()));
    let gaps = ours?.into_iter().zip(theirs?).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() / b.abs().max(1.0) });
    Ok(gaps.fold(0.0, |most, gap| if gap.is_nan() { f32::INFINITY } else { most.max(gap) }))
}

/// Compares everything that is a function, and the distribution of draws by the entropy that theirs have under our density.
fn same(python: &str, run: &Path, folder: &Path) -> Result<()> {
    let model = Model::open(run.to_str().context("path")?, &Device::Cpu, &HubOptions::from_env(), &mut |_| ())?;
    let pixels: Vec<f32> = (0..20 * 784_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0).collect();
    let images = Tensor::from_vec(pixels, (20, 1, 28, 28), &Device::Cpu)?;
    let normal = Streams::new(5).normal(Purpose::Evaluation, 0, 50 * 3);
    let codes = Tensor::from_vec(normal, (50, 3), &Device::Cpu)?;
    let bytes: Vec<Vec<u8>> = (0..20).map(|i| (0..784).map(|j| (i * 37 + j * 11) as u8).collect()).collect();
    let of_bytes = Tensor::from_vec(bytes.concat(), (20, 1, 28, 28), &Device::Cpu)?;
    let given = folder.join("given.safetensors");
    safetensors::save(&HashMap::from([("images", images.clone()), ("bytes", of_bytes), ("codes", codes.clone())]), &given)?;

    let theirs = in_python(python, run, &given, &[])?;
    let code = model.encode(&images)?;
    let mut ours = vec![
        ("mean", code.mean.clone()),
        ("decoded", model.decode(&codes)?),
        ("reconstructed", model.reconstruct(&images)?),
        ("log_density", model.log_density(&codes)?),
        ("mean_of_bytes", model.encode(&model.tensor(&bytes)?)?.mean),
    ];
    ours.extend(code.log_var.map(|log_var| ("log_var", log_var)));
    assert_eq!(theirs.contains_key("log_var"), ours.len() == 6, "{}", run.display());
    for (what, ours) in ours {
        let gap = difference(&ours, &theirs[what])?;
        assert!(gap <= CLOSE, "{what} of {}: {gap:e}", run.display());
    }
    assert_eq!(theirs["samples"].dims(), [5, 1, 28, 28]);
    // Both ways of an entropy: our draws and theirs, under our density. A draw of one law has a larger mean under no other.
    let surprise = |codes: &Tensor| -> Result<(f64, f64)> {
        let values = model.log_density(codes)?.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>()?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        Ok((mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)))
    };
    let ((ours, spread), (drawn, other)) = (surprise(&model.sample_codes(9, DRAWS)?)?, surprise(&theirs["codes"])?);
    let error = ((spread + other) / DRAWS as f64).sqrt();
    assert!((ours - drawn).abs() <= 5.0 * error + 1e-6, "draws of {}: {ours} and {drawn}, error {error}", run.display());
    let moments = |codes: &Tensor| -> Result<(Vec<f32>, Vec<f32>)> { Ok((codes.mean(0)?.to_vec1()?, codes.var(0)?.to_vec1()?)) };
    let ((means, variances), (their_means, their_variances)) = (moments(&model.sample_codes(9, DRAWS)?)?, moments(&theirs["codes"])?);
    for (j, variance) in variances.iter().enumerate() {
        let error = (2.0 * variance / DRAWS as f32).sqrt();
        assert!((means[j] - their_means[j]).abs() <= 5.0 * error, "{}: means {means:?} and {their_means:?}", run.display());
        // Heavy tails move a variance; a wrong scale moves it more.
        assert!((their_variances[j] / variance).ln().abs() < 0.25, "{}: variances {variances:?} and {their_variances:?}", run.display());
    }
    Ok(())
}

#[test]
fn every_head_network_and_prior_is_the_same_in_python() -> Result<()> {
    let python = need!(python(&MODULES));
    let folder = tempfile::tempdir()?;
    let runs = trained(folder.path())?;
    assert_eq!(runs.len(), 19);
    for run in &runs {
        same(&python, run, folder.path())?;
    }
    // As it is published, of each way in which a prior is written.
    for (at, name) in ["fitted", "flow", "logistic", "vamp"].iter().enumerate() {
        let run = runs.iter().find(|run| run.file_name().is_some_and(|n| n.to_string_lossy().starts_with(name))).context("a run")?;
        let published = folder.path().join(format!("published{at}"));
        let pushed = call(&["hub", "push", run.to_str().context("path")?, "me/tiny", "--dry-run", published.to_str().context("path")?])?;
        assert!(pushed.success, "{}", pushed.stderr);
        same(&python, &published, folder.path())?;
    }
    // PyTorch's weights here.
    let conv = runs.iter().find(|run| run.file_name().is_some_and(|n| n.to_string_lossy().starts_with("conv"))).context("a run")?;
    let given = folder.path().join("given.safetensors");
    let theirs = in_python(&python, conv, &given, &["--initialise", "7"])?;
    let weights: HashMap<String, Tensor> =
        theirs.iter().filter_map(|(name, tensor)| Some((name.strip_prefix("weights.")?.to_owned(), tensor.clone()))).collect();
    let saved = folder.path().join("weights.safetensors");
    safetensors::save(&weights, &saved)?;
    let model = Model::open(conv.to_str().context("path")?, &Device::Cpu, &HubOptions::from_env(), &mut |_| ())?;
    let images = safetensors::load(&given, &Device::Cpu)?.remove("images").context("images")?;
    assert!(difference(&model.reconstruct(&images)?, &theirs["reconstructed"])? > 1e-3, "other weights give other images");
    let read: BTreeMap<String, Tensor> = read_weights(&saved)?.0;
    model.load(&read)?;
    let gap = difference(&model.reconstruct(&images)?, &theirs["reconstructed"])?;
    assert!(gap <= CLOSE, "{gap:e}");
    Ok(())
}
