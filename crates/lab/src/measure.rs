//! The evaluation of a trained run: with the prior that it learnt, or with the density fitted to its codes.

use std::{cell::OnceCell, sync::Arc};

use candle_core::{DType, Tensor};
use vimae_core::{Dataset, Findings, Input, Metric, Mode, Prior, Progress, Purpose, RunContext, Split, Streams};
use vimae_eval::{EvalContext, Figures, Outcome, Subject, chosen};
use vimae_spec::{Component, Evaluation, Measurement, Protocol};

use crate::{Error, Result, kept::Kept, resolve::Parts, samplers::sampler_of};

/// Images that go through the encoder at once.
const BATCH: usize = 200;

/// What codes of a trained run are drawn from.
pub(crate) struct Sampler {
    fitted: Option<Arc<dyn Prior>>,
    /// How protocols name the density.
    protocol: Option<Protocol>,
    bound: Option<Box<dyn Prior>>,
}

impl Sampler {
    /// A density that was fitted when the run was trained, where its objective has one, or the prior as the encoder makes it.
    pub(crate) fn stored(parts: &Parts, fitted: Option<Arc<dyn Prior>>) -> Result<Self> {
        Ok(Self { protocol: parts.sampler.protocol(), fitted, bound: parts.prior.bind(parts.model.as_ref())? })
    }

    /// Whether codes are drawn from a density that was fitted to them.
    pub(crate) fn is_fitted(&self) -> bool {
        self.fitted.is_some()
    }

    /// That density, or the prior that these parts name.
    pub(crate) fn prior<'a>(&'a self, parts: &'a Parts) -> &'a dyn Prior {
        match (&self.fitted, &self.bound) {
            (Some(fitted), _) => fitted.as_ref(),
            (None, Some(bound)) => bound.as_ref(),
            (None, None) => parts.prior.as_ref(),
        }
    }
}

/// Samplers of a trained run, fitted. Its training images are encoded once for all of them.
pub(crate) struct Samplers<'a> {
    parts: &'a Parts,
    dataset: &'a dyn Dataset,
    codes: OnceCell<Vec<f64>>,
}

impl<'a> Samplers<'a> {
    /// Those that are fitted to the codes of the training images of `dataset`.
    pub(crate) fn on(parts: &'a Parts, dataset: &'a dyn Dataset) -> Self {
        Self { parts, dataset, codes: OnceCell::new() }
    }

    /// The run's own: a density fitted to those codes, or the prior as the encoder makes it.
    pub(crate) fn own(&self) -> Result<Sampler> {
        self.fitted(self.parts.sampler.as_ref())
    }

    fn fitted(&self, sampler: &dyn vimae_core::Sampler) -> Result<Sampler> {
        let fitted = match sampler.protocol() {
            Some(_) => sampler.fit(self.codes()?, self.parts.model.code_size())?,
            None => None,
        };
        Ok(Sampler { protocol: sampler.protocol(), ..Sampler::stored(self.parts, fitted.map(Arc::from))? })
    }

    fn codes(&self) -> Result<&[f64]> {
        Ok(match self.codes.get() {
            Some(codes) => codes,
            None => {
                let codes = training_codes(self.parts, self.dataset)?;
                self.codes.get_or_init(|| codes)
            }
        })
    }
}

/// Measures a trained run as `evaluation` says, and makes its figures. A function of weights, data, evaluation and seed.
/// What `kept` has is not measured again.
///
/// # Errors
/// [`Error::Stopped`] before a metric, with those before it kept.
pub(crate) fn measure(
    samplers: &Samplers<'_>,
    sampler: &Sampler,
    (evaluation, seed): (&Evaluation, u64),
    run: &RunContext<'_>,
    kept: &mut Kept,
) -> Result<Outcome> {
    let metrics = chosen(evaluation)?;
    let (Findings { measurements, confusions }, figures) =
        measure_and((samplers, sampler), (&metrics, evaluation), seed, run, kept, |context| Ok(Figures::of(context)?))?;
    Ok(Outcome { measurements, figures, confusions })
}

