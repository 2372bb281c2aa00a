//! What can be wrong with a file that says what to do.

use std::path::PathBuf;

/// The result of reading or checking a specification.
pub type Result<T> = std::result::Result<T, Error>;

/// An error in a specification or record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read or written.
    #[error("{}: {}", path.display(), unread(.source))]
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
    /// A key that there is not.
    #[error("{place}: there is no {key}{}", meant(.nearest.as_deref(), .why))]
    UnknownKey {
        /// The file with the line, or what the command line said.
        place: String,
        /// The key with its section: `training.epocs`.
        key: String,
        /// The key that is probably meant, with its section.
        nearest: Option<String>,
        /// What is different about it; empty where there is nothing to say.
        why: &'static str,
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

/// Why a file cannot be read.
pub(crate) fn unread(source: &std::io::Error) -> String {
    // So the library says that bytes are no text.
    match source.kind() {
        std::io::ErrorKind::InvalidData => "it is not UTF-8; save it as UTF-8".into(),
        _ => source.to_string(),
    }
}

fn meant(nearest: Option<&str>, why: &str) -> String {
    let nearest = nearest.map_or_else(|| "; docs/experiments.md has every key".into(), |key| format!("; did you mean {key}?"));
    if why.is_empty() { nearest } else { format!("{nearest} {why}") }
}

impl Error {
    /// The error with the place of what is at fault: a file, or what the command line said.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        let path = place.into();
        match self {
            Self::Form { problem, .. } => Self::Form { path, problem },
            Self::Range { key, given, allowed, .. } => Self::Range { path, key, given, allowed },
            Self::UnknownKey { key, nearest, why, .. } => Self::UnknownKey { place: place.into(), key, nearest, why },
            file @ Self::File { .. } => file,
        }
    }

    pub(crate) fn form(path: &std::path::Path, problem: impl ToString) -> Self {
        Self::Form { path: path.into(), problem: problem.to_string() }
    }
}
