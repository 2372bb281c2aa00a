//! What is known of a data set before any of its files is read: `datasets/*.toml`.

use serde::Deserialize;

use crate::{Error, Result};

/// The content of a `datasets/<name>.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its title.
    pub title: String,
    /// One sentence on the pictures.
    pub about: String,
    /// Where it comes from, and who made it.
    pub source: String,
    /// Its licence or terms.
    pub licence: String,
    /// The notice that the licence wants kept.
    pub notice: Option<String>,
    /// What has to be on disk, in bytes.
    pub size: u64,
    /// Whether the program carries it.
    #[serde(default)]
    pub embedded: bool,
    /// How many pictures and classes there are.
    pub counts: Counts,
    /// The files that are published.
    #[serde(default)]
    pub files: Vec<File>,
}

/// How many pictures and classes a data set has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Pictures to train on.
    pub train: usize,
    /// Pictures to choose with.
    #[serde(default)]
    pub validation: usize,
    /// Pictures to report on.
    pub test: usize,
    /// Classes of all splits.
    pub classes: usize,
}

/// A file as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its SHA-256, in hex.
    pub sha256: Option<String>,
}

impl Card {
    /// Reads the card that `text` holds; `file` names it in errors.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e| Error::damaged(file, e))
    }
}
