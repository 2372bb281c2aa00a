//! The tasks of a run, and its strategy against forgetting.

use std::sync::Arc;

use candle_core::Device;
use vimae_continual::{DEFAULT_STRATEGY, STRATEGIES, STREAMS, Strategy, Task};
use vimae_core::{Batches, Catalogue, Dataset, Split, Streams, Values};
use vimae_datasets::Loader;
use vimae_objectives::OBJECTIVES;
use vimae_spec::{Component, RunSpec};

use crate::{Result, pixels::made};

/// The tasks of a run and what is done against forgetting.
pub(crate) struct Course {
    pub(crate) tasks: Vec<Task>,
    pub(crate) strategy: Box<dyn Strategy>,
    /// What the run names.
    pub(crate) chosen: Chosen,
}

/// The stream and the strategy of a run, with all their settings.
pub(crate) struct Chosen {
    pub(crate) stream: Component,
    pub(crate) strategy: Component,
}

impl Chosen {
    /// What a run names, fine-tuning where it names no strategy; none for a run without a stream.
    pub(crate) fn of(spec: &RunSpec) -> vimae_core::Result<Option<Self>> {
        let Some(stream) = &spec.stream else { return Ok(None) };
        let default = Component::named(DEFAULT_STRATEGY);
        let strategy = spec.strategy.as_ref().unwrap_or(&default);
        Ok(Some(Self { stream: resolved(&STREAMS, stream)?, strategy: resolved(&STRATEGIES, strategy)? }))
    }
}

/// The entry with all its settings.
fn resolved<B>(catalogue: &Catalogue<B>, given: &Component) -> vimae_core::Result<Component> {
    let (entry, settings) = catalogue.check(&given.name, &given.settings)?;
    Ok(Component { name: entry.name.into(), settings: settings.values().clone() })
}

impl Course {
    /// The course that a run names; none for a run without a stream.
    pub(crate) fn of(spec: &RunSpec, dataset: &Arc<dyn Dataset>) -> Result<Option<Self>> {
        check_names(spec)?;
        let Some(chosen) = Chosen::of(spec)? else { return Ok(None) };
        let Chosen { stream, strategy } = &chosen;
        let stream = STREAMS.build(&stream.name, &stream.settings)?;
        let tasks = stream.tasks(dataset)?;
        vimae_continual::check(stream.name(), &tasks)?;
        Ok(Some(Self { tasks, strategy: STRATEGIES.build(&strategy.name, &strategy.settings)?, chosen }))
    }

    /// Checks that every task fills a batch and that the strategy has what it needs. Gives the steps of all tasks together.
    pub(crate) fn check(&self, spec: &RunSpec) -> Result<u64> {
        let objective = OBJECTIVES.build(&spec.objective.name, &spec.objective.settings)?;
        if let Some(reason) = self.strategy.lacks(&self.tasks, objective.as_ref()) {
            return Err(vimae_continual::Error::Lacks { strategy: self.strategy.name().into(), reason }.into());
        }
        self.steps(spec)
    }

    /// Steps of all tasks together.
    pub(crate) fn steps(&self, spec: &RunSpec) -> Result<u64> {
        self.tasks.iter().map(|task| Self::steps_of(task, spec)).sum()
    }

    /// Steps of one task.
    pub(crate) fn steps_of(task: &Task, spec: &RunSpec) -> Result<u64> {
        let (split, batch) = (Split::Train, spec.training.batch);
        let batches = Loader::new(task.dataset.clone(), split, batch, Streams::new(spec.seed), &Device::Cpu)?;
        Ok(spec.training.epochs * batches.per_epoch())
    }
}

/// Checks the names and settings of a run's stream and strategy, and whatever of the run does not go with them and needs no data to
/// be told.
pub(crate) fn check_names(spec: &RunSpec) -> vimae_core::Result<()> {
    if let Some(Component { name, settings }) = &spec.stream {
        STREAMS.build(name, settings)?;
    }
    let strategy = spec.strategy.as_ref().map(|given| STRATEGIES.build(&given.name, &given.settings)).transpose()?;
    match (&spec.stream, strategy) {
        (None, None) => Ok(()),
        (None, Some(strategy)) => unsupported(
            format!("strategy \"{}\" without a stream", strategy.name()),
            "there are no tasks to forget; add a section [stream], split_classes for instance",
        ),
        (Some(stream), strategy) => check_beside(&stream.name, strategy.as_deref(), spec),
    }
}

/// Checks the run beside its stream: a task has the data set's own bytes and no held-out images, what begins a run does not begin each
/// task, and the strategy goes with the objective.
fn check_beside(stream: &str, strategy: Option<&dyn Strategy>, spec: &RunSpec) -> vimae_core::Result<()> {
    if made(&spec.dataset) != Values::Bytes {
        let reason = "its tasks have the data set's own bytes; leave dataset.binarise and dataset.dequantise out";
        return unsupported(format!("stream \"{stream}\" of binary or dequantised images"), reason);
    }
    if spec.training.pretraining_steps > 0 {
        let reason = "each task would begin with an encoder that has left the earlier ones; leave one of them out";
        return unsupported(format!("training.pretraining_steps with stream \"{stream}\""), reason);
    }
    if spec.training.early_stopping_epochs > 0 {
        let reason = "its tasks have no held-out images of their own; leave one of them out";
        return unsupported(format!("training.early_stopping_epochs with stream \"{stream}\""), reason);
    }
    let Some(strategy) = strategy else { return Ok(()) };
    let objective = OBJECTIVES.build(&spec.objective.name, &spec.objective.settings)?;
    match strategy.lacks(&[], objective.as_ref()) {
        Some(reason) => unsupported(format!("strategy \"{}\"", strategy.name()), &reason),
        None => Ok(()),
    }
}

fn unsupported(what: String, reason: &str) -> vimae_core::Result<()> {
    Err(vimae_core::Error::Unsupported { what, reason: reason.into() })
}
