//! A gradient reaches every parameter of every model under every objective, with every likelihood, encoder noise, prior and
//! divergence that makes sense with it, and agrees with finite differences, in f64.
//!
//! What makes no sense is refused and not compared; a test fails where an entry was compared with nothing at all.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Tensor, Var, backprop::GradStore};
use serde_json::{Value, json};
use vimae_core::{AutoEncoder, Error, ImageShape, Streams, objective::check_parts};
use vimae_models::MODELS;
use vimae_objectives::{
    OBJECTIVES,
    divergence::DIVERGENCES,
    likelihood::{DEFAULT, LIKELIHOODS},
    noise::NOISES,
};
use vimae_priors::PRIORS;
use vimae_tests::parts::{divergence_with, likelihood_with, noise_images, noisy_model_under, part_request, prior, stir};
use vimae_trainer::{Draws, Line};

/// Half the width of a central difference.
const STEP: f64 = 1e-5;
/// Entries tried of each parameter.
const ENTRIES: usize = 3;

/// One combination; the objective's own choice where a part is absent.
#[derive(Debug, Clone, Copy)]
struct Combination<'a> {
    model: &'a str,
    objective: &'a str,
    noise: Option<&'a str>,
    prior: Option<&'a str>,
    divergence: Option<&'a str>,
    likelihood: Option<&'a str>,
}

/// Compares gradients with finite differences where `differences`, else only looks that they arrive. Gives whether the
/// combination has a meaning.
fn check(combination: Combination<'_>, differences: bool) -> Result<bool> {
    let Combination { model, objective, noise, prior: prior_name, divergence, likelihood } = combination;
    let what = format!("{combination:?}");
    let objective = vimae_objectives::OBJECTIVES.build(objective, &Default::default())?;
    let noise = vimae_objectives::noise::NOISES.build(noise.unwrap_or(objective.default_noise()), &Default::default())?;
    let prior = prior(prior_name.unwrap_or(objective.default_prior()))?;
    let request = part_request(2, DType::F64);
    let divergence = divergence.or(objective.default_divergence()).map(|name| divergence_with(name, Value::Null, &request)).transpose()?;
    if check_parts(objective.as_ref(), noise.as_ref(), prior.as_ref(), divergence.as_deref()).is_err() {
        return Ok(false);
    }
    let likelihood = likelihood_with(likelihood.unwrap_or(DEFAULT), &Value::Null, &request)?;
    let network = noisy_model_under(likelihood, (model, json!({ "width": 3 })), noise, &request)?;
    stir(network.parameters())?;
    let line = Line { divergence: divergence.as_deref(), population: Some(50), ..Line::new(&network, objective.as_ref(), prior.as_ref()) };
    let images = noise_images(6, ImageShape { channels: 2, height: 8, width: 8 }, DType::F64)?;
    let draws = {
        let bound = line.bind()?;
        Draws::at(&line.under(bound.as_deref()), &images, &Streams::new(2), 0)?
    };
    let statistics: Vec<_> = network.parameters().buffers().into_iter().map(|(_, var)| Ok((var.copy()?, var))).collect::<Result<_>>()?;
    let bound = line.bind()?;
    let stepped = match line.under(bound.as_deref()).step(&images, &draws) {
        Err(Error::Unsupported { .. }) => return Ok(false),
        stepped => stepped.with_context(|| what.clone())?,
    };
    let value = |loss: &Tensor| -> Result<f64> { Ok(loss.to_scalar::<f64>()?) };
    // A prior made from the encoder in evaluation mode depends on statistics that every step moves.
    let loss = || -> Result<f64> {
        statistics.iter().try_for_each(|(value, var)| var.set(value))?;
        let bound = line.bind()?;
        value(&line.under(bound.as_deref()).loss(&images, &draws)?.total)
    };
    compare(&what, &stepped.loss.total.backward()?, line.weights(), differences, &loss)?;

    if let Some(critic) = line.critic_loss(&stepped.z, &draws)? {
        let loss = || -> Result<f64> { value(&line.critic_loss(&stepped.z, &draws)?.context("the critic's loss is gone")?) };
        let gradients = critic.backward()?;
        compare(&format!("critic of {what}"), &gradients, line.critic_weights(), differences, &loss)?;
        for (name, var) in network.parameters().weights() {
            ensure!(gradients.get(&var).is_none(), "{what}: the critic's loss reaches {name}");
        }
    }
    Ok(true)
}

