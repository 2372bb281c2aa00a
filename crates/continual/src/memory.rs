//! What a strategy is: what it brings from the tasks that were into the one that is.

use std::path::Path;

use candle_core::{Device, Tensor};
use vimae_core::{AutoEncoder, Batch, Objective, Parameters, Pass, Prior, Streams};
use vimae_trainer::Line;

use crate::{Result, Task};

/// A strategy against forgetting.
pub trait Strategy: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// What it lacks to work on these tasks under this objective, where it lacks something. Asked without tasks too, before any data is
    /// read.
    fn lacks(&self, tasks: &[Task], objective: &dyn Objective) -> Option<String> {
        let _ = (tasks, objective);
        None
    }

    /// What it brings into the task behind those of `past`: a function of these tasks, the weights after the last of them
    /// and the streams. A run that is taken up asks again.
    ///
    /// # Errors
    /// Whatever the parts report.
    fn recall(&self, past: &Past<'_>) -> Result<Box<dyn Memory>>;
}

/// The tasks that were, at least one.
pub struct Past<'a> {
    /// They, in order.
    pub tasks: &'a [Task],
    /// The random streams of the task to come.
    pub streams: Streams,
    /// The random streams of the whole run.
    pub run_streams: Streams,
    /// The parts of the run, with the weights after the last of these tasks.
    pub line: Line<'a>,
    /// Images per step.
    pub batch: usize,
    /// Where batches go.
    pub device: &'a Device,
    /// Makes a second network with the weights after the last of these tasks, which nothing trains.
    pub teacher: &'a dyn Fn() -> Result<Teacher>,
    /// The directory of the task to come, for what takes long to make.
    pub directory: &'a Path,
    /// The directory of the last of these tasks.
    pub before: &'a Path,
}

/// A network that no longer trains, with its prior as it was then.
pub struct Teacher {
    /// The network.
    pub model: Box<dyn AutoEncoder>,
    /// The prior of its codes, bound to it where it is made from the encoder.
    pub prior: Box<dyn Prior>,
    /// Bytes of its weights and running statistics and of the prior's.
    pub bytes: u64,
}

/// What a strategy keeps between tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Images.
    pub images: usize,
    /// Bytes, those of the images included; the network that trains is not counted.
    pub bytes: u64,
}

/// What a strategy brings into a task; nothing, unless it says so.
pub trait Memory: Send + Sync {
    /// Images of earlier tasks, or what stands for them, for a part of every step.
    fn replay(&self) -> Option<&dyn Replay> {
        None
    }

    /// A term that is added to the loss of a step, with its name in the log. The last `replayed` images of the pass are
    /// replayed ones.
    ///
    /// # Errors
    /// Where shapes do not fit.
    fn penalty(&self, pass: &Pass<'_>, replayed: usize) -> vimae_core::Result<Option<(&'static str, Tensor)>> {
        let _ = (pass, replayed);
        Ok(None)
    }

    /// What is kept for it.
    fn kept(&self) -> Kept {
        Kept::default()
    }
}

/// Images in the place of those of earlier tasks.
pub trait Replay {
    /// `count` of them for the step: a function of the step alone.
    ///
    /// # Errors
    /// Where the device fails.
    fn batch(&self, step: u64, count: usize) -> vimae_core::Result<Batch>;
}

/// Bytes of weights and running statistics.
pub(crate) fn bytes(parameters: &Parameters) -> u64 {
    parameters.all().values().map(|var| (var.elem_count() * var.dtype().size_in_bytes()) as u64).sum()
}
