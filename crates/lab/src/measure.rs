//! The evaluation of a trained run: with the prior that it learnt, or with the density fitted to its codes.

use vimae_core::{Mode, Prior, Split};
use vimae_eval::{Outcome, Subject, evaluate};
use vimae_priors::FittedMixture;
use vimae_spec::RunSpec;

use crate::{Result, resolve::Parts};

/// Pictures that go through the encoder at once.
const BATCH: usize = 200;
/// Metrics that say nothing of the prior or of what is generated from it.
const WITHOUT_PRIOR: [&str; 2] = ["reconstruction", "accuracy"];

/// Measures a trained run as its specification says. A function of weights, data and specification.
pub(crate) fn measure(parts: &Parts, spec: &RunSpec, progress: &mut dyn FnMut(&str, usize, usize)) -> Result<Outcome> {
    let fitted = parts.objective.ex_post().map(|components| ex_post(parts, components)).transpose()?;
    let bound = parts.prior.bind(parts.model.as_ref())?;
    let prior: &dyn Prior = match (&fitted, &bound) {
        (Some(fitted), _) => fitted,
        (None, Some(bound)) => bound.as_ref(),
        (None, None) => parts.prior.as_ref(),
    };
    let subject = Subject { model: parts.model.as_ref(), prior, pixel_noise: parts.pixel_noise(), dataset: parts.dataset.as_ref() };
    let mut outcome = evaluate(&subject, &spec.evaluation, spec.seed, progress)?;
    if let Some(fitted) = &fitted {
        for measurement in &mut outcome.measurements {
            if !WITHOUT_PRIOR.iter().any(|name| measurement.metric.starts_with(name)) {
                measurement.protocol = format!("{}+ex_post(components={})", measurement.protocol, fitted.components());
            }
        }
    }
    Ok(outcome)
}

/// The density of the mean codes of the training pictures.
fn ex_post(parts: &Parts, components: usize) -> Result<FittedMixture> {
    let (set, range) = (parts.dataset.split(Split::Train)?, parts.dataset.range());
    let all: Vec<usize> = (0..set.len()).collect();
    let mut codes = Vec::with_capacity(set.len() * parts.model.code_size());
    for part in all.chunks(BATCH) {
        let pictures = set.tensor(part, range, parts.model.parameters().device())?;
        let code = parts.model.encode(&pictures, Mode::Evaluate)?;
        let rows = code.mean.to_dtype(candle_core::DType::F64).and_then(|mean| mean.flatten_all()?.to_vec1::<f64>());
        codes.extend(rows.map_err(vimae_core::Error::from)?);
    }
    Ok(FittedMixture::fit(&codes, parts.model.code_size(), components)?)
}