fn compare(
    what: &str,
    gradients: &GradStore,
    weights: Vec<(String, Var)>,
    differences: bool,
    loss: &dyn Fn() -> Result<f64>,
) -> Result<()> {
    let mut largest = BTreeMap::new();
    for (name, var) in weights {
        let gradient = gradients.get(&var).with_context(|| format!("{what}: no gradient reaches {name}"))?;
        let gradient = gradient.flatten_all()?.to_vec1::<f64>()?;
        ensure!(gradient.iter().all(|g| g.is_finite()), "{what}: the gradient of {name} is not finite");
        largest.insert(name.clone(), gradient.iter().fold(0.0f64, |a, g| a.max(g.abs())));
        let values = var.flatten_all()?.to_vec1::<f64>()?;
        for entry in (0..values.len()).step_by((values.len() / ENTRIES).max(1)).take(if differences { ENTRIES } else { 0 }) {
            let at = |offset: f64| -> Result<f64> {
                let mut moved = values.clone();
                moved[entry] += offset;
                var.set(&Tensor::from_vec(moved, var.shape(), var.device())?)?;
                loss()
            };
            // A ReLU may have its kink inside the step; a much smaller step is beside it.
            let agrees = |step: f64| -> Result<bool> {
                let difference = (at(step)? - at(-step)?) / (2.0 * step);
                Ok((gradient[entry] - difference).abs() <= 1e-4 * gradient[entry].abs().max(difference.abs()).max(1e-1))
            };
            let fine = agrees(STEP)? || agrees(STEP / 30.0)?;
            var.set(&Tensor::from_vec(values.clone(), var.shape(), var.device())?)?;
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

/// The entries that were compared, by kind and name.
#[derive(Default)]
struct Compared(BTreeSet<(&'static str, &'static str)>);

impl Compared {
    /// Fails unless every entry of a kind was compared at least once.
    fn covers(&self, kind: &'static str, names: impl Iterator<Item = &'static str>) -> Result<()> {
        let never: Vec<&str> = names.filter(|name| !self.0.contains(&(kind, *name))).collect();
        ensure!(never.is_empty(), "no gradient was compared under the {kind}s {never:?}: everything that they were tried with is refused");
        Ok(())
    }
}

fn own_parts<'a>(model: &'a str, objective: &'a str) -> Combination<'a> {
    Combination { model, objective, noise: None, prior: None, divergence: None, likelihood: None }
}

#[test]
fn under_every_objective_with_its_own_parts() -> Result<()> {
    ensure!(MODELS.names().count() > 0 && OBJECTIVES.names().count() > 0, "an empty catalogue");
    for model in MODELS.names() {
        for objective in OBJECTIVES.names() {
            ensure!(check(own_parts(model, objective), true)?, "{objective} refuses its own parts");
        }
    }
    Ok(())
}

#[test]
fn under_every_objective_with_every_encoder_noise() -> Result<()> {
    let mut compared = Compared::default();
    for objective in OBJECTIVES.names() {
        for noise in NOISES.names() {
            if check(Combination { noise: Some(noise), ..own_parts("mlp", objective) }, true)? {
                compared.0.extend([("objective", objective), ("noise", noise)]);
            }
        }
    }
    compared.covers("objective", OBJECTIVES.names())?;
    compared.covers("noise", NOISES.names())
}

#[test]
fn under_every_objective_with_every_prior() -> Result<()> {
    let mut compared = Compared::default();
    for prior in PRIORS.names() {
        let mut taken = 0;
        for objective in OBJECTIVES.names() {
            if check(Combination { prior: Some(prior), ..own_parts("mlp", objective) }, true)? {
                taken += 1;
                compared.0.extend([("objective", objective), ("prior", prior)]);
            }
        }
        ensure!(taken > 1, "hardly any objective can use {prior}");
        // A prior may be made from the encoder, of whichever network.
        for model in MODELS.names() {
            check(Combination { prior: Some(prior), ..own_parts(model, "vae") }, true)?;
        }
    }
    compared.covers("objective", OBJECTIVES.names())?;
    compared.covers("prior", PRIORS.names())
}

#[test]
fn under_every_objective_and_model_with_every_likelihood() -> Result<()> {
    for likelihood in LIKELIHOODS.names() {
        for objective in OBJECTIVES.names() {
            ensure!(check(Combination { likelihood: Some(likelihood), ..own_parts("mlp", objective) }, true)?, "{objective} {likelihood}");
        }
        for model in MODELS.names() {
            ensure!(check(Combination { likelihood: Some(likelihood), ..own_parts(model, "vae") }, true)?, "{model} {likelihood}");
        }
    }
    Ok(())
}

#[test]
fn under_every_objective_with_every_divergence() -> Result<()> {
    let mut compared = Compared::default();
    for objective in OBJECTIVES.names() {
        let takes_one = vimae_objectives::OBJECTIVES.build(objective, &Default::default())?.default_divergence().is_some();
        let mut taken = 0;
        for divergence in DIVERGENCES.names() {
            // Divergences may hold constants taken from the samples; their own law compares differences.
            if check(Combination { divergence: Some(divergence), ..own_parts("mlp", objective) }, false)? {
                taken += 1;
                compared.0.insert(("divergence", divergence));
            }
        }
        ensure!((taken > 0) == takes_one, "{objective} takes {taken} divergences");
    }
    compared.covers("divergence", DIVERGENCES.names())
}
