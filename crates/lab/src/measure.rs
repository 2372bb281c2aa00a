//! The evaluation of a trained run: with the prior that it learnt, or with the density fitted to its codes.

use vimae_core::{Mode, Prior, Split};
use vimae_eval::{Outcome, Subject, evaluate};
use vimae_priors::FittedMixture;
use vimae_spec::Evaluation;

use crate::{Result, resolve::Parts};

/// Images that go through the encoder at once.
const BATCH: usize = 200;
/// Metrics that say nothing of the prior or of what is generated from it.
const WITHOUT_PRIOR: [&str; 4] = ["reconstruction", "accuracy", "fid.reconstructions", "fid_classifier.reconstructions"];

/// What codes of a trained run are drawn from.
pub(crate) struct Sampler {
    fitted: Option<FittedMixture>,
    bound: Option<Box<dyn Prior>>,
}

impl Sampler {
    /// The density fitted to the codes of the training images, or the prior as the encoder makes it.
    pub(crate) fn of(parts: &Parts) -> Result<Self> {
        let fitted = parts.objective.ex_post().map(|components| ex_post(parts, components)).transpose()?;
        Ok(Self { fitted, bound: parts.prior.bind(parts.model.as_ref())? })
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

/// Measures a trained run. A function of weights, data, evaluation and seed.
pub(crate) fn measure(parts: &Parts, evaluation: &Evaluation, seed: u64, progress: &mut dyn FnMut(&str, usize, usize)) -> Result<Outcome> {
    let sampler = Sampler::of(parts)?;
    let subject = Subject {
        model: parts.model.as_ref(),
        prior: sampler.prior(parts),
        pixel_noise: parts.pixel_noise(),
        dataset: parts.dataset.as_ref(),
        files: &parts.files,
    };
    let mut outcome = evaluate(&subject, evaluation, seed, progress)?;
    if let Some(fitted) = &sampler.fitted {
        for measurement in &mut outcome.measurements {
            if !WITHOUT_PRIOR.iter().any(|name| measurement.metric.starts_with(name)) {
                measurement.protocol = format!("{}+ex_post(components={})", measurement.protocol, fitted.components());
            }
        }
    }
    Ok(outcome)
}

/// The density of the mean codes of the training images.
fn ex_post(parts: &Parts, components: usize) -> Result<FittedMixture> {
    let (set, range) = (parts.dataset.split(Split::Train)?, parts.dataset.range());
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
