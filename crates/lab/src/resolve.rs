//! Names in a specification to the parts they mean.

use std::sync::Arc;

use candle_core::{DType, Device};
use serde_json::Map;
use vimae_core::{AutoEncoder, Dataset, Objective, PixelNoise, Prior, Settings};
use vimae_datasets::Sources;
use vimae_models::{MODELS, Request};
use vimae_objectives::OBJECTIVES;
use vimae_priors::PRIORS;
use vimae_spec::{Component, RunSpec};

use crate::{Error, Result};

/// The parts of one run.
pub(crate) struct Parts {
    pub(crate) dataset: Arc<dyn Dataset>,
    pub(crate) model: Box<dyn AutoEncoder>,
    pub(crate) objective: Box<dyn Objective>,
    pub(crate) prior: Box<dyn Prior>,
}

impl Parts {
    /// Opens the data and builds everything that the run names.
    pub(crate) fn of(spec: &RunSpec, sources: &Sources, device: &Device) -> Result<Self> {
        let dataset: Arc<dyn Dataset> = Arc::from(vimae_datasets::open(&spec.dataset.name, &spec.dataset.settings, sources)?);
        let objective = objective(spec)?;
        let prior = prior(spec, objective.as_ref())?;
        let request = Request {
            image: dataset.shape()?,
            range: dataset.range(),
            code: spec.model.code,
            head: objective.head(),
            seed: spec.seed,
            dtype: DType::F32,
            device,
        };
        let model = vimae_models::build(&spec.model.name, &spec.model.settings, &request)?;
        Ok(Self { dataset, model, objective, prior })
    }

    /// The noise that the encoder saw in training.
    pub(crate) fn pixel_noise(&self) -> PixelNoise {
        self.objective.pixel_noise()
    }
}

/// Checks every name and setting of a run without opening data, so that a mistake in the last run of a
/// grid is found before the first one trains.
pub(crate) fn check(spec: &RunSpec, place: &str) -> Result<()> {
    (|| {
        prior(spec, objective(spec)?.as_ref())?;
        let model = MODELS.find(&spec.model.name)?;
        Settings::check(MODELS.kind, model.name, model.keys, &spec.model.settings)?;
        let dataset = vimae_datasets::DATASETS.find(&spec.dataset.name)?;
        Settings::check(vimae_datasets::DATASETS.kind, dataset.name, dataset.keys, &spec.dataset.settings)?;
        for metric in &spec.evaluation.metrics {
            vimae_metrics::METRICS.find(metric)?;
        }
        Ok(())
    })()
    .map_err(|source| Error::Part { place: place.into(), source })
}

fn objective(spec: &RunSpec) -> vimae_core::Result<Box<dyn Objective>> {
    let entry = OBJECTIVES.find(&spec.objective.name)?;
    (entry.build)(&Settings::check(OBJECTIVES.kind, entry.name, entry.keys, &spec.objective.settings)?)
}

fn prior(spec: &RunSpec, objective: &dyn Objective) -> vimae_core::Result<Box<dyn Prior>> {
    let none = Map::new();
    let (name, settings) = match &spec.prior {
        Some(Component { name, settings }) => (name.as_str(), settings),
        None => (objective.default_prior(), &none),
    };
    let entry = PRIORS.find(name)?;
    (entry.build)(&Settings::check(PRIORS.kind, entry.name, entry.keys, settings)?)
}
