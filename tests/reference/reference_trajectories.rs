//! Five Adam steps of every objective from the same weights, data and noise.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use candle_core::{DType, Tensor};
use serde_json::{Map, Value, json};
use vimae_core::{AutoEncoder, Divergence, Head, ImageShape, Loss, Mode, PixelRange, WithNoise};
use vimae_objectives::divergence::mmd_imq::MmdImq;
use vimae_ops::{Adam, AdamConfig};
use vimae_tests::{
    golden::{Case, case, close, near},
    parts::{model, prior},
};
use vimae_trainer::{Draws, Line};

/// The names of the reference's settings in ours.
const SETTINGS: [(&str, &str); 5] =
    [("recon_weight", "recon_weight"), ("beta", "beta"), ("alpha", "alpha"), ("lam", "lambda"), ("r0", "r0")];

/// Adam's learning rate.
const LEARNING_RATE: f64 = 1e-3;

/// Whether a bias is added right before batch norm.
fn feeds_batch_norm(name: &str) -> bool {
    name.ends_with(".bias") && (name.starts_with("encoder.conv") || name.starts_with("decoder.deconv"))
}

fn check(name: &str) -> Result<()> {
    let case = case(&format!("trajectory_{name}"))?;
    let settings: Map<String, Value> =
        SETTINGS.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), case.value(theirs).ok()?.clone()))).collect();
    let objective = vimae_objectives::OBJECTIVES.build(name, &settings)?;
    let prior = prior(objective.default_prior())?;
    let image = ImageShape { channels: 1, height: 28, width: 28 };
    let noise = vimae_objectives::default_noise(objective.as_ref())?;
    let network = model("wae_conv", json!({ "width": 2 }), image, PixelRange::Unit, 8, noise.network_head(), DType::F32)?;
    let network: Box<dyn AutoEncoder> = Box::new(WithNoise::new(network, noise)?);
    let mut start = case.tensors("param.");
    // Running statistics start as PyTorch's: mean 0, variance 1.
    start.extend(copies(network.as_ref())?);
    network.parameters().load(&start)?;

    let line = Line::new(network.as_ref(), objective.as_ref(), prior.as_ref());
    let mut adam =
        Adam::named(network.parameters().weights(), AdamConfig { learning_rate: LEARNING_RATE, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 })?;
    let trace = case.value("trace")?.as_array().context("trace is no list")?;
    for (step, expected) in trace.iter().enumerate() {
        let at = |key: &str| -> Result<Tensor> { Ok(case.tensor(key)?.get(step)?) };
        let images = at("x")?;
        let gaussian = network.head() == Head::Gaussian;
        let draws = Draws {
            corrupted: (!gaussian).then(|| Ok::<_, anyhow::Error>((&images + at("input_noise")?)?)).transpose()?,
            code: gaussian.then(|| at("eps")).transpose()?,
            prior: at("prior_sample")?,
        };
        // Terms that an objective does not use are computed here from the same codes.
        let mmd = {
            let buffers = copies(network.as_ref())?;
            let noisy = draws.corrupted.as_ref().unwrap_or(&images);
            let code = network.encode(noisy, Mode::Train)?;
            let z = draws.code.as_ref().map_or(Ok(code.mean.clone()), |noise| code.sample(noise))?;
            for (name, var) in network.parameters().buffers() {
                var.set(&buffers[&name])?;
            }
            MmdImq.estimate(&z, &draws.prior)?.to_scalar::<f32>()?
        };
        let loss = line.loss(&images, &draws)?;
        compare(&case, step, &loss, mmd, expected)?;
        adam.step(&loss.total.backward()?)?;
    }
    for (name, var) in network.parameters().weights() {
        if feeds_batch_norm(&name) {
            // Batch norm takes a constant away again, so that the exact gradient of this bias is zero. What
            // is left is rounding, which Adam turns into steps of up to the learning rate, either way. A
            // fused layer may know the gradient to be zero and leave the bias where it is.
            let reach = 2.0 * LEARNING_RATE * trace.len() as f64;
            close(&format!("{} final.{name}", case.name), &var, &case.tensor(&format!("final.{name}"))?, 0.0, reach)?;
        } else {
            case.check(&format!("final.{name}"), &var)?;
            // The steps did move it: a start that agrees with the end would prove nothing.
            assert!(close("moved", &var, &case.tensor(&format!("param.{name}"))?, 0.0, 1e-6).is_err(), "{name} did not move");
        }
    }
    Ok(())
}

fn compare(case: &Case, step: usize, loss: &Loss, mmd: f32, expected: &Value) -> Result<()> {
    let (rtol, atol) = (case.number("rtol")?, case.number("atol")?);
    let expect = |key: &str| expected[key].as_f64().with_context(|| format!("no {key} in the trace"));
    let what = |key: &str| format!("{} step {step} {key}", case.name);
    near(&what("loss"), f64::from(loss.total.to_scalar::<f32>()?), expect("loss")?, rtol, atol)?;
    near(&what("mmd"), f64::from(mmd), expect("mmd")?, rtol, atol)?;
    for (name, value) in &loss.terms {
        let key = if *name == "distortion" { "sum_squared_error" } else { name };
        near(&what(key), f64::from(value.to_scalar::<f32>()?), expect(key)?, rtol, atol)?;
    }
    Ok(())
}

/// The running statistics as they are, whatever happens to the network's own.
fn copies(network: &dyn AutoEncoder) -> Result<BTreeMap<String, Tensor>> {
    network.parameters().buffers().into_iter().map(|(name, var)| Ok((name, var.as_detached_tensor().copy()?))).collect()
}

#[test]
fn vae() -> Result<()> {
    check("vae")
}

#[test]
fn beta_h_vae() -> Result<()> {
    check("beta_h_vae")
}

#[test]
fn beta_a_vae() -> Result<()> {
    check("beta_a_vae")
}

#[test]
fn info_vae() -> Result<()> {
    check("info_vae")
}

#[test]
fn rate_target_vae() -> Result<()> {
    check("rate_target_vae")
}

#[test]
fn vimae_n() -> Result<()> {
    check("vimae_n")
}

#[test]
fn vimae_l() -> Result<()> {
    check("vimae_l")
}
