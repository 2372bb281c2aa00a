//! What is known of a data set before any of its files is read: `datasets/*.toml`.

use serde::Deserialize;

use crate::{Error, Result};

/// The content of a `datasets/<name>.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its title.
    pub title: String,
    /// One sentence on the images.
    pub about: String,
    /// Where it comes from, and who made it.
    pub source: String,
    /// Its licence or terms, in a few words.
    pub licence: String,
    /// The notice that the licence wants kept, or the terms that have to be accepted.
    pub notice: Option<String>,
    /// Whether the terms have to be accepted before anything is fetched.
    #[serde(default)]
    pub accept: bool,
    /// What is fetched, in bytes (0: nothing is).
    #[serde(default)]
    pub size: u64,
    /// Whether the program carries it.
    #[serde(default)]
    pub embedded: bool,
    /// What to put where, for a machine without a network.
    pub place: String,
    /// How many images and classes there are, where that is fixed.
    pub counts: Option<Counts>,
    /// How many there are of everything that was published, where fewer files make a smaller set.
    pub full: Option<Counts>,
    /// The shape `[C, H, W]` of every image, where that is fixed.
    pub shape: Option<[usize; 3]>,
    /// The names of the classes in the order of their labels, where they have some.
    #[serde(default)]
    pub class_names: Vec<String>,
    /// The files that are published.
    #[serde(default)]
    pub files: Vec<File>,
}

/// How many images and classes a data set has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Images to train on.
    pub train: usize,
    /// Images to choose with.
    #[serde(default)]
    pub validation: usize,
    /// Images to report on.
    pub test: usize,
    /// Classes of all splits.
    pub classes: usize,
}

/// A file as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name; for a file of the Hub, its path in the repository.
    pub name: String,
    /// The data set repository of the Hub that has it.
    pub hub: Option<String>,
    /// Its address, where it is not on the Hub.
    pub url: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its SHA-256, in hex.
    pub sha256: Option<String>,
    /// Its MD5, in hex, as older data sets were published with.
    pub md5: Option<String>,
    /// The SHA-256 of what a gzip file unpacks to: the same for every packing.
    pub unpacked_sha256: Option<String>,
    /// The MD5 of what a gzip file unpacks to.
    pub unpacked_md5: Option<String>,
    /// Whether it is fetched (files that another one makes unnecessary are not).
    #[serde(default)]
    pub fetch: bool,
}

impl Card {
    /// Reads the card that `text` holds; `file` names it in errors.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e| Error::damaged(file, e))
    }

    /// The published file of that name.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|f| f.name == name || f.name.rsplit('/').next() == Some(name))
    }
}
