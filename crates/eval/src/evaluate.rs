//! Everything that is measured on a trained model.

use candle_core::{Device, Tensor};
use vimae_core::{
    AutoEncoder, Dataset, Error as CoreError, Evidence, Metric, MetricFiles, PixelNoise, Prior, Reading, Settings, Split, Streams,
};
use vimae_metrics::METRICS;
use vimae_spec::{Evaluation, Measurement};

use crate::{
    Confusion, Figures, Result, accuracy,
    figures::fair,
    gather::{Gatherer, Progress},
    interpolation, traversal,
};

/// Held-out images that metrics may choose their parameters with, at most.
const HELD_OUT: usize = 1_000;

/// A trained model and what it was trained on.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The model.
    pub model: &'a dyn AutoEncoder,
    /// The prior of its codes.
    pub prior: &'a dyn Prior,
    /// The noise that its encoder saw in training.
    pub pixel_noise: PixelNoise,
    /// The data.
    pub dataset: &'a dyn Dataset,
    /// Files beside the data that some metrics use.
    pub files: &'a MetricFiles,
}

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The numbers.
    pub measurements: Vec<Measurement>,
    /// What a reader sees of it.
    pub figures: Figures,
    /// Which class was taken for which by the few-label protocols.
    pub confusions: Vec<Confusion>,
}

/// Measures `subject` as `evaluation` says: the metrics it names, or all, and the few-label accuracy where it asks
/// for labels. A function of its arguments alone, whatever the number of threads; `progress` is told what is being
/// done, how much of it is done, and of how much.
///
/// # Errors
/// [`CoreError::UnknownName`] for a metric that does not exist, before anything is computed; whatever the model,
/// the data or a metric reports.
pub fn evaluate(subject: &Subject<'_>, evaluation: &Evaluation, seed: u64, progress: Progress<'_>) -> Result<Outcome> {
    let metrics = chosen(evaluation)?;
    let test = subject.dataset.split(Split::Test)?;
    if test.is_empty() {
        return Err(CoreError::Data(format!("{} has no test images", subject.dataset.name())).into());
    }
    let mut gatherer = Gatherer { subject, streams: Streams::new(seed), progress };

    let all: Vec<usize> = (0..test.len()).collect();
    let originals = test.tensor(&all, subject.dataset.range(), &Device::Cpu)?;
    let code = gatherer.encode("encoding test images", test, &all, |images, _| Ok(images.clone()))?;
    let reconstructions = gatherer.decode("reconstructing from means", &code.mean)?;
    let z = gatherer.draw(&code)?;
    let sampled_reconstructions = match code.log_var {
        Some(_) => gatherer.decode("reconstructing from draws", &z)?,
        None => reconstructions.clone(),
    };
    let noisy_codes = gatherer.noisy_codes(test, evaluation.noise_images, evaluation.noise_passes)?;
    let prior_sample = gatherer.prior_sample(evaluation.prior_samples)?;
    let generated = gatherer.decode("decoding prior samples", &prior_sample)?;
    let (validation, borrowed) = held_out(subject.dataset)?;

    let streams = gatherer.streams;
    let evidence = Evidence {
        model: subject.model,
        dataset: subject.dataset,
        range: subject.dataset.range(),
        originals: &originals,
        reconstructions: &reconstructions,
        sampled_reconstructions: &sampled_reconstructions,
        code: &code,
        z: &z,
        noisy_codes: noisy_codes.as_ref(),
        prior: subject.prior,
        prior_sample: &prior_sample,
        generated: &generated,
        validation: &validation,
        streams: &streams,
        files: subject.files,
    };
    let mut measurements = Vec::new();
    for (done, metric) in metrics.iter().enumerate() {
        (gatherer.progress)(metric.name(), done, metrics.len());
        measurements.extend(metric.measure(&evidence)?.into_iter().map(|reading| measurement(reading, borrowed)));
    }
    (gatherer.progress)("metrics", metrics.len(), metrics.len());

    let mut confusions = Vec::new();
    if evaluation.labels > 0 {
        let found = accuracy::measure(&mut gatherer, evaluation, test, &code)?;
        measurements.extend(found.measurements);
        confusions = found.confusions;
    }
    let shown = fair(test.labels());
    let base = shown.first().copied().unwrap_or(0);
    let traversals = traversal::decode(&mut gatherer, &code, noisy_codes.as_ref(), &prior_sample, base)?;
    let interpolations = interpolation::decode(&mut gatherer, test, &code.mean, &shown)?;
    let walks = (traversals, interpolations);
    let figures = Figures::new(test, subject.dataset.range(), &reconstructions, &generated, &code.mean, walks)?;
    Ok(Outcome { measurements, figures, confusions })
}

/// The metrics that are named, or all but those on request; and those that are given settings.
///
/// # Errors
/// For a name or a setting that does not exist.
pub fn chosen(evaluation: &Evaluation) -> vimae_core::Result<Vec<Box<dyn Metric>>> {
    let given = &evaluation.settings;
    for name in evaluation.metrics.iter().chain(given.keys()) {
        METRICS.find(name)?;
    }
    let named = |name: &str| evaluation.metrics.iter().any(|n| n == name) || given.contains_key(name);
    let mut chosen = Vec::new();
    for entry in METRICS.entries {
        let settings = given.get(entry.name).cloned().unwrap_or_default();
        let metric = (entry.build)(&Settings::check(METRICS.kind, entry.name, entry.keys, &settings)?)?;
        if named(entry.name) || (evaluation.metrics.is_empty() && !metric.on_request()) {
            chosen.push(metric);
        }
    }
    Ok(chosen)
}

/// Images that neither trained nor test, and whether they had to be taken from the end of the training split
/// because the data set holds none out.
fn held_out(dataset: &dyn Dataset) -> vimae_core::Result<(Tensor, bool)> {
    let (set, first, borrowed) = match dataset.split(Split::Validation) {
        Ok(set) => (set, 0, false),
        Err(CoreError::Unsupported { .. }) => {
            let train = dataset.split(Split::Train)?;
            (train, train.len() - train.len() / 10, true)
        }
        Err(error) => return Err(error),
    };
    let indices: Vec<usize> = (first..set.len()).take(HELD_OUT).collect();
    Ok((set.tensor(&indices, dataset.range(), &Device::Cpu)?, borrowed))
}

/// A reading as a measurement; where held-out images were used, its note says which they are.
fn measurement(reading: Reading, borrowed: bool) -> Measurement {
    let Reading { metric, protocol, value, standard_error, unit, n, higher_is_better, note } = reading;
    let note = note.map(|note| match borrowed && note.contains("held-out") {
        true => format!("{note}, which are from the last tenth of the training split"),
        false => note,
    });
    Measurement { metric: metric.into(), protocol, value, standard_error, unit: unit.into(), n, higher_is_better, note }
}
