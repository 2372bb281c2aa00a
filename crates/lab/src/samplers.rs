//! Samplers by name, and the metrics of an evaluation that draws by them.

use serde_json::{Map, Value};
use vimae_core::{Metric, Objective, Sampler};
use vimae_priors::sampler::{self, SAMPLERS};
use vimae_spec::{Component, Evaluation, RunSpec};

/// The sampler that a run names, that of its objective, or the prior.
pub(crate) fn sampler(spec: &RunSpec, objective: &dyn Objective) -> vimae_core::Result<Box<dyn Sampler>> {
    match (&spec.sampler, objective.ex_post()) {
        (Some(component), _) => sampler_of(component, objective),
        (None, Some(components)) => SAMPLERS.build(sampler::EX_POST, &Map::from_iter([("components".to_owned(), Value::from(components))])),
        (None, None) => SAMPLERS.build(sampler::DEFAULT, &Map::new()),
    }
}

/// A sampler by name, refused where it makes no sense under an objective.
pub(crate) fn sampler_of(component: &Component, objective: &dyn Objective) -> vimae_core::Result<Box<dyn Sampler>> {
    let sampler = SAMPLERS.build(&component.name, &component.settings)?;
    if objective.ex_post().is_some() && sampler.protocol().is_none() {
        return Err(vimae_core::Error::Unsupported {
            what: format!("objective \"{}\" with sampler \"{}\"", objective.name(), sampler.name()),
            reason: "it has no prior: its codes follow none; take a sampler that fits a density to them".into(),
        });
    }
    Ok(sampler)
}

/// The metrics that an evaluation names, where its samplers make sense under an objective.
pub(crate) fn metrics_of(evaluation: &Evaluation, objective: &dyn Objective) -> vimae_core::Result<Vec<Box<dyn Metric>>> {
    for name in &evaluation.samplers {
        sampler_of(&Component::named(name), objective)?;
    }
    vimae_eval::chosen(evaluation)
}
