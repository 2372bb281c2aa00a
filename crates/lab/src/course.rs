//! The tasks of a run, and its strategy against forgetting.

use std::sync::Arc;

use candle_core::Device;
use vimae_continual::{DEFAULT_STRATEGY, STRATEGIES, STREAMS, Strategy, Task};
use vimae_core::{Batches, Dataset, Split, Streams};
use vimae_datasets::Loader;
use vimae_objectives::OBJECTIVES;
use vimae_spec::{Component, RunSpec};

use crate::Result;

/// The tasks of a run and what is done against forgetting.
pub(crate) struct Course {
    pub(crate) tasks: Vec<Task>,
    pub(crate) strategy: Box<dyn Strategy>,
    /// The stream's name in the catalogue.
    pub(crate) stream: String,
}

impl Course {
    /// The course that a run names; none for a run without a stream.
    pub(crate) fn of(spec: &RunSpec, dataset: &Arc<dyn Dataset>) -> Result<Option<Self>> {
        check_names(spec)?;
        let Some(Component { name, settings }) = &spec.stream else { return Ok(None) };
        let stream = STREAMS.build(name, settings)?;
        let tasks = stream.tasks(dataset)?;
        vimae_continual::check(stream.name(), &tasks)?;
        let none = serde_json::Map::new();
        let (name, settings) = spec.strategy.as_ref().map_or((DEFAULT_STRATEGY, &none), |s| (s.name.as_str(), &s.settings));
        Ok(Some(Self { tasks, strategy: STRATEGIES.build(name, settings)?, stream: stream.name().into() }))
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
        let streams = Streams::new(spec.seed);
        let mut steps = 0;
        for task in &self.tasks {
            let (split, batch) = (Split::Train, spec.training.batch);
            let batches = Loader::new(task.dataset.clone(), split, batch, streams, &Device::Cpu)?;
            steps += spec.training.epochs * batches.per_epoch();
        }
        Ok(steps)
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
