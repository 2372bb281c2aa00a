//! The matrix of tasks made again from the weights after each of them.

use std::{collections::BTreeSet, path::PathBuf};

use vimae_checkpoint::load_weights;
use vimae_continual::folder;
use vimae_core::Silent;
use vimae_spec::{Lifelong, RunSpec, TaskRecord};

use super::{
    learner::with_learner,
    matrix::{Matrix, judge},
};
use crate::{Error, Result, RunFolder, course::Course, resolve::Parts, training_plan::training_plan};

/// The files of weights after single tasks that are not in a run's folder.
pub(crate) fn lacking(course: &Course, run: &RunFolder) -> Vec<PathBuf> {
    let tasks = course.tasks.len();
    let missing: BTreeSet<PathBuf> = (1..=tasks).map(|number| run.after(number, tasks)).filter(|path| !path.exists()).collect();
    missing.into_iter().collect()
}

/// Measures after each task again, and leaves the weights after the last in the parts. Seconds, which nothing gives again,
/// are 0.
///
/// # Errors
/// Where weights are missing or do not fit; as the measurement of a run.
pub(crate) fn again(course: &Course, (spec, parts): (&RunSpec, &Parts), run: &RunFolder) -> Result<Lifelong> {
    let kept = kept(course, (spec, parts), run)?;
    let judge = judge(&course.tasks)?;
    let matrix = Matrix::new((course, parts), judge.as_deref(), (&spec.evaluation, spec.seed), &Silent);
    let mut tasks = Vec::with_capacity(kept.len());
    for ((place, task), kept) in course.tasks.iter().enumerate().zip(kept) {
        let (weights, weights_sha256) = load_weights(&run.after(place + 1, course.tasks.len()))?;
        parts.line()?.load(&weights)?;
        tasks.push(TaskRecord {
            steps: Course::steps_of(task, spec)?,
            weights_sha256,
            kept_images: kept.images,
            kept_bytes: kept.bytes,
            ..matrix.behind(place)?.0
        });
    }
    Ok(Lifelong {
        stream: course.chosen.stream.clone(),
        strategy: course.chosen.strategy.clone(),
        judge: judge.map(|judge| judge.accuracy()),
        tasks,
    })
}

/// What the strategy kept for each task, from a copy of the weights: it may write beside them.
fn kept(course: &Course, (spec, parts): (&RunSpec, &Parts), run: &RunFolder) -> Result<Vec<vimae_continual::Kept>> {
    let fail = |e: std::io::Error| Error::Record { path: run.path().into(), problem: format!("its weights cannot be copied: {e}") };
    let copy = tempfile::tempdir().map_err(fail)?;
    for number in 1..=course.tasks.len() {
        let folder = folder(copy.path(), number);
        std::fs::create_dir_all(&folder).map_err(fail)?;
        std::fs::copy(run.after(number, course.tasks.len()), RunFolder::at(folder).model()).map_err(fail)?;
    }
    let plan = training_plan(&spec.training, spec.seed, "");
    with_learner(course, (spec, parts), &plan, |learner| Ok(vimae_continual::kept(learner, copy.path())?))
}
