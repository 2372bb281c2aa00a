//! What there is, what of it is on this machine, and whether it is what was published.

use std::path::PathBuf;

use serde_json::Map;
use vimae_core::Split;

use crate::{
    Card, DATASETS, Result, Sources,
    gather::Broken,
    open::{open_reporting, request},
    published::{self, FileReport},
};

/// A data set in the list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: &'static str,
    /// One sentence on what it is.
    pub summary: &'static str,
    /// Source, licence, size, and what to put where.
    pub card: Card,
    /// The files that opening it would read; none where it is not on this machine. One that the program carries
    /// reads no files.
    pub files: Option<Vec<PathBuf>>,
}

/// Every data set, in name order. Nothing is opened.
///
/// # Errors
/// [`Error::Damaged`](crate::Error::Damaged) for a card that is wrong.
pub fn list(sources: &Sources) -> Result<Vec<Listed>> {
    let listed = DATASETS.entries.iter().map(|entry| {
        let card = card(entry.name)?;
        let files = request(entry.name, &Map::new(), sources, |build, request| Ok((build.find)(request)))?;
        Ok(Listed { name: entry.name, summary: entry.summary, card, files })
    });
    listed.collect()
}

/// The card of a data set.
///
/// # Errors
/// As [`crate::open`] for an unknown name.
pub fn card(name: &str) -> Result<Card> {
    let entry = DATASETS.find(name)?;
    Card::parse(entry.build.card, &format!("datasets/{name}.toml"))
}

/// What [`verify`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Every file that was read, with its digest.
    pub files: Vec<FileReport>,
    /// Every split with its number of images.
    pub splits: Vec<(Split, usize)>,
    /// How many classes there are, and the fewest and most images of a class over all splits.
    pub classes: (usize, usize, usize),
    /// The digest of pixels, labels and splits, as run records carry it.
    pub sha256: String,
    /// Broken images that were left out.
    pub skipped: Vec<Broken>,
}

/// Reads a data set in full, with its default settings: every file against its published digest, every image.
///
/// # Errors
/// As [`crate::open`]: the first thing that is wrong, with its file.
pub fn verify(name: &str, sources: &Sources) -> Result<Verified> {
    let found = request(name, &Map::new(), sources, |build, request| Ok((Card::parse(build.card, name)?, (build.find)(request))))?;
    let (card, files) = found;
    let files = files.unwrap_or_default().iter().map(|path| published::report(&card, path)).collect::<Result<_>>()?;
    let opened = open_reporting(name, &Map::new(), sources)?;
    let mut splits = Vec::new();
    let mut counts = vec![0_usize; opened.dataset.classes()];
    for split in [Split::Train, Split::Validation, Split::Test] {
        // A split that a data set does not have is no error here.
        let Ok(set) = opened.dataset.split(split) else { continue };
        splits.push((split, set.len()));
        for &label in set.labels() {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
    }
    let spread = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    Ok(Verified {
        files,
        splits,
        classes: (counts.len(), spread.0, spread.1),
        sha256: opened.dataset.sha256().into(),
        skipped: opened.skipped,
    })
}
