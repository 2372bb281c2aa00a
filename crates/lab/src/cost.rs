//! What a run will take, before it starts: steps, time, memory.
//!
//! Steps are exact. Time is products counted from the layers, at a rate: that of finished runs in the output folder
//! where there are any, else that of a training step timed on this device, else a stated default (see [`rates`]). Memory is parameters, what layers keep for the
//! gradients, the data and what an evaluation holds.

mod machine;
mod rates;

use std::{collections::BTreeMap, path::Path};

use candle_core::{DType, Device};
use serde::Serialize;
use vimae_core::{
    EvalCost, Head, ImageShape, Input, Output, PartRequest, PixelRange, Sampler, Split, Values, Work, Workload, parameters::undrawn,
};
use vimae_datasets::{Loader, card::Counts, inventory};
use vimae_models::Request;
use vimae_spec::{Component, Model, RunSpec};
use vimae_trainer::PRETRAINING_IMAGES;

use machine::PARAMETER_BYTES;
pub use rates::Rates;

use crate::{Result, Shelf, course::Course, fid_weights, pixels::made, resolve, samplers};

/// Bytes of a process that has done nothing yet, with its threads' stacks and allocator.
const PROCESS_BYTES: u64 = 30 << 20;
/// Bytes for each value that a layer gives: itself and its gradient.
const VALUE_BYTES: u64 = 8;

/// Seconds of an evaluation beside everything that is counted.
const BESIDE_EVALUATION: f64 = 0.3;

/// Settings of a data set that take so many images of a split at most, or of training for validation.
const FEWER: [&str; 3] = ["train_images", "test_images", "validation_images"];
/// Settings that change pixels and no counts.
const PIXELS: [&str; 3] = ["binarise", "dequantise", "draw_seed"];

/// What a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// Training steps.
    pub steps: u64,
    /// Seconds of training.
    pub training_seconds: f64,
    /// Seconds of evaluation.
    pub evaluation_seconds: f64,
    /// Largest resident memory, in bytes.
    pub memory_bytes: u64,
}

impl Cost {
    /// Seconds of training and evaluation.
    pub fn seconds(&self) -> f64 {
        self.training_seconds + self.evaluation_seconds
    }
}

/// A training step of a convolutional network on made-up images, timed.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedStep {
    /// Filters of the first convolution of the paper's network for MNIST.
    pub width: usize,
    /// Images per step.
    pub batch: usize,
    /// Seconds that the fastest of several steps took: nearest to what an idle machine needs.
    pub seconds: f64,
}

/// How many images of which shape a data set has, and what values they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ImageCounts {
    shape: ImageShape,
    values: Values,
    counts: Counts,
    /// Whether the counts are those of the images that training would have, and not only near them.
    exact: bool,
    /// Whether the images themselves said so, and no card.
    opened: bool,
}

/// A network's work and parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    work: Work,
    parameters: u64,
}

/// Foretells runs on one device. What it learns of data sets and networks it keeps.
pub struct Estimator {
    rates: Rates,
    past: Vec<Past>,
    data: BTreeMap<String, ImageCounts>,
    networks: BTreeMap<String, Network>,
    inception: Option<bool>,
}

/// A finished run: how much longer than the default rates say its steps and its evaluation took.
struct Past {
    model: Model,
    dataset: Component,
    training: f64,
    evaluation: f64,
}

impl Estimator {
    /// An estimator at the default rates of `device`.
    pub fn new(device: &Device) -> Self {
        Self::at(Rates::of(device))
    }

    /// An estimator at the default rates of the kind of device that is named so, which need not be there.
    pub(crate) fn of_kind(device: &str) -> Self {
        Self::at(Rates::of_kind(!device.starts_with("cuda")))
    }

    fn at(rates: Rates) -> Self {
        Self { rates, past: Vec::new(), data: BTreeMap::new(), networks: BTreeMap::new(), inception: None }
    }