/// What `metrics` find under the run's own sampler and the others of the evaluation, and what else is made of the context of its own.
fn measure_and<T>(
    (samplers, sampler): (&Samplers<'_>, &Sampler),
    (metrics, evaluation): (&[Box<dyn Metric>], &Evaluation),
    seed: u64,
    run: &RunContext<'_>,
    kept: &mut Kept,
    also: impl FnOnce(&EvalContext<'_>) -> Result<T>,
) -> Result<(Findings, T)> {
    let parts = samplers.parts;
    let (mut found, made) = with_context((parts, parts.dataset.as_ref()), sampler, (evaluation, seed), run.progress, |context| {
        Ok((findings(context, &borrowed(metrics), (run, ""), kept)?, also(context)?))
    })?;
    found.measurements.extend(under_others(samplers, (metrics, evaluation), seed, run, kept)?);
    Ok((found, made))
}

fn borrowed(metrics: &[Box<dyn Metric>]) -> Vec<&dyn Metric> {
    metrics.iter().map(AsRef::as_ref).collect()
}

/// What the metrics that read generated images find under the other samplers that an evaluation names.
fn under_others(
    samplers: &Samplers<'_>,
    (metrics, evaluation): (&[Box<dyn Metric>], &Evaluation),
    seed: u64,
    run: &RunContext<'_>,
    kept: &mut Kept,
) -> Result<Vec<Measurement>> {
    let (parts, mut all) = (samplers.parts, Vec::new());
    let generative: Vec<&dyn Metric> = borrowed(metrics).into_iter().filter(|m| m.uses().contains(&Input::Generated)).collect();
    for name in &evaluation.samplers {
        let sampler = sampler_of(&Component::named(name), parts.objective.as_ref())?;
        if generative.is_empty() || sampler.protocol() == parts.sampler.protocol() {
            continue;
        }
        let fitted = samplers.fitted(sampler.as_ref())?;
        let found = with_context((parts, parts.dataset.as_ref()), &fitted, (evaluation, seed), run.progress, |context| {
            findings(context, &generative, (run, name), kept)
        })?;
        all.extend(found.measurements);
    }
    Ok(all)
}

/// Measures `metrics` alone on a trained run, and makes no figures.
///
/// # Errors
/// As [`measure`].
pub(crate) fn measure_only(
    parts: &Parts,
    (metrics, evaluation): (&[Box<dyn Metric>], &Evaluation),
    seed: u64,
    run: &RunContext<'_>,
    kept: &mut Kept,
) -> Result<Findings> {
    let samplers = Samplers::on(parts, parts.dataset.as_ref());
    measure_and((&samplers, &samplers.own()?), (metrics, evaluation), seed, run, kept, |_| Ok(())).map(|(found, ())| found)
}

/// Measures `metrics`, in their order, and keeps them under the name of the sampler where it is not the run's own. What none of them
/// uses is not computed.
fn findings(
    context: &EvalContext<'_>,
    metrics: &[&dyn Metric],
    (run, sampler): (&RunContext<'_>, &str),
    kept: &mut Kept,
) -> Result<Findings> {
    let mut all = Findings::default();
    for (done, metric) in metrics.iter().enumerate() {
        let key = if sampler.is_empty() { metric.name().to_owned() } else { format!("{} under {sampler}", metric.name()) };
        if run.is_stopped() {
            return Err(Error::Stopped);
        }
        run.progress.working(metric.name(), done, metrics.len());
        let found = match kept.get(&key) {
            Some(found) => found,
            None => {
                let found = metric.measure(context)?;
                kept.keep(&key, &found);
                found
            }
        };
        all.measurements.extend(found.measurements);
        all.confusions.extend(found.confusions);
    }
    run.progress.working("metrics", metrics.len(), metrics.len());
    Ok(all)
}

/// Does `work` on the images of `dataset` under an evaluation.
pub(crate) fn with_context<T>(
    (parts, dataset): (&Parts, &dyn Dataset),
    sampler: &Sampler,
    (evaluation, seed): (&Evaluation, u64),
    progress: &dyn Progress,
    work: impl FnOnce(&EvalContext<'_>) -> Result<T>,
) -> Result<T> {
    let subject = Subject {
        model: parts.model.as_ref(),
        prior: sampler.prior(parts),
        sampler: sampler.protocol.as_ref(),
        corruption: parts.corruption(),
        dataset,
        files: &parts.files,
    };
    work(&EvalContext::new(subject, evaluation, seed, progress)?)
}

/// The codes of the training images, row by row: what the decoder sees of them, which is a draw where the encoder has a variance.
fn training_codes(parts: &Parts, dataset: &dyn Dataset) -> Result<Vec<f64>> {
    let (set, range) = (dataset.split(Split::Train)?, dataset.range());
    let all: Vec<usize> = (0..set.len()).collect();
    let streams = Streams::new(parts.seed).fold_in("sampler.codes");
    let mut codes = Vec::with_capacity(set.len() * parts.model.code_size());
    for part in all.chunks(BATCH) {
        let device = parts.model.parameters().device();
        let images = set.tensor(part, range, device)?;
        let code = parts.model.encode(&images, Mode::Evaluate)?;
        let rows = || -> vimae_core::Result<Vec<f64>> {
            let noise = streams.normal(Purpose::Evaluation, part.first().map_or(0, |first| *first as u64), code.mean.elem_count());
            let z = match code.log_var {
                Some(_) => code.sample(&Tensor::from_vec(noise, code.mean.shape(), device)?)?,
                None => code.mean.clone(),
            };
            Ok(z.detach().to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?)
        };
        codes.extend(rows()?);
    }
    Ok(codes)
}
