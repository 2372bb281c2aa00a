//! What can go wrong with tasks and strategies.

use vimae_core::{ImageShape, Split};

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a stream or a strategy. Each names the value at fault and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// More tasks than there are classes to share out.
    #[error("{tasks} tasks of {classes} classes: every task needs a class of its own; take {classes} tasks or fewer")]
    TooManyTasks {
        /// Tasks asked for.
        tasks: usize,
        /// Classes of the data set.
        classes: usize,
    },
    /// A task without images in a split.
    #[error("task \"{task}\" has no images to {split}; every task is trained and tested on images of its own")]
    EmptyTask {
        /// The task.
        task: String,
        /// The split.
        split: Split,
    },
    /// A stream without tasks.
    #[error("stream \"{stream}\" has no tasks: {reason}")]
    NoTasks {
        /// The stream.
        stream: String,
        /// Why, and what would be right.
        reason: String,
    },
    /// Tasks whose images differ in shape.
    #[error("task \"{task}\" has images of {found}, the first task of {expected}: one network takes one shape")]
    Shapes {
        /// The task.
        task: String,
        /// The shape of its images.
        found: ImageShape,
        /// The shape of those of the first task.
        expected: ImageShape,
    },
    /// A strategy that lacks what it needs.
    #[error("strategy \"{strategy}\": {reason}")]
    Lacks {
        /// The strategy.
        strategy: String,
        /// What it lacks, and what would be right.
        reason: String,
    },
    /// An error of a part of the run.
    #[error(transparent)]
    Core(#[from] vimae_core::Error),
    /// An error of training.
    #[error(transparent)]
    Training(#[from] vimae_trainer::Error),
    /// An error of a file.
    #[error(transparent)]
    Checkpoint(#[from] vimae_checkpoint::Error),
    /// An error of candle.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}
