//! A run that learns one task after another: its training, and what is measured after each task.

mod again;
mod matrix;

use std::collections::BTreeMap;

use candle_core::Tensor;
use vimae_continual::{Learner, Learnt, Teacher};
use vimae_core::RunContext;
use vimae_spec::RunSpec;
use vimae_trainer::{Plan, Trained, Watch};

use crate::{Error, Result, RunFolder, course::Course, resolve::Parts};

pub(crate) use again::{again, lacking};
pub(crate) use matrix::{measure, strip};

/// Learns all tasks, and gives the training as a whole beside that of each.
pub(crate) fn train(
    course: &Course,
    (spec, parts): (&RunSpec, &Parts),
    plan: &Plan,
    context: &RunContext<'_>,
    watch: &mut Watch<'_>,
) -> Result<(Trained, Vec<Learnt>)> {
    let learnt = learning(course, (spec, parts), plan, |learner| Ok(vimae_continual::train(learner, context, watch)?))?;
    let (weights, weights_sha256) = vimae_checkpoint::load_weights(&RunFolder::at(context.directory).model())?;
    parts.line()?.load(&weights)?;
    let trained = Trained {
        steps: learnt.iter().map(|task| task.trained.steps).sum(),
        seconds: learnt.iter().map(|task| task.trained.seconds).sum(),
        weights_sha256,
        rollbacks: learnt.iter().flat_map(|task| task.trained.rollbacks.clone()).collect(),
        early_stopping: None,
    };
    Ok((trained, learnt))
}

/// Does something with what learns the tasks of a run.
fn learning<T>(course: &Course, (spec, parts): (&RunSpec, &Parts), plan: &Plan, with: impl FnOnce(&Learner<'_>) -> Result<T>) -> Result<T> {
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
