//! Names in a specification to the parts they mean.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use vimae_checkpoint::{atomic, load_weights};
use vimae_core::{
    AutoEncoder, Corruption, Dataset, Divergence, EncoderNoise, ImageSet, ImageShape, Likelihood, MetricFiles, Objective, PartRequest,
    PixelRange, Prior, RateRule, Sampler, Settings, Split, Streams, Values, WithLikelihood, WithNoise,
    likelihood::check_values,
    objective::{check_parts, check_rate_rule},
};
use vimae_datasets::{DATASETS, Loader, Sources, known, parted};
use vimae_models::{MODELS, Request};
use vimae_objectives::{
    OBJECTIVES,
    divergence::{BuildDivergence, DIVERGENCES},
    likelihood::{self, BuildLikelihood, LIKELIHOODS},
    noise,
};
use vimae_priors::{BuildPrior, PRIORS};
use vimae_spec::{BrokenImages, Component, Model, RunRecord, RunSpec, settings::nearest};
use vimae_trainer::Line;

use crate::{
    Error, Result, RunFolder,
    course::{self, Course},
    fid_weights,
    samplers::{metrics_of, sampler},
    stored::{json, read},
};

mod as_trained;

/// The parts of one run.
pub(crate) struct Parts {
    pub(crate) dataset: Arc<dyn Dataset>,
    pub(crate) model: Box<dyn AutoEncoder>,
    pub(crate) objective: Box<dyn Objective>,
    pub(crate) prior: Box<dyn Prior>,
    pub(crate) divergence: Option<Box<dyn Divergence>>,
    /// What codes are drawn from after training.
    pub(crate) sampler: Box<dyn Sampler>,
    /// The seed of the run.
    pub(crate) seed: u64,
    /// Files beside the data that some metrics use.
    pub(crate) files: MetricFiles,
}

impl Parts {
    /// Builds everything that the run names.
    pub(crate) fn of(spec: &RunSpec, shelf: &mut Shelf, device: &Device) -> Result<Self> {
        let dataset = shelf.open(&spec.dataset)?;
        Self::on(spec, dataset, fid_weights::files(&shelf.sources)?, device)
    }

    /// Builds everything that the run names for images of this data set.
    pub(crate) fn on(spec: &RunSpec, dataset: Arc<dyn Dataset>, files: MetricFiles, device: &Device) -> Result<Self> {
        let objective = objective(spec)?;
        let part = part_request(spec, dataset.as_ref(), device)?;
        let prior = prior(spec, objective.as_ref(), &part)?;
        let divergence = divergence(spec, objective.as_ref(), &part)?;
        let sampler = sampler(spec, objective.as_ref())?;
        let noise = noise(spec, objective.as_ref())?;
        check_parts(objective.as_ref(), noise.as_ref(), prior.as_ref(), divergence.as_deref())?;
        check_rate_rule(objective.as_ref(), prior.as_ref(), (spec.training.rate_warmup_epochs, spec.training.free_nats))?;
        let likelihood = likelihood(spec, &part)?;
        let request = Request {
            image: dataset.shape()?,
            range: dataset.range(),
            code: spec.model.code,
            head: noise.network_head(),
            output: likelihood.output(),
            seed: spec.seed,
            dtype: DType::F32,
            device: device.clone(),
        };
        let model = vimae_models::MODELS.build(&spec.model.name, &spec.model.settings, &request)?;
        Ok(Self {
            dataset,
            model: Box::new(WithNoise::new(Box::new(WithLikelihood::new(model, likelihood)), noise)?),
            objective,
            prior,
            divergence,
            sampler,
            seed: spec.seed,
            files,
        })
    }

    /// The parts of a run with the weights in its folder, and the digest of these.
    pub(crate) fn trained(spec: &RunSpec, folder: &RunFolder, shelf: &mut Shelf, device: &Device) -> Result<(Self, String)> {
        if !folder.model().exists() {
            return Err(Error::Record { path: folder.model(), problem: RunRecord::WITHOUT_WEIGHTS.into() });
        }
        shelf.recall(folder);
        let parts = Self::of(spec, shelf, device)?;
        let (weights, sha256) = load_weights(&folder.model())?;
        parts.line()?.load(&weights)?;
        Ok((parts, sha256))
    }

