//! The evaluation of a trained run: with the prior that it learnt, or with the density fitted to its codes.

use vimae_core::{Dataset, Findings, Metric, Mode, Prior, Progress, RunContext, Split};
use vimae_eval::{EvalContext, Figures, Outcome, Subject, chosen};
use vimae_priors::FittedMixture;
use vimae_spec::{Evaluation, Protocol};

use crate::{Error, Result, kept::Kept, resolve::Parts};

/// Images that go through the encoder at once.
const BATCH: usize = 200;

/// What codes of a trained run are drawn from.
pub(crate) struct Sampler {
    fitted: Option<FittedMixture>,
    bound: Option<Box<dyn Prior>>,
}

impl Sampler {
    /// A density that was fitted when the run was trained, where its objective has one, or the prior as the encoder makes it.
    pub(crate) fn stored(parts: &Parts, fitted: Option<FittedMixture>) -> Result<Self> {
        Ok(Self { fitted, bound: parts.prior.bind(parts.model.as_ref())? })
    }

    /// The density fitted to the codes of the training images, or the prior as the encoder makes it.
    pub(crate) fn of(parts: &Parts) -> Result<Self> {
        Self::on(parts, parts.dataset.as_ref())
    }

    /// As [`of`](Self::of), for the training images of this data set.
    pub(crate) fn on(parts: &Parts, dataset: &dyn Dataset) -> Result<Self> {
        let fitted = parts.objective.ex_post().map(|components| ex_post(parts, dataset, components)).transpose()?;
        Self::stored(parts, fitted)
    }

    /// That density, or the prior that these parts name.
    pub(crate) fn prior<'a>(&'a self, parts: &'a Parts) -> &'a dyn Prior {
        match (&self.fitted, &self.bound) {
            (Some(fitted), _) => fitted,
            (None, Some(bound)) => bound.as_ref(),
            (None, None) => parts.prior.as_ref(),
        }
    }
}

/// Measures a trained run as `evaluation` says, and makes its figures. A function of weights, data, evaluation and seed.
/// What `kept` has is not measured again.
///
/// # Errors
/// [`Error::Stopped`] before a metric, with those before it kept.
pub(crate) fn measure(
    parts: &Parts,
    sampler: &Sampler,
    (evaluation, seed): (&Evaluation, u64),
    run: &RunContext<'_>,
    kept: &mut Kept,
) -> Result<Outcome> {
    with_context((parts, parts.dataset.as_ref()), sampler, (evaluation, seed), run.progress, |context| {
        let Findings { measurements, confusions } = findings(context, &chosen(evaluation)?, run, kept)?;
        Ok(Outcome { measurements, figures: Figures::of(context)?, confusions })
    })
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
    with_context((parts, parts.dataset.as_ref()), &Sampler::of(parts)?, (evaluation, seed), run.progress, |context| {
        findings(context, metrics, run, kept)
    })
}

/// Measures `metrics`, in their order. What none of them uses is not computed.
fn findings(context: &EvalContext<'_>, metrics: &[Box<dyn Metric>], run: &RunContext<'_>, kept: &mut Kept) -> Result<Findings> {
    let mut all = Findings::default();
    for (done, metric) in metrics.iter().enumerate() {
        if run.is_stopped() {
            return Err(Error::Stopped);
        }
        run.progress.working(metric.name(), done, metrics.len());
        let found = match kept.get(metric.name()) {
            Some(found) => found,
            None => {
                let found = metric.measure(context)?;
                kept.keep(metric.name(), &found);
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
    let fitted = sampler.fitted.as_ref().map(|fitted| Protocol::new("ex_post").with("components", fitted.components()));
    let subject = Subject {
        model: parts.model.as_ref(),
        prior: sampler.prior(parts),
        sampler: fitted.as_ref(),
        corruption: parts.corruption(),
        dataset,
        files: &parts.files,
    };
    work(&EvalContext::new(subject, evaluation, seed, progress)?)
}

/// The density of the mean codes of the training images.
fn ex_post(parts: &Parts, dataset: &dyn Dataset, components: usize) -> Result<FittedMixture> {
    let (set, range) = (dataset.split(Split::Train)?, dataset.range());
    let all: Vec<usize> = (0..set.len()).collect();
    let mut codes = Vec::with_capacity(set.len() * parts.model.code_size());
    for part in all.chunks(BATCH) {
        let images = set.tensor(part, range, parts.model.parameters().device())?;
        let code = parts.model.encode(&images, Mode::Evaluate)?;
        let rows = code.mean.to_dtype(candle_core::DType::F64).and_then(|mean| mean.flatten_all()?.to_vec1::<f64>());
        codes.extend(rows.map_err(vimae_core::Error::from)?);
    }
    Ok(FittedMixture::fit(&codes, parts.model.code_size(), components)?)
}
