//! A gradient reaches every parameter of every model under every objective and every prior that has a
//! density for it, and agrees with finite differences, in f64.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use serde_json::json;
use vimae_core::{AutoEncoder, ImageShape, PixelRange, Purpose, Streams};
use vimae_models::MODELS;
use vimae_objectives::OBJECTIVES;
use vimae_tests::parts::{model, noise_images, prior};
use vimae_trainer::{Draws, Line};

/// Half the width of a central difference.
const STEP: f64 = 1e-5;
/// Entries tried of each parameter.
const ENTRIES: usize = 3;

/// Weights that are large enough for every layer to matter, in place of the initial ones.
fn stir(network: &dyn AutoEncoder) -> Result<()> {
    let streams = Streams::new(4);
    for (index, (_, var)) in network.parameters().weights().into_iter().enumerate() {
        let values = streams.normal(Purpose::Evaluation, index as u64, var.elem_count());
        let values = Tensor::from_vec(values, var.shape(), &Device::Cpu)?.to_dtype(DType::F64)?;
        let fan_in = (var.elem_count() / var.dim(0)?).max(4) as f64;
        var.set(&((values * fan_in.powf(-0.5))? + 0.1)?)?;
    }
    Ok(())
}

fn check(model_name: &str, objective_name: &str, prior_name: &str) -> Result<()> {
    let what = format!("{model_name} under {objective_name} with {prior_name}");
    let image = ImageShape { channels: 2, height: 8, width: 8 };
    let objective = vimae_objectives::build(objective_name, &Default::default())?;
    let prior = prior(prior_name)?;
    let network = model(model_name, json!({ "width": 3 }), image, PixelRange::Unit, 2, objective.head(), DType::F64)?;
    stir(network.as_ref())?;
    let images = noise_images(6, image, DType::F64)?;
    // A prior made from the encoder moves with it; its draws are those of the network as it began.
    let first = match prior.bind(network.as_ref()) {
        Err(reason @ vimae_core::Error::Unsupported { .. }) => return has_no_meaning(&what, &reason),
        bound => bound?,
    };
    let line = Line { model: network.as_ref(), objective: objective.as_ref(), prior: first.as_deref().unwrap_or(prior.as_ref()) };
    let draws = Draws::at(&line, &images, &Streams::new(2), 0)?;
    // A prior made from the encoder in evaluation mode depends on statistics that every step moves.
    let statistics: Vec<_> = network.parameters().buffers().into_iter().map(|(_, var)| Ok((var.copy()?, var))).collect::<Result<_>>()?;
    let total = || -> vimae_core::Result<Tensor> {
        statistics.iter().try_for_each(|(value, var)| var.set(value))?;
        let bound = prior.bind(network.as_ref())?;
        Ok(Line { prior: bound.as_deref().unwrap_or(prior.as_ref()), ..line }.loss(&images, &draws)?.total)
    };
    let gradients = match total() {
        Err(reason @ vimae_core::Error::Unsupported { .. }) => return has_no_meaning(&what, &reason),
        total => total?.backward()?,
    };
    let loss = || -> Result<f64> { Ok(total()?.to_scalar::<f64>()?) };

    let mut largest = BTreeMap::new();
    for (name, var) in network.parameters().weights() {
        let gradient = gradients.get(&var).with_context(|| format!("{what}: no gradient reaches {name}"))?;
        let gradient = gradient.flatten_all()?.to_vec1::<f64>()?;
        largest.insert(name.clone(), gradient.iter().fold(0.0f64, |a, g| a.max(g.abs())));
        let values = var.flatten_all()?.to_vec1::<f64>()?;
        for entry in (0..values.len()).step_by((values.len() / ENTRIES).max(1)).take(ENTRIES) {
            let at = |offset: f64| -> Result<f64> {
                let mut moved = values.clone();
                moved[entry] += offset;
                var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu)?)?;
                loss()
            };
            // A ReLU may have its kink inside the step; a much smaller step is beside it.
            let agrees = |step: f64| -> Result<bool> {
                let difference = (at(step)? - at(-step)?) / (2.0 * step);
                Ok((gradient[entry] - difference).abs() <= 1e-4 * gradient[entry].abs().max(difference.abs()).max(1e-1))
            };
            let fine = agrees(STEP)? || agrees(STEP / 30.0)?;
            var.set(&Tensor::from_vec(values.clone(), var.shape(), &Device::Cpu)?)?;
            assert!(fine, "{what}: {name}[{entry}] has gradient {}", gradient[entry]);
        }
    }
    // Batch norm takes the bias before it away again; every other parameter must matter.
    for (name, largest) in largest {
        let before_norm = name.ends_with(".bias") && (name.starts_with("encoder.conv") || name.starts_with("decoder.deconv"));
        assert!(before_norm || largest > 0.0, "{what}: the gradient of {name} is zero");
    }
    Ok(())
}

/// A combination that is refused with its reason has no gradient to check.
#[expect(clippy::print_stderr, reason = "what is not checked says so")]
fn has_no_meaning(what: &str, reason: &vimae_core::Error) -> Result<()> {
    eprintln!("not checked: {what}: {reason}");
    Ok(())
}

#[test]
fn gradients_reach_everything_and_agree_with_finite_differences() -> Result<()> {
    for model in MODELS.names() {
        for objective in OBJECTIVES.names() {
            for prior in vimae_priors::PRIORS.names() {
                check(model, objective, prior)?;
            }
        }
    }
    Ok(())
}