    /// What meets in every training step.
    pub(crate) fn line(&self) -> Result<Line<'_>> {
        Ok(Line {
            rate_rule: RateRule::default(),
            model: self.model.as_ref(),
            objective: self.objective.as_ref(),
            prior: self.prior.as_ref(),
            divergence: self.divergence.as_deref(),
            population: Some(self.dataset.split(Split::Train)?.len()),
        })
    }

    /// The noise that the encoder saw in training.
    pub(crate) fn corruption(&self) -> Option<&dyn Corruption> {
        self.model.noise().and_then(EncoderNoise::pixels)
    }
}

/// Data sets that are open. Only the last one is kept: runs on one data set stand together, and a large
/// one should not stay in memory beside the next.
pub struct Shelf {
    sources: Sources,
    last: Option<Open>,
    /// The data sets of runs that commands name beside them.
    trained_on: Vec<Component>,
}

/// What a run keeps of this machine.
#[derive(Serialize, Deserialize)]
struct Place {
    data_dir: PathBuf,
}

struct Open {
    component: Component,
    dataset: Arc<dyn Dataset>,
    broken: Option<BrokenImages>,
}

/// Broken images that a record names one by one.
const NAMED: usize = 20;

impl Shelf {
    /// A shelf with nothing open, whose data sets will be looked for in `sources`.
    pub fn new(sources: Sources) -> Self {
        Self { sources, last: None, trained_on: Vec::new() }
    }

    /// As [`new`](Self::new), with data looked for where that of the run in `folder` was, unless `sources` names a folder.
    pub fn of_run(sources: Sources, folder: &Path) -> Self {
        let mut shelf = Self::new(sources);
        shelf.recall(&RunFolder::at(folder));
        shelf
    }

    /// Leaves with a run in which folder its data is looked for first.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn leave(&self, folder: &RunFolder) -> Result<()> {
        let Some(data_dir) = &self.sources.data_dir else { return Ok(()) };
        let data_dir = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.clone());
        Ok(atomic::write(&folder.place(), &json(&Place { data_dir })?)?)
    }

    /// Looks for data where that of the run was, unless a folder is named.
    pub(crate) fn recall(&mut self, folder: &RunFolder) {
        let place: Option<Place> = read(&folder.place()).ok();
        if let (None, Some(Place { data_dir })) = (&self.sources.data_dir, place) {
            self.sources.data_dir = Some(data_dir);
        }
    }

    /// Where data sets are looked for.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The data set, opened where it is not the last one. What was passed over or left out in it is said in the log.
    ///
    /// # Errors
    /// For an unknown name, and for files that are missing or damaged.
    pub fn open(&mut self, component: &Component) -> Result<Arc<dyn Dataset>> {
        if let Some(open) = self.last.as_ref().filter(|open| open.component == *component) {
            return Ok(open.dataset.clone());
        }
        self.last = None;
        let opened = vimae_datasets::open_reporting(&component.name, &component.settings, &self.sources)?;
        opened.announce();
        let files = || opened.skipped.iter().take(NAMED).map(|broken| broken.problem.clone()).collect();
        let broken = (!opened.skipped.is_empty()).then(|| BrokenImages { left_out: opened.skipped.len(), files: files() });
        let dataset: Arc<dyn Dataset> = Arc::from(opened.dataset);
        self.last = Some(Open { component: component.clone(), dataset: dataset.clone(), broken });
        Ok(dataset)
    }

    /// The broken images of a data set that is open.
    pub(crate) fn broken_images(&self, component: &Component) -> Option<BrokenImages> {
        self.last.as_ref().filter(|open| open.component == *component)?.broken.clone()
    }
}

