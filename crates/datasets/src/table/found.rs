//! Which tables a name means, and which of them train, validate and test.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    slice,
};

use vimae_core::Split;

use crate::{
    Container, Error, PassedOver, Request, Result,
    listing::{Disk, Listing},
    sources::{folder_name, may_be_repository, versions},
    tables::{self, Tables, Taken},
    tree::Tree,
};

use super::NAME;

/// The command that brings the tables of a repository, up to its name, as the cards write it.
const FETCH: &str = "cargo xtask data fetch table:";

/// The tables of a data set.
pub(super) enum Found {
    /// One of no split.
    One(PathBuf),
    /// Those of each split, and the folders beside theirs that hold such tables too.
    Splits(Tables, Vec<PathBuf>),
}

pub(super) fn find(request: &Request) -> Option<Vec<PathBuf>> {
    Some(locate(request).ok()?.files()).filter(|files| !files.is_empty())
}

/// The tables of a path, or of a repository in the Hub's cache.
///
/// # Errors
/// [`Error::Missing`] where there is no such path or repository; [`Error::Damaged`] for a path that can be no repository's name, and for
/// one without tables that train, with what it holds instead.
pub(super) fn locate(request: &Request) -> Result<Found> {
    let name = request.path.ok_or_else(|| Error::damaged(NAME, "say which: table:PATH or table:OWNER/NAME"))?;
    let place = request.place().unwrap_or_default();
    if place.is_file() {
        return Ok(Found::One(place));
    }
    let folders = if place.is_dir() { vec![place] } else { request.sources.snapshots_of(name) };
    let mut several = None;
    for folder in &folders {
        // The folder of a repository in a cache holds its snapshots.
        let places: Vec<PathBuf> = versions(folder).into_iter().chain([folder.clone()]).collect();
        match tables::taken(&Disk, &places)? {
            Some(Taken::Splits(_, tables, others)) => return Ok(Found::Splits(tables, others)),
            Some(Taken::One(one)) => return Ok(Found::One(one)),
            // Another snapshot may be what the Hub made of them.
            Some(Taken::Several(all)) => several = several.or(Some((folder, all))),
            None => {}
        }
    }
    if let Some((folder, all)) = several {
        let problem = format!(
            "{}: call them train-*.parquet and test-*.parquet, or give one file, of which every tenth image of a class tests",
            tables::without_splits(&all)
        );
        return Err(Error::damaged(folder.display(), problem));
    }
    Err(match folders.first() {
        Some(folder) => Error::damaged(folder.display(), format!("holds no parquet files to train and to test on{}", instead(folder))),
        None if !may_be_repository(name) => Error::damaged(name, request.absent("; name a parquet file, or a folder of them")),
        None => {
            let hint = format!(
                "it is neither a folder or parquet file nor a data set repository in a Hub cache (HF_HOME, DATA_DIR/hub); `{FETCH}{name}` \
                 brings one{}",
                request.sources.absent()
            );
            Error::Missing { name: format!("{NAME}:{name}"), hint, looked: request.sources.caches().collect() }
        }
    })
}

/// What a folder without tables holds, and what reads that.
fn instead(folder: &Path) -> String {
    let Ok(tree) = Tree::of(&Container::Folder(folder.into())) else { return String::new() };
    match tree.images.len() {
        0 => tree.passed.instead(),
        count => format!("; folder:PATH reads the image files in it ({count})"),
    }
}

impl Found {
    /// All files, training ones first.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.splits().into_iter().flat_map(|(_, files)| files.to_vec()).collect()
    }

    /// The files of each split; of none where there is one file.
    pub(super) fn splits(&self) -> Vec<(Option<Split>, &[PathBuf])> {
        match self {
            Self::One(path) => vec![(None, slice::from_ref(path))],
            Self::Splits(tables, _) => tables.0.iter().map(|(split, files)| (Some(*split), files.as_slice())).collect(),
        }
    }

    /// Whether there is a table of that split.
    pub(super) fn has(&self, split: Split) -> bool {
        self.splits().iter().any(|(there, _)| *there == Some(split))
    }

    /// What a reader should know of other tables that are there.
    pub(super) fn note(&self) -> Option<String> {
        let Self::Splits(_, others) = self else { return None };
        let (first, used) = (others.first()?, self.files());
        let names: Vec<&str> = others.iter().map(|folder| folder_name(folder)).collect();
        let used = used.first()?.parent()?.display().to_string();
        Some(format!("of several folders of tables {used} is read, and not {}: table:{} names one", names.join(", "), first.display()))
    }

    /// Tables beside these that are called after no split.
    pub(super) fn passed(&self) -> PassedOver {
        let (mut passed, used) = (PassedOver::default(), self.files());
        let of_splits = matches!(self, Self::Splits(..));
        let folders: BTreeSet<&Path> = used.iter().filter(|_| of_splits).filter_map(|file| file.parent()).collect();
        for folder in folders {
            passed.add("parquet file of no split", Disk.tables(folder).iter().filter(|file| !used.contains(file)).count());
        }
        passed
    }
}
