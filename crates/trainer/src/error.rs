//! The errors of training.

use std::path::PathBuf;

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error that stops a training run. Its last good checkpoint stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A loss term or a weight is not finite.
    #[error(
        "training diverged at step {step}: {term} is {value}; the checkpoint of step {kept} is kept; lower training.learning_rate, or set \
         training.rollbacks to go back and on with half of it"
    )]
    Diverged {
        /// The step, counted from 1.
        step: u64,
        /// The name of the loss term or weight.
        term: String,
        /// Its value.
        value: f64,
        /// The step of the last good checkpoint, or 0 if there is none yet.
        kept: u64,
    },
    /// The run was told to stop. Its state is saved.
    #[error("stopped after step {step}; the same command goes on from there")]
    Stopped {
        /// Steps taken.
        step: u64,
    },
    /// Early stopping is asked for, and nothing measures a loss on held-out images.
    #[error("early stopping needs a loss on held-out images, and what watches the run gives none")]
    NoHeldOutLoss,
    /// A file of the run cannot be read or written.
    #[error("{}: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The log is shorter than its checkpoint says.
    #[error("{}: has {found} bytes, its checkpoint expects at least {expected}; start over with --fresh", path.display())]
    LogLost {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length that the checkpoint recorded.
        expected: u64,
    },
    /// An error of a part of the run.
    #[error(transparent)]
    Core(#[from] vimae_core::Error),
    /// An error of an operation of `vimae-ops`.
    #[error(transparent)]
    Ops(#[from] vimae_ops::Error),
    /// An error of a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] vimae_checkpoint::Error),
    /// An error of candle.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}