    /// An estimator calibrated on the finished runs of the same kind of device in `out`, the folder of a reproduction.
    /// Records that cannot be read, and those of data that nothing is known of here, teach it nothing.
    pub fn calibrated(device: &Device, out: &Path, shelf: &mut Shelf) -> Self {
        let mut estimator = Self::new(device);
        for record in rates::records(out, device) {
            let Ok(cost) = estimator.at_default_rates(&record.spec, shelf) else { continue };
            // Step by step: early stopping may have ended the run long before the last step that was foretold.
            let each = |seconds: f64, steps: u64| seconds / steps as f64;
            estimator.past.push(Past {
                model: record.spec.model,
                dataset: record.spec.dataset,
                training: each(record.training_seconds, record.steps) / each(cost.training_seconds, cost.steps),
                evaluation: record.evaluation_seconds / cost.evaluation_seconds,
            });
        }
        estimator
    }

    /// The estimator at the rates of a device that takes this step in this time.
    ///
    /// # Errors
    /// Where the network cannot be built.
    pub fn timed(mut self, timed: &TimedStep) -> Result<Self> {
        let settings = [("width".to_owned(), serde_json::Value::from(timed.width))].into_iter().collect();
        let model = Model { name: "wae_conv".into(), code: 8, settings };
        let image = ImageShape { channels: 1, height: 28, width: 28 };
        let Network { work, parameters } = self.network(&model, image, (Head::Deterministic, Output::IMAGES))?;
        let default = self.rates.step(3 * timed.batch as u64 * (work.encode + work.decode), parameters);
        if timed.seconds.is_finite() && timed.seconds > 0.0 {
            self.rates = self.rates.times(timed.seconds / default);
        }
        Ok(self)
    }

    /// Finished runs that the rates were calibrated on.
    pub fn calibrated_on(&self) -> usize {
        self.past.len()
    }

    /// What `spec` takes. The data set is opened where nothing else says how many images it has, and where a stream cuts it into tasks.
    ///
    /// # Errors
    /// For a name or setting that does not exist, for data that is neither here nor described by its card, and for tasks that cannot be
    /// made of the data that is here or that have no batch.
    pub fn cost(&mut self, spec: &RunSpec, shelf: &mut Shelf) -> Result<Cost> {
        let cost = self.at_default_rates(spec, shelf)?;
        let alike = |past: &&Past| past.model == spec.model && past.dataset == spec.dataset;
        // Runs of the same network on the same data say more than others do.
        let same: Vec<&Past> = self.past.iter().filter(alike).collect();
        let past = if same.is_empty() { self.past.iter().collect() } else { same };
        let factor = |of: fn(&Past) -> f64| median(past.iter().map(|past| of(past))).unwrap_or(1.0);
        Ok(Cost {
            training_seconds: cost.training_seconds * factor(|past| past.training),
            evaluation_seconds: cost.evaluation_seconds * factor(|past| past.evaluation),
            ..cost
        })
    }

    /// The shape of a data set's images, and what values they take.
    pub(crate) fn pixels(&mut self, dataset: &Component, shelf: &mut Shelf) -> Result<(ImageShape, Values)> {
        let ImageCounts { shape, values, .. } = self.images(dataset, shelf)?;
        Ok((shape, values))
    }

