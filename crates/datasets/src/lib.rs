#![doc = include_str!("../README.md")]

pub mod card;
pub mod digest;
mod error;
pub mod idx;
mod loader;
mod pictures;
mod sources;
mod stream;

use serde_json::{Map, Value};
use vimae_core::{Dataset, Settings};

pub use card::Card;
pub use error::{Error, Result};
pub use loader::Loader;
pub use pictures::Pictures;
pub use sources::Sources;

/// How an entry of the catalogue is described and opened.
#[derive(Debug, Clone, Copy)]
pub struct BuildDataset {
    /// The text of its `datasets/<name>.toml`.
    pub card: &'static str,
    /// Reads, verifies and splits it.
    pub open: fn(&Settings, &Sources) -> Result<Box<dyn Dataset>>,
}

vimae_core::catalogue! {
    /// Every data set.
    pub static DATASETS: BuildDataset = "dataset" in {
        digits,
    }
}

/// The data set of that name, read from `sources`, verified and split.
///
/// # Errors
/// [`Error::Core`] for a name or setting that does not exist, with those that do; [`Error::Missing`] where no
/// source has the files; [`Error::Digest`], [`Error::Damaged`], [`Error::TooLarge`] and [`Error::Io`], naming the file.
pub fn open(name: &str, settings: &Map<String, Value>, sources: &Sources) -> Result<Box<dyn Dataset>> {
    let entry = DATASETS.find(name)?;
    let settings = Settings::check(DATASETS.kind, entry.name, entry.keys, settings)?;
    (entry.build.open)(&settings, sources)
}
