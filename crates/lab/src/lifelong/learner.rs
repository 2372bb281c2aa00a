//! What learns the tasks of a run, from its parts.

use std::collections::BTreeMap;

use candle_core::Tensor;
use vimae_continual::{Learner, Teacher};
use vimae_spec::RunSpec;
use vimae_trainer::Plan;

use crate::{Error, Result, course::Course, resolve::Parts};

/// Calls `with` with what learns the tasks of a run.
pub(super) fn with_learner<T>(
    course: &Course,
    (spec, parts): (&RunSpec, &Parts),
    plan: &Plan,
    with: impl FnOnce(&Learner<'_>) -> Result<T>,
) -> Result<T> {
    let device = parts.model.parameters().device();
    let second = |weights: &BTreeMap<String, Tensor>| -> vimae_continual::Result<Teacher> {
        let parts = Parts::on(spec, parts.dataset.clone(), parts.files.clone(), device).map_err(as_core)?;
        parts.line().map_err(as_core)?.load(weights)?;
        Ok(Teacher { model: parts.model, prior: parts.prior, bytes: 0 })
    };
    let learner = Learner {
        line: parts.line()?,
        tasks: &course.tasks,
        strategy: course.strategy.as_ref(),
        plan,
        batch: spec.training.batch,
        device,
        second: &second,
    };
    with(&learner)
}

/// The same parts were made before: only the device can fail.
fn as_core(error: Error) -> vimae_core::Error {
    match error {
        Error::Core(error) => error,
        Error::Tensor(error) => error.into(),
        other => vimae_core::Error::Data(other.to_string()),
    }
}
