//! What there is, what of it is on this machine, and whether it is what was published.

use std::path::PathBuf;

use serde_json::{Map, Value};
use vimae_core::Split;

use crate::{
    Card, DATASETS, Opened, PassedOver, Result, Sources, copies,
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
    let listed = DATASETS.entries().into_iter().map(|entry| {
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
    /// Every class.
    pub classes: Vec<Class>,
    /// The digest of pixels, labels and splits, as run records carry it.
    pub sha256: String,
    /// Broken images that were left out.
    pub skipped: Vec<Broken>,
    /// Files and folders that are no data, by kind.
    pub passed_over: PassedOver,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// How many images are copies of others, within splits, across them and across classes; nothing where none is.
    pub copies: Vec<String>,
}

/// A class of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name; its number where it has none.
    pub name: String,
    /// Its images in each split, in the order of [`Verified::splits`].
    pub images: Vec<usize>,
}

impl Verified {
    /// The fewest and the most images of a class over all splits.
    pub fn spread(&self) -> (usize, usize) {
        let totals = || self.classes.iter().map(|class| class.images.iter().sum());
        (totals().min().unwrap_or(0), totals().max().unwrap_or(0))
    }
}

/// Reads a data set in full: every file against its published digest, every image.
///
/// # Errors
/// As [`crate::open`]: the first thing that is wrong, with its file.
pub fn verify(name: &str, settings: &Map<String, Value>, sources: &Sources) -> Result<Verified> {
    let found = request(name, settings, sources, |build, request| Ok((Card::parse(build.card, name)?, (build.find)(request))))?;
    let (card, files) = found;
    let files = files.unwrap_or_default().iter().map(|path| published::report(&card, path)).collect::<Result<_>>()?;
    let Opened { dataset, skipped, passed_over, notes, .. } = open_reporting(name, settings, sources)?;
    // A split that a data set does not have is no error here.
    let there = [Split::Train, Split::Validation, Split::Test].into_iter();
    let there: Vec<_> = there.filter_map(|split| Some((split, dataset.split(split).ok()?))).collect();
    let names = dataset.class_names();
    let mut classes: Vec<Class> = (0..dataset.classes())
        .map(|label| Class { name: names.get(label).cloned().unwrap_or_else(|| label.to_string()), images: vec![0; there.len()] })
        .collect();
    for (at, (_, set)) in there.iter().enumerate() {
        for &label in set.labels() {
            if let Some(count) = classes.get_mut(label as usize).and_then(|class| class.images.get_mut(at)) {
                *count += 1;
            }
        }
    }
    let splits = there.iter().map(|(split, set)| (*split, set.len())).collect();
    Ok(Verified { files, splits, classes, sha256: dataset.sha256().into(), skipped, passed_over, notes, copies: copies::notes(&there) })
}
