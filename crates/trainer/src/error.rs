//! What can stop a training run.

use std::path::PathBuf;

/// The result of training.
pub type Result<T> = std::result::Result<T, Error>;

/// An error that stops a training run; its last good checkpoint stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A loss term that is not a finite number.
    #[error("training diverged at step {step}: {term} is {value}; the checkpoint of step {kept} is kept")]
    Diverged {
        /// The step, counted from 1.
        step: u64,
        /// The term at fault.
        term: String,
        /// Its value.
        value: f64,
        /// The step of the last good checkpoint; 0 where there is none yet.
        kept: u64,
    },
    /// The run was asked to stop; its state is saved.
    #[error("stopped after step {step}; the same command goes on from there")]
    Stopped {
        /// Steps taken.
        step: u64,
    },
    /// A log that cannot be read or written.
    #[error("{}: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A log shorter than its checkpoint says.
    #[error("{}: has {found} bytes, its checkpoint expects at least {expected}; start over with --fresh", path.display())]
    LogLost {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length that the checkpoint recorded.
        expected: u64,
    },
    /// An error of a part of the line.
    #[error(transparent)]
    Core(#[from] vimae_core::Error),
    /// An error of a fast operation.
    #[error(transparent)]
    Ops(#[from] vimae_ops::Error),
    /// An error of a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] vimae_checkpoint::Error),
    /// A failure of a tensor operation.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}
