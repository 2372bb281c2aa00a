//! A run that learns one task after another: its training, and what is measured after each task.

mod again;
mod learner;
mod matrix;

use vimae_continual::Learnt;
use vimae_core::RunContext;
use vimae_spec::RunSpec;
use vimae_trainer::{Plan, Trained, Watch};

use crate::{Result, RunFolder, course::Course, resolve::Parts};
use learner::with_learner;

pub(crate) use again::{again, lacking};
pub(crate) use matrix::{measure, reports, strip};

/// Learns all tasks, and gives the training as a whole beside that of each.
pub(crate) fn train(
    course: &Course,
    (spec, parts): (&RunSpec, &Parts),
    plan: &Plan,
    context: &RunContext<'_>,
    watch: &mut Watch<'_>,
) -> Result<(Trained, Vec<Learnt>)> {
    let learnt = with_learner(course, (spec, parts), plan, |learner| Ok(vimae_continual::train(learner, context, watch)?))?;
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
