//! `config.json` of a run: every choice with all its settings, and the prior in numbers, for programs without this code.

use std::{collections::BTreeMap, path::Path};

use candle_core::{Device, Tensor};
use serde_json::{Map, Value};
use vimae_checkpoint::{atomic, load_weights, save_weights};
use vimae_core::{AutoEncoder, Catalogue, Density, Factors, Flow, Head, Likelihood, Output, Split, density::Layer};
use vimae_datasets::{DATASETS, inventory, parted};
use vimae_hub::{Choice, Config, Data, FORMAT, Network, Prior};
use vimae_models::MODELS;
use vimae_objectives::{OBJECTIVES, divergence::DIVERGENCES, likelihood, likelihood::LIKELIHOODS, noise::NOISES};
use vimae_priors::{PRIORS, sampler, sampler::SAMPLERS};
use vimae_spec::{Component, RunSpec};

use crate::{Error, Result, RunFolder, course::Chosen, measure::Sampler, resolve::Parts, stored::json};

/// The file of a mixture's or a flow's numbers.
const PRIOR: &str = "prior.safetensors";

/// Writes `config.json`, and the numbers of a prior that are too many for it, into the folder of a trained run.
///
/// # Errors
/// Where a file cannot be written, or the device fails.
pub(crate) fn write(spec: &RunSpec, parts: &Parts, sampler: &Sampler, weights_sha256: &str, folder: &RunFolder) -> Result<()> {
    let objective = parts.objective.as_ref();
    let divergence = spec.divergence.as_ref().map(|c| c.name.as_str()).or(objective.default_divergence());
    let (stream, strategy) = Chosen::of(spec)?.map(|Chosen { stream, strategy }| (stream.into(), strategy.into())).unzip();
    let config = Config {
        format: FORMAT,
        model_type: "vimae".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        method: spec.method.clone(),
        dataset: data(spec, parts)?,
        network: network(spec, parts)?,
        objective: choice(&OBJECTIVES, objective.name(), Some(&spec.objective))?,
        prior: prior(spec, parts, sampler, folder.path())?,
        noise: choice(&NOISES, objective.default_noise(), spec.noise.as_ref())?,
        divergence: divergence.map(|name| choice(&DIVERGENCES, name, spec.divergence.as_ref())).transpose()?,
        likelihood: choice(&LIKELIHOODS, likelihood::DEFAULT, spec.likelihood.as_ref())?,
        sampler: Choice { name: parts.sampler.name().into(), settings: sampler_settings(spec, parts)? },
        stream,
        strategy,
        seed: spec.seed,
        weights_sha256: weights_sha256.into(),
        spec_sha256: spec.sha256(),
        training_sha256: spec.training_sha256(),
        data_sha256: parts.dataset.sha256().into(),
        files: BTreeMap::new(),
    };
    Ok(atomic::write(&folder.config(), &json(&config)?)?)
}

/// The entry that a run names, or `default`, with all its settings.
fn choice<B>(catalogue: &Catalogue<B>, default: &str, given: Option<&Component>) -> Result<Choice> {
    let none = Map::new();
    let (name, given) = given.map_or((default, &none), |c| (c.name.as_str(), &c.settings));
    let (entry, settings) = catalogue.check(name, given)?;
    Ok(Choice { name: entry.name.into(), settings: settings.values().clone() })
}

fn data(spec: &RunSpec, parts: &Parts) -> Result<Data> {
    // A path of this machine is no part of a name.
    let name = parted(&spec.dataset.name).0;
    let named = Component { name: name.into(), settings: spec.dataset.settings.clone() };
    let Choice { name, settings } = choice(&DATASETS, name, Some(&named))?;
    Ok(Data {
        title: inventory::card(&name)?.title,
        name,
        settings,
        classes: parts.dataset.classes(),
        train_images: parts.dataset.split(Split::Train)?.len(),
        test_images: parts.dataset.split(Split::Test).ok().map(|set| set.len()),
    })
}

/// The network with all its settings, so that it can be built without the data and without the catalogue.
pub(crate) fn network(spec: &RunSpec, parts: &Parts) -> Result<Network> {
    let named = Component { name: spec.model.name.clone(), settings: spec.model.settings.clone() };
    let Choice { name, settings } = choice(&MODELS, &spec.model.name, Some(&named))?;
    let image = parts.dataset.shape()?;
    let output = parts.model.likelihood().map_or(Output::IMAGES, Likelihood::output);
    Ok(Network {
        architecture: name,
        settings,
        code: spec.model.code,
        head: head(parts.model.as_ref()),
        channels: image.channels,
        height: image.height,
        width: image.width,
        range: parts.dataset.range(),
        outputs: output.per_value,
        squashed: output.squashed,
    })
}

/// What the network itself ends in: noise of fixed size gives a code a variance that no layer computes.
fn head(model: &dyn AutoEncoder) -> Head {
    model.noise().map_or(model.head(), |noise| noise.network_head())
}

/// The settings of the run's sampler; those of the objective's own where the run names none.
fn sampler_settings(spec: &RunSpec, parts: &Parts) -> Result<Map<String, Value>> {
    let own = parts.objective.ex_post().map(|components| Map::from_iter([("components".to_owned(), Value::from(components))]));
    let given = spec.sampler.as_ref().map(|component| component.settings.clone()).or(own).unwrap_or_default();
    Ok(SAMPLERS.check(parts.sampler.name(), &given)?.1.values().clone())
}

