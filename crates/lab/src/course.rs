//! The tasks of a run, and its strategy against forgetting.

use std::sync::Arc;

use candle_core::Device;
use vimae_continual::{DEFAULT_STRATEGY, STRATEGIES, STREAMS, Strategy, Task};
use vimae_core::{Batches, Catalogue, Dataset, Split, Streams};
use vimae_datasets::Loader;
use vimae_objectives::OBJECTIVES;
use vimae_spec::{Component, RunSpec};

use crate::Result;

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

    /// Checks that every task fills a batch and that the strategy has what it needs.
    pub(crate) fn check(&self, spec: &RunSpec) -> Result<()> {
        let objective = OBJECTIVES.build(&spec.objective.name, &spec.objective.settings)?;
        if let Some(reason) = self.strategy.lacks(&self.tasks, objective.as_ref()) {
            return Err(vimae_continual::Error::Lacks { strategy: self.strategy.name().into(), reason }.into());
        }
        self.steps(spec).map(drop)
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

/// Checks the names and settings of a run's stream and strategy, which need no data.
pub(crate) fn check_names(spec: &RunSpec) -> vimae_core::Result<()> {
    if let Some(Component { name, settings }) = &spec.stream {
        STREAMS.build(name, settings)?;
    }
    if let Some(Component { name, settings }) = &spec.strategy {
        STRATEGIES.build(name, settings)?;
        if spec.stream.is_none() {
            return Err(vimae_core::Error::Unsupported {
                what: format!("strategy \"{name}\" without a stream"),
                reason: "there are no tasks to forget; add a section [stream], split_classes for instance".into(),
            });
        }
    }
    Ok(())
}