/// Checks that the data of a run whose names are checked can be had in its batches and goes with its parts, so that a mistake in
/// the last run of a grid is found before the first one trains. Gives the digest of its data.
pub(crate) fn check(spec: &RunSpec, place: &str, shelf: &mut Shelf) -> Result<String> {
    let part = |source| Error::Part { place: place.into(), source };
    let dataset = shelf.open(&spec.dataset).map_err(|error| match error {
        Error::Data(vimae_datasets::Error::Core(source)) => part(*source),
        other => other,
    })?;
    check_fit(spec, (dataset.shape().map_err(part)?, dataset.range())).map_err(part)?;
    check_likelihood(spec, dataset.as_ref()).map_err(part)?;
    check_early_stopping(spec, dataset.split(Split::Validation).map_or(0, ImageSet::len)).map_err(part)?;
    Loader::new(dataset.clone(), Split::Train, spec.training.batch, Streams::new(spec.seed), &Device::Cpu).map_err(part)?;
    if let Some(course) = Course::of(spec, &dataset).map_err(|error| error.of_run(place))? {
        course.check(spec).map_err(|error| error.of_run(place))?;
        // A stream may make gray images of binary ones.
        if dataset.values().map_err(part)? == Values::Binary {
            course.tasks.iter().try_for_each(|task| check_likelihood(spec, task.dataset.as_ref())).map_err(part)?;
        }
    }
    // Every evaluation tests: better said now than after the training.
    dataset.split(Split::Test).map_err(part)?;
    Ok(dataset.sha256().into())
}

/// Checks every name and setting of a run.
pub(crate) fn check_names(spec: &RunSpec, place: &str) -> Result<()> {
    let parts = || {
        known(&spec.dataset.name)?;
        DATASETS.check(parted(&spec.dataset.name).0, &spec.dataset.settings)?;
        let objective = objective(spec)?;
        prior_settings(spec, objective.as_ref())?;
        divergence_settings(spec, objective.as_ref())?;
        likelihood_settings(spec)?;
        sampler(spec, objective.as_ref())?;
        noise(spec, objective.as_ref())?;
        course::check_names(spec)?;
        check_model(&spec.model)?;
        metrics_of(&spec.evaluation, objective.as_ref())?;
        Ok(())
    };
    parts().map_err(|source| Error::Part { place: place.into(), source })
}

/// Checks the settings of a network. The dimensions of the code stand beside them in a file and are named with them.
fn check_model(model: &Model) -> vimae_core::Result<()> {
    MODELS.check(&model.name, &model.settings).map(drop).map_err(|error| match error {
        vimae_core::Error::UnknownKey { kind, name, key, nearest: meant, mut available } => {
            available.push("code".into());
            available.sort();
            let nearest = meant.or_else(|| nearest(&key, &available));
            vimae_core::Error::UnknownKey { kind, name, key, nearest, available }
        }
        other => other,
    })
}

/// Checks that the parts of a run fit one another, on images of this shape and range.
pub(crate) fn check_fit(spec: &RunSpec, (image, range): (ImageShape, PixelRange)) -> vimae_core::Result<()> {
    let request = PartRequest { code: spec.model.code, image, range, seed: spec.seed, dtype: DType::F32, device: Device::Cpu };
    let objective = objective(spec)?;
    let (prior, divergence) = (prior(spec, objective.as_ref(), &request)?, divergence(spec, objective.as_ref(), &request)?);
    check_rate_rule(objective.as_ref(), prior.as_ref(), (spec.training.rate_warmup_epochs, spec.training.free_nats))?;
    check_parts(objective.as_ref(), noise(spec, objective.as_ref())?.as_ref(), prior.as_ref(), divergence.as_deref())
}

/// Checks that the likelihood of a run makes sense for the values that its images take.
fn check_likelihood(spec: &RunSpec, dataset: &dyn Dataset) -> vimae_core::Result<()> {
    check_pixels(spec, (dataset.shape()?, dataset.range()), dataset.values()?)
}

/// [`check_likelihood`], of images of this shape and range whose pixels take such values.
pub(crate) fn check_pixels(spec: &RunSpec, (image, range): (ImageShape, PixelRange), values: Values) -> vimae_core::Result<()> {
    let request = PartRequest { code: spec.model.code, image, range, seed: spec.seed, dtype: DType::F32, device: Device::Cpu };
    check_values(likelihood(spec, &request)?.as_ref(), values)
}