fn prior(spec: &RunSpec, parts: &Parts, sampler: &Sampler, folder: &Path) -> Result<Prior> {
    let law = sampler.prior(parts);
    let density = law.density()?;
    let fitted = |settings: &[(&str, usize)]| Choice {
        name: law.name().into(),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect(),
    };
    let Choice { name, settings } = match (&density, sampler.is_fitted()) {
        (Some(Density::Mixture { log_weights, .. }), true) => fitted(&[("components", log_weights.len())]),
        (Some(Density::Flow(flow)), true) => fitted(&[("blocks", flow.blocks.len())]),
        _ => choice(&PRIORS, parts.objective.default_prior(), spec.prior.as_ref())?,
    };
    let density = density.map(|density| numbers(density, folder)).transpose()?;
    Ok(Prior { name, settings, density })
}

/// A density as `config.json` has it; a mixture's numbers go into a file of their own.
fn numbers(density: Density, folder: &Path) -> Result<vimae_hub::Density> {
    match density {
        Density::Independent { law, parameters } => Ok(vimae_hub::Density::Independent {
            law: law.into(),
            parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }),
        Density::Mixture { size, log_weights, means, factors } => {
            let components = log_weights.len();
            let tensor = |values: Vec<f64>, shape: &[usize]| Tensor::from_vec(values, shape, &Device::Cpu);
            let factors = match factors {
                Factors::Diagonal(values) => tensor(values, &[components, size])?,
                Factors::Lower(values) => tensor(values, &[components, size, size])?,
            };
            let tensors = [
                ("log_weights", tensor(log_weights, &[components])?),
                ("means", tensor(means, &[components, size])?),
                ("factors", factors),
            ];
            let tensors = tensors.map(|(name, tensor)| (name.to_owned(), tensor)).into();
            let sha256 = save_weights(&folder.join(PRIOR), &tensors)?;
            Ok(vimae_hub::Density::Mixture { components, file: PRIOR.into(), sha256 })
        }
        Density::Flow(Flow { size, mean, factor, blocks }) => {
            let tensor = |values: Vec<f64>, shape: &[usize]| Tensor::from_vec(values, shape, &Device::Cpu);
            let layers = blocks.first().map_or(0, Vec::len);
            let count = blocks.len();
            let mut tensors: BTreeMap<String, Tensor> =
                [("mean".to_owned(), tensor(mean, &[size])?), ("factor".to_owned(), tensor(factor, &[size, size])?)].into();
            for (block, layers) in blocks.into_iter().enumerate() {
                for (place, Layer { weight, bias }) in layers.into_iter().enumerate() {
                    let [outputs, inputs] = [bias.len(), weight.len() / bias.len().max(1)];
                    let [of_weight, of_bias] = layer_names(block, place);
                    tensors.insert(of_weight, tensor(weight, &[outputs, inputs])?);
                    tensors.insert(of_bias, tensor(bias, &[outputs])?);
                }
            }
            let sha256 = save_weights(&folder.join(PRIOR), &tensors)?;
            Ok(vimae_hub::Density::Flow { blocks: count, layers, file: PRIOR.into(), sha256 })
        }
    }
}

/// The names of a layer's weight and bias in the file of a flow.
fn layer_names(block: usize, layer: usize) -> [String; 2] {
    ["weight", "bias"].map(|part| format!("blocks.{block}.{layer}.{part}"))
}

/// The fitted density that the run in `folder` has in the place of a prior.
///
/// # Errors
/// [`Error::Record`] where its `config.json` names none; where the file is damaged.
pub(crate) fn fitted(config: &Config, folder: &Path) -> Result<Box<dyn vimae_core::Prior>> {
    let wrong = |problem: &str| Error::Record { path: folder.join("config.json"), problem: problem.into() };
    let none = || wrong("names no file of the density that was fitted to the run's codes");
    let (file, density) = config.density_file().zip(config.prior.density.as_ref()).ok_or_else(none)?;
    let mut tensors = load_weights(&folder.join(file))?.0;
    let mut values = |name: &str| -> Result<Vec<f64>> {
        let tensor = tensors.remove(name).ok_or_else(|| wrong(&format!("names {file}, which has no {name}")))?;
        Ok(tensor.flatten_all()?.to_vec1()?)
    };
    let size = config.network.code;
    Ok(sampler::fitted(match density {
        vimae_hub::Density::Independent { .. } => return Err(none()),
        vimae_hub::Density::Mixture { .. } => {
            let (log_weights, means, factors) = (values("log_weights")?, values("means")?, values("factors")?);
            Density::Mixture { size, log_weights, means, factors: Factors::Lower(factors) }
        }
        &vimae_hub::Density::Flow { blocks, layers, .. } => {
            let mut layer = |block: usize, place: usize| -> Result<Layer> {
                let [weight, bias] = layer_names(block, place);
                Ok(Layer { weight: values(&weight)?, bias: values(&bias)? })
            };
            let blocks = (0..blocks).map(|block| (0..layers).map(|place| layer(block, place)).collect()).collect::<Result<_>>()?;
            Density::Flow(Flow { size, mean: values("mean")?, factor: values("factor")?, blocks })
        }
    })?)
}
