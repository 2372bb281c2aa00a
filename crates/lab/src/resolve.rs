//! Names in a specification to the parts they mean.

use std::sync::Arc;

use candle_core::{DType, Device};
use serde_json::Map;
use vimae_core::{AutoEncoder, Dataset, Objective, PixelNoise, Prior, Settings, Split, Streams};
use vimae_datasets::{Loader, Sources};
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
    /// Builds everything that the run names.
    pub(crate) fn of(spec: &RunSpec, shelf: &mut Shelf, device: &Device) -> Result<Self> {
        let dataset = shelf.open(&spec.dataset)?;
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

/// Data sets that are open. Only the last one is kept: runs on one data set stand together, and a large
/// one should not stay in memory beside the next.
pub struct Shelf {
    sources: Sources,
    last: Option<(Component, Arc<dyn Dataset>)>,
}

impl Shelf {
    /// A shelf with nothing open, whose data sets will be looked for in `sources`.
    pub fn new(sources: Sources) -> Self {
        Self { sources, last: None }
    }

    /// The data set, opened where it is not the last one.
    ///
    /// # Errors
    /// For an unknown name, and for files that are missing or damaged.
    pub fn open(&mut self, component: &Component) -> Result<Arc<dyn Dataset>> {
        if let Some((_, dataset)) = self.last.as_ref().filter(|(last, _)| last == component) {
            return Ok(dataset.clone());
        }
        self.last = None;
        let dataset: Arc<dyn Dataset> = Arc::from(vimae_datasets::open(&component.name, &component.settings, &self.sources)?);
        self.last = Some((component.clone(), dataset.clone()));
        Ok(dataset)
    }
}

/// Checks every name and setting of a run, and that its data can be had in its batches, so that a mistake
/// in the last run of a grid is found before the first one trains.
pub(crate) fn check(spec: &RunSpec, place: &str, shelf: &mut Shelf) -> Result<()> {
    let parts = || {
        prior(spec, objective(spec)?.as_ref())?;
        let model = MODELS.find(&spec.model.name)?;
        Settings::check(MODELS.kind, model.name, model.keys, &spec.model.settings)?;
        vimae_eval::chosen(&spec.evaluation)?;
        Ok(())
    };
    let part = |source| Error::Part { place: place.into(), source };
    parts().map_err(part)?;
    let dataset = shelf.open(&spec.dataset).map_err(|error| match error {
        Error::Data(vimae_datasets::Error::Core(source)) => part(*source),
        other => other,
    })?;
    Loader::new(dataset, Split::Train, spec.training.batch, Streams::new(spec.seed), &Device::Cpu).map_err(part)?;
    Ok(())
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