/// Checks that early stopping has images to choose by that nothing is trained on; there are `held_out`.
pub(crate) fn check_early_stopping(spec: &RunSpec, held_out: usize) -> vimae_core::Result<()> {
    // A loss of one image is that of no batch.
    if spec.training.early_stopping_epochs == 0 || held_out >= 2 {
        return Ok(());
    }
    Err(vimae_core::Error::Unsupported {
        what: format!("training.early_stopping_epochs on data set \"{}\"", spec.dataset.name),
        reason: "it has no validation images; set dataset.validation_images to hold some of the training images out".into(),
    })
}

pub(crate) fn objective(spec: &RunSpec) -> vimae_core::Result<Box<dyn Objective>> {
    OBJECTIVES.build(&spec.objective.name, &spec.objective.settings)
}

fn prior(spec: &RunSpec, objective: &dyn Objective, request: &PartRequest) -> vimae_core::Result<Box<dyn Prior>> {
    let (build, settings) = prior_settings(spec, objective)?;
    build(&settings, request)
}

/// The prior's builder and checked settings, which need no data.
fn prior_settings(spec: &RunSpec, objective: &dyn Objective) -> vimae_core::Result<(BuildPrior, Settings)> {
    let none = Map::new();
    let (name, settings) = match &spec.prior {
        Some(Component { name, .. }) if objective.ex_post().is_some() => {
            return Err(vimae_core::Error::Unsupported {
                what: format!("objective \"{}\" with prior \"{name}\"", objective.name()),
                reason: "it has none: a density is fitted to the codes after training".into(),
            });
        }
        Some(Component { name, settings }) => (name.as_str(), settings),
        None => (objective.default_prior(), &none),
    };
    let (entry, settings) = PRIORS.check(name, settings)?;
    Ok((entry.build, settings))
}

pub(crate) fn noise(spec: &RunSpec, objective: &dyn Objective) -> vimae_core::Result<Box<dyn EncoderNoise>> {
    match &spec.noise {
        Some(Component { name, settings }) => noise::NOISES.build(name, settings),
        None => vimae_objectives::default_noise(objective),
    }
}

/// The likelihood that a run names, or the squared error.
pub(crate) fn likelihood(spec: &RunSpec, request: &PartRequest) -> vimae_core::Result<Box<dyn Likelihood>> {
    let (build, settings) = likelihood_settings(spec)?;
    build(&settings, request)
}

fn likelihood_settings(spec: &RunSpec) -> vimae_core::Result<(BuildLikelihood, Settings)> {
    let none = Map::new();
    let (name, settings) = spec.likelihood.as_ref().map_or((likelihood::DEFAULT, &none), |c| (c.name.as_str(), &c.settings));
    let (entry, settings) = LIKELIHOODS.check(name, settings)?;
    Ok((entry.build, settings))
}

fn divergence(spec: &RunSpec, objective: &dyn Objective, request: &PartRequest) -> vimae_core::Result<Option<Box<dyn Divergence>>> {
    divergence_settings(spec, objective)?.map(|(build, settings)| build(&settings, request)).transpose()
}

/// The divergence's builder and checked settings, where the run names one or the objective takes one.
fn divergence_settings(spec: &RunSpec, objective: &dyn Objective) -> vimae_core::Result<Option<(BuildDivergence, Settings)>> {
    let none = Map::new();
    let (name, settings) = match (&spec.divergence, objective.default_divergence()) {
        (Some(Component { name, settings }), _) => (name.as_str(), settings),
        (None, Some(name)) => (name, &none),
        (None, None) => return Ok(None),
    };
    let (entry, settings) = DIVERGENCES.check(name, settings)?;
    Ok(Some((entry.build, settings)))
}

fn part_request(spec: &RunSpec, dataset: &dyn Dataset, device: &Device) -> vimae_core::Result<PartRequest> {
    Ok(PartRequest {
        code: spec.model.code,
        image: dataset.shape()?,
        range: dataset.range(),
        seed: spec.seed,
        dtype: DType::F32,
        device: device.clone(),
    })
}
