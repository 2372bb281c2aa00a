//! pythae 0.1.2's losses with the settings that `docs/coming-from-pythae.md` names: value and gradients on its own weights,
//! carried over as that page says. `experiments/conventions/pythae/losses.py` makes the numbers.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use vimae_core::{AutoEncoder, Code, Head, ImageShape, Mode, PartRequest, Pass, PixelRange, RateRule};
use vimae_objectives::OBJECTIVES;
use vimae_tests::{
    golden::near,
    parts::{divergence_with, model, prior},
    root,
};

const IMAGE: ImageShape = ImageShape { channels: 1, height: 3, width: 3 };
const CODE: usize = 2;

fn made() -> Result<(Value, BTreeMap<String, Tensor>)> {
    let file = |ending: &str| root().join("tests/reference/pythae").with_extension(ending);
    let answers = serde_json::from_slice(&std::fs::read(file("json"))?)?;
    let tensors = candle_core::safetensors::load(file("safetensors"), &Device::Cpu)?;
    let wide = |(name, tensor): (String, Tensor)| Ok((name, tensor.to_dtype(DType::F64)?));
    Ok((answers, tensors.into_iter().map(wide).collect::<Result<_>>()?))
}

/// pythae's default network with the weights that `carry_over.py` took from its `model.pt`.
fn network(head: Head, tensors: &BTreeMap<String, Tensor>) -> Result<Box<dyn AutoEncoder>> {
    let network = model("mlp", json!({ "layers": 1, "width": 512 }), IMAGE, PixelRange::Unit, CODE, head, DType::F64)?;
    for (name, var) in network.parameters().weights() {
        var.set(tensors.get(&name).with_context(|| format!("no weight {name}"))?)?;
    }
    Ok(network)
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().context("a number")
}

fn numbers(value: &Value) -> Result<Vec<f64>> {
    value.as_array().context("a list of numbers")?.iter().map(number).collect()
}

#[test]
fn its_weights_carried_over_give_its_codes_and_reconstructions() -> Result<()> {
    let (answers, tensors) = made()?;
    let network = network(Head::Gaussian, &tensors)?;
    let code = network.encode(&tensors["images"], Mode::Evaluate)?;
    let log_var = code.log_var.context("log-variances")?;
    let reconstruction = network.decode(&tensors["prior"], Mode::Evaluate)?;
    for (name, ours) in [("embedding", code.mean), ("log_covariance", log_var), ("reconstruction", reconstruction)] {
        let ours: Vec<f64> = ours.flatten_all()?.to_vec1()?;
        let expected = numbers(&answers["outputs"][name])?;
        ensure!(
            ours.len() == expected.len() && ours.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6),
            "{name}: {ours:?}, not {expected:?}"
        );
    }
    Ok(())
}

#[test]
fn the_settings_named_give_its_losses_and_gradients() -> Result<()> {
    let (answers, tensors) = made()?;
    let prior = prior("normal")?;
    let request = PartRequest { code: CODE, image: IMAGE, range: PixelRange::Unit, seed: 1, dtype: DType::F64, device: Device::Cpu };
    let cases = answers["cases"].as_array().context("cases")?;
    ensure!(cases.len() == 11, "{} cases", cases.len());
    for case in cases {
        let what = format!("{} {} as {} {}", case["pythae"], case["config"], case["objective"], case["settings"]);
        let name = case["objective"].as_str().context("an objective")?;
        let objective = OBJECTIVES.build(name, case["settings"].as_object().context("settings")?)?;
        let divergence = case["divergence"].as_str().map(|name| divergence_with(name, case["divergence_settings"].clone(), &request));
        let divergence = divergence.transpose()?;
        let random = case["noise"] == "gaussian_head";
        let network = network(if random { Head::Gaussian } else { Head::Deterministic }, &tensors)?;
        let code = network.encode(&tensors["images"], Mode::Train)?;
        let z = draw(&code, &tensors["noise"])?;
        let output = network.decode(&z, Mode::Train)?;
        let pass = Pass {
            images: &tensors["images"],
            output: &output,
            likelihood: None,
            code: &code,
            z: &z,
            prior: prior.as_ref(),
            prior_sample: &tensors["prior"],
            divergence: divergence.as_deref(),
            parameters: network.parameters(),
            population: IMAGE.len(),
            rate_rule: RateRule::default(),
        };
        let loss = objective.loss(&pass)?.total;
        near(&format!("{what}: loss"), loss.to_scalar()?, number(&case["loss"])?, 1e-6, 0.0)?;
        let found = loss.backward()?;
        for (name, var) in network.parameters().weights() {
            let gradient: Vec<f64> = found.get(&var).with_context(|| format!("{what}: no gradient of {name}"))?.flatten_all()?.to_vec1()?;
            let expected = &case["gradients"][&name];
            let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            near(&format!("{what}: norm of the gradient of {name}"), norm, number(&expected["norm"])?, 1e-6, 0.0)?;
            let (first, last) = (numbers(&expected["first"])?, numbers(&expected["last"])?);
            let places = gradient.iter().zip(&first).chain(gradient.iter().rev().zip(last.iter().rev()));
            for (ours, theirs) in places {
                ensure!((ours - theirs).abs() < 1e-6 * norm.max(1.0), "{what}: gradient of {name}: {ours}, not {theirs}");
            }
        }
    }
    Ok(())
}

/// The code that pythae drew; the code itself where it draws none.
fn draw(code: &Code, noise: &Tensor) -> Result<Tensor> {
    Ok(match &code.log_var {
        Some(log_var) => (&code.mean + ((log_var * 0.5)?.exp()? * noise)?)?,
        None => code.mean.clone(),
    })
}