    /// Checks that there are images enough for a batch and for early stopping, as training does, where it is known how many there are.
    ///
    /// # Errors
    /// [`vimae_core::Error::Unsupported`] with what there is; as [`Estimator::cost`].
    pub(crate) fn check_counts(&mut self, spec: &RunSpec, shelf: &mut Shelf) -> Result<()> {
        match self.images(&spec.dataset, shelf)? {
            ImageCounts { counts, exact: true, .. } => {
                Loader::check_batch(&spec.dataset.name, Split::Train, spec.training.batch, counts.train)?;
                Ok(resolve::check_early_stopping(spec, counts.validation)?)
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing but the images themselves says how many there are, so that they are read anyway.
    ///
    /// # Errors
    /// As [`Estimator::cost`].
    pub(crate) fn is_opened(&mut self, dataset: &Component, shelf: &mut Shelf) -> Result<bool> {
        Ok(self.images(dataset, shelf)?.opened)
    }

    fn at_default_rates(&mut self, spec: &RunSpec, shelf: &mut Shelf) -> Result<Cost> {
        let images = self.images(&spec.dataset, shelf)?;
        let objective = resolve::objective(spec)?;
        let head = resolve::noise(spec, objective.as_ref())?.network_head();
        let (range, dtype, device) = (PixelRange::Unit, DType::F32, Device::Cpu);
        let part = PartRequest { code: spec.model.code, image: images.shape, range, seed: spec.seed, dtype, device };
        let output = resolve::likelihood(spec, &part)?.output();
        let network = self.network(&spec.model, images.shape, (head, output))?;
        let Network { work, parameters } = network;

        let batch = spec.training.batch.min(images.counts.train) as u64;
        let steps = spec.training.epochs * (images.counts.train / spec.training.batch.max(1)) as u64;
        // Where the data is not here, the tasks are taken to share its images out.
        let cut = spec.stream.as_ref().and_then(|_| shelf.open(&spec.dataset).ok());
        let course = cut.map(|dataset| Course::of(spec, &dataset)).transpose()?.flatten();
        let steps = course.as_ref().map_or(Ok(steps), |course| course.check(spec))?;
        // After each task all so far are measured together and one by one: with T tasks of equal size T + 1 times all images.
        let evaluations = 1.0 + course.map_or(0.0, |course| course.tasks.len() as f64 + 1.0);
        // The encoder sees an image once, the decoder each of its codes; backwards costs twice what forwards does.
        let samples = objective.samples() as u64;
        let products = 3 * batch * (work.encode + samples * work.decode);
        let pretraining = 3 * PRETRAINING_IMAGES.min(images.counts.train) as u64 * work.encode;
        let pretraining_seconds = spec.training.pretraining_steps as f64 * self.rates.step(pretraining, parameters);
        let training_seconds = steps as f64 * self.rates.step(products, parameters) + pretraining_seconds;
        let metrics = vimae_eval::chosen(&spec.evaluation)?;
        let workload = Workload {
            evaluation: &spec.evaluation,
            train: images.counts.train,
            held_out: if images.counts.validation > 0 { images.counts.validation } else { images.counts.train / 10 },
            test: images.counts.test,
            classes: images.counts.classes,
            pixels: images.shape.len(),
            code: spec.model.code,
            gaussian: head == Head::Gaussian,
            inception: metrics.iter().any(|metric| metric.on_request()) && self.inception(shelf),
        };
        let mut measured = vimae_eval::cost(&metrics, true, &workload);
        // Under each other sampler, what reads generated images is measured again. Those that fit a density encode the training
        // images once for all.
        let generative: Vec<_> = metrics.into_iter().filter(|metric| metric.uses().contains(&Input::Generated)).collect();
        for _ in spec.evaluation.samplers.iter().filter(|_| !generative.is_empty()) {
            measured += vimae_eval::cost(&generative, false, &workload);
        }
        let fits = |sampler: vimae_core::Result<Box<dyn Sampler>>| sampler.is_ok_and(|sampler| sampler.protocol().is_some());
        let own = samplers::sampler(spec, objective.as_ref());
        let mut others = spec.evaluation.samplers.iter().map(|name| samplers::sampler_of(&Component::named(name), objective.as_ref()));
        if fits(own) || !generative.is_empty() && others.any(fits) {
            measured += EvalCost { encoded: images.counts.train as f64, ..EvalCost::default() };
        }
        let products = measured.encoded * work.encode as f64 + measured.decoded * work.decode as f64;
        let beside = (BESIDE_EVALUATION + measured.cpu_seconds) * self.rates.threads;
        let evaluation_seconds = evaluations * (self.rates.products(products) + beside + measured.inception * self.rates.inception);

        let all = (images.counts.train + images.counts.validation + images.counts.test) * images.shape.len();
        let held = if spec.training.pretraining_steps > 0 { PRETRAINING_IMAGES as u64 } else { 0 };
        let training_bytes = parameters * PARAMETER_BYTES + held.max(batch * samples) * work.values * VALUE_BYTES;
        let memory_bytes = PROCESS_BYTES + all as u64 + training_bytes.max(parameters * PARAMETER_BYTES + measured.memory_bytes as u64);
        Ok(Cost { steps, training_seconds, evaluation_seconds, memory_bytes })
    }

    /// The data set's images: as its card says, or as they are where it does not.
    fn images(&mut self, dataset: &Component, shelf: &mut Shelf) -> Result<ImageCounts> {
        let key = serde_json::to_string(dataset).unwrap_or_default();
        if let Some(known) = self.data.get(&key) {
            return Ok(*known);
        }
        let card = inventory::card(&dataset.name).ok();
        let shape = card.as_ref().and_then(|card| card.shape);
        let shape = shape.map(|[channels, height, width]| ImageShape { channels, height, width });
        let stated = card.as_ref().and_then(|card| card.counts).filter(|_| keeps_splits(dataset));
        let found = match (shape, stated) {
            (Some(shape), Some(counts)) => {
                ImageCounts { shape, values: made(dataset), counts: fewer(counts, dataset), exact: true, opened: false }
            }
            _ => match (opened(dataset, shelf), shape, card.and_then(|card| card.counts.or(card.full))) {
                (Ok(found), _, _) => found,
                (Err(_), Some(shape), Some(counts)) => {
                    ImageCounts { shape, values: made(dataset), counts: fewer(counts, dataset), exact: false, opened: false }
                }
                (Err(error), _, _) => return Err(error),
            },
        };
        self.data.insert(key, found);
        Ok(found)
    }

    /// Whether Inception's weights are here; looked for once, since they are read for it.
    fn inception(&mut self, shelf: &Shelf) -> bool {
        *self.inception.get_or_insert_with(|| fid_weights::files(shelf.sources()).is_ok_and(|files| files.inception.is_some()))
    }

    /// The network's work, from its layers as they are made, with weights that are counted and not drawn.
    ///
    /// # Errors
    /// [`vimae_core::Error::Unsupported`] for one that this machine cannot train; as the network's own.
    fn network(&mut self, model: &Model, image: ImageShape, (head, output): (Head, Output)) -> Result<Network> {
        let key = format!("{} {image} {head:?} {output:?}", serde_json::to_string(model).unwrap_or_default());
        if let Some(known) = self.networks.get(&key) {
            return Ok(*known);
        }
        let (range, dtype, device) = (PixelRange::Unit, DType::F32, Device::Cpu);
        let request = Request { image, range, code: model.code, head, output, seed: 0, dtype, device };
        let most = machine::memory().map_or(usize::MAX, |bytes| usize::try_from(bytes / PARAMETER_BYTES).unwrap_or(usize::MAX));
        let (built, count) = undrawn(most, || vimae_models::MODELS.build(&model.name, &model.settings, &request));
        if count > most {
            return Err(machine::too_small(&model.name, count as u64).into());
        }
        let built = built?;
        let found = Network { work: built.work(), parameters: built.parameters().trainable_count() as u64 };
        self.networks.insert(key, found);
        Ok(found)
    }
}

/// The counts with no more images than the settings of the data set want.
fn fewer(counts: Counts, dataset: &Component) -> Counts {
    let most = |key: &str| dataset.settings.get(key).and_then(serde_json::Value::as_u64).filter(|most| *most > 0);
    let least = |count: usize, key: &str| most(key).map_or(count, |most| count.min(usize::try_from(most).unwrap_or(usize::MAX)));
    let [train, test, validation] = FEWER;
    let held_out = most(validation).map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX));
    Counts {
        train: least(counts.train.saturating_sub(held_out), train),
        test: least(counts.test, test),
        validation: counts.validation + held_out,
        ..counts
    }
}

/// Whether the settings of a data set leave its splits as its card knows them, but for taking fewer images of each.
pub(crate) fn keeps_splits(dataset: &Component) -> bool {
    dataset.settings.keys().all(|key| FEWER.contains(&key.as_str()) || PIXELS.contains(&key.as_str()))
}

fn opened(dataset: &Component, shelf: &mut Shelf) -> Result<ImageCounts> {
    let dataset = shelf.open(dataset)?;
    let count = |split| dataset.split(split).map_or(0, |set| set.len());
    let train = dataset.split(Split::Train)?.len();
    let counts = Counts { train, validation: count(Split::Validation), test: count(Split::Test), classes: dataset.classes() };
    Ok(ImageCounts { shape: dataset.shape()?, values: dataset.values()?, counts, exact: true, opened: true })
}

/// The middle value, of those that are finite and above zero.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|v| v.is_finite() && *v > 0.0).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests;
