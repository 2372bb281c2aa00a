//! What can be wrong with a file that says what to do.

use std::path::PathBuf;

/// The result of reading or checking a specification.
pub type Result<T> = std::result::Result<T, Error>;

/// An error in a specification or record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not TOML or JSON of the expected form.
    #[error("{}: {problem}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, where, and what is expected there.
        problem: String,
    },
    /// A value out of its range.
    #[error("{}: {key} = {given} is not allowed; it must be {allowed}", path.display())]
    Range {
        /// The file.
        path: PathBuf,
        /// The key with its section: `training.epochs`.
        key: String,
        /// The value as given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
}

impl Error {
    pub(crate) fn form(path: &std::path::Path, problem: impl ToString) -> Self {
        Self::Form { path: path.into(), problem: problem.to_string() }
    }
}
