//! What can go wrong between files and images.

use std::{io, path::PathBuf};

/// The result of reading a data set.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a data set. Files inside archives are named `archive!member`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An unknown name, a wrong setting, or a failure of a tensor operation.
    #[error(transparent)]
    Core(Box<vimae_core::Error>),
    /// The operating system refused.
    #[error("{file}: {source}")]
    Io {
        /// The file or folder.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// Content that does not follow its format, or contradicts itself.
    #[error("{file}: {problem}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Content other than the one that was published.
    #[error("{file}: wrong digest: expected {algorithm} {expected}, found {found}")]
    Digest {
        /// The file.
        file: String,
        /// `sha256` or `md5`.
        algorithm: &'static str,
        /// The digest that was published.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// Content larger than anything this reader accepts.
    #[error("{file}: {what} of {size} {unit}, more than the limit of {limit}")]
    TooLarge {
        /// The file.
        file: String,
        /// What is too large.
        what: &'static str,
        /// What its size counts.
        unit: &'static str,
        /// Its size.
        size: u64,
        /// The largest size accepted.
        limit: u64,
    },
    /// Content that could be read, but should not be.
    #[error("{file}: refused: {reason}")]
    Refused {
        /// The file.
        file: String,
        /// Why, and what to use instead.
        reason: String,
    },
    /// An image that cannot be decoded, among others.
    #[error("{0}; broken = \"skip\" in [dataset] leaves such images out and counts them")]
    BrokenImage(Box<Error>),
    /// Files that are not on this machine.
    #[error("data set \"{name}\" is not on this machine: {hint}; looked in {}", places(.looked))]
    Missing {
        /// The data set.
        name: String,
        /// What to put where.
        hint: String,
        /// The folders looked in.
        looked: Vec<PathBuf>,
    },
}

impl Error {
    pub(crate) fn io(file: impl ToString, source: io::Error) -> Self {
        Self::Io { file: file.to_string(), source }
    }

    pub(crate) fn damaged(file: impl ToString, problem: impl ToString) -> Self {
        Self::Damaged { file: file.to_string(), problem: problem.to_string() }
    }
}

impl From<vimae_core::Error> for Error {
    fn from(error: vimae_core::Error) -> Self {
        Self::Core(Box::new(error))
    }
}

fn places(looked: &[PathBuf]) -> String {
    if looked.is_empty() { "no folder".into() } else { looked.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ") }
}
