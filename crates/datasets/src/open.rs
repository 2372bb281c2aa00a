//! From a name to images in memory.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use vimae_core::{Dataset, Group, PixelRange, Settings, Split};

use crate::{
    Card, DATASETS, Error, InMemory, PassedOver, Result, Sources, container,
    fewer::{self, FewerOfFiles, fewer},
    gather::Broken,
    names::{self, Names},
    pixels::{Pixels, pixels},
    stack::Stack,
};

/// How an entry of the catalogue is described, found and opened.
#[derive(Debug, Clone, Copy)]
pub struct BuildDataset {
    /// The text of its `datasets/<name>.toml`.
    pub card: &'static str,
    /// The files that it would read; none where it is not on this machine. One that is embedded reads none.
    pub find: fn(&Request) -> Option<Vec<PathBuf>>,
    /// Reads, verifies and splits it.
    pub open: fn(&Request) -> Result<Opened>,
}

/// What is asked of a data set.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its checked settings.
    pub settings: &'a Settings,
    /// Where its files may be.
    pub sources: &'a Sources,
    /// What follows the colon of its name: `folder:PATH`, `arrays:PATH`, `table:PATH`.
    pub path: Option<&'a str>,
}

impl Request<'_> {
    /// Where its images are: at its path, or where they have been moved to.
    pub(crate) fn place(&self) -> Option<PathBuf> {
        let path = Path::new(self.path?);
        Some(self.sources.moved(path).unwrap_or_else(|| path.into()))
    }

    /// What to say of a path where nothing is; `advice` on what to name, with a mark before it, may be empty. Images may have been moved
    /// since a run was trained on them.
    pub(crate) fn absent(&self, advice: &str) -> String {
        let path = Path::new(self.path.unwrap_or_default());
        let name = path.file_name().filter(|_| path.is_absolute());
        let moved = name.map(|name| format!("; if {0} was moved, name the directory that holds {0} with --data-dir", name.display()));
        format!("{}{advice}{}", container::absent(path), moved.unwrap_or_default())
    }

    /// The error for files that are nowhere.
    pub(crate) fn missing(&self, name: &str, card: &Card) -> Error {
        self.missing_but(name, card, "")
    }

    /// [`Request::missing`], with what is there of them.
    pub(crate) fn missing_but(&self, name: &str, card: &Card, but: &str) -> Error {
        let hint = format!("put {}{but}{}", card.place, self.sources.absent());
        Error::Missing { name: name.into(), hint, looked: self.sources.looked(name) }
    }
}

/// A data set, and how it came to be.
pub struct Opened {
    /// The images.
    pub dataset: Box<dyn Dataset>,
    /// The files and folders that were read.
    pub files: Vec<PathBuf>,
    /// Broken images that were left out, where [`Sources::skip_broken`] or the setting `broken` allows it.
    pub skipped: Vec<Broken>,
    /// Files and folders that are no data, by kind.
    pub passed_over: PassedOver,
    /// What a reader of the results should know of the data, a sentence each.
    pub notes: Vec<String>,
}

/// What a reader has made of its files.
pub(crate) struct Parts<'a> {
    /// The data set's name.
    pub(crate) name: &'a str,
    /// The interval of its pixels.
    pub(crate) range: PixelRange,
    /// How many classes there are.
    pub(crate) classes: usize,
    /// Their names; none where they have none but their numbers.
    pub(crate) class_names: Vec<String>,
    /// Classes that belong together.
    pub(crate) groups: Vec<Group>,
    /// How the images were split, in words: part of the digest.
    pub(crate) rule: &'a str,
    /// The images.
    pub(crate) splits: Vec<(Split, Stack)>,
    /// What to do about a split that is not there; may be empty.
    pub(crate) advice: &'a str,
}

impl Opened {
    /// The splits as the request asks for them: all images, or fewer. Nothing was left out or passed over.
    pub(crate) fn of(request: &Request, parts: Parts) -> Result<Self> {
        Self::of_files(request, parts, Names::new())
    }

    /// [`Opened::of`], of images that are these files.
    pub(crate) fn of_files(request: &Request, parts: Parts, files: Names) -> Result<Self> {
        let Parts { name, range, classes, class_names, groups, rule, splits, advice } = parts;
        let all_train_images = splits.iter().find(|(split, _)| *split == Split::Train).map(|(_, stack)| stack.len());
        let (rule, splits) = fewer(request.settings, rule, splits)?;
        let files = names::left(request.settings, files)?;
        let splits = splits.into_iter().map(|(split, stack)| Ok((split, stack.into_set()?))).collect::<Result<Vec<_>>>()?;
        let Pixels { rule, splits, named } = pixels(request.settings, rule, splits)?;
        let dataset = InMemory::new(name, range, classes, &rule, splits)?.naming(class_names, groups).advising(advice);
        let dataset = Box::new(dataset.with_pixels(named).with_all_train_images(all_train_images).with_files(files));
        Ok(Self { dataset, files: Vec::new(), skipped: Vec::new(), passed_over: PassedOver::default(), notes: Vec::new() })
    }

    /// [`Opened::of`], of a data set whose classes have no names, with the files that were read and the images that
    /// were left out.
    pub(crate) fn new(
        request: &Request,
        name: &str,
        range: PixelRange,
        classes: usize,
        rule: &str,
        splits: Vec<(Split, Stack)>,
        (files, skipped): (Vec<PathBuf>, Vec<Broken>),
    ) -> Result<Self> {
        let parts = Parts { name, range, classes, class_names: Vec::new(), groups: Vec::new(), rule, splits, advice: "" };
        Ok(Self { files, skipped, ..Self::of(request, parts)? })
    }

    /// Says in the log what was left out and passed over, and the notes.
    pub fn announce(&self) {
        let name = self.dataset.name();
        for note in &self.notes {
            tracing::warn!("{name}: {note}");
        }
        if !self.passed_over.is_empty() {
            tracing::info!("{name}: passed over: {}", self.passed_over);
        }
        if let Some(first) = self.skipped.first() {
            let count = self.skipped.len();
            let images = if count == 1 { "image" } else { "images" };
            tracing::warn!("{name}: left out {count} broken {images}, first {}", first.problem);
        }
    }
}

/// The entries of the catalogue whose names take a path: `folder:PATH`.
pub const WITH_PATH: [&str; 3] = ["arrays", "folder", "table"];

/// The entry of the catalogue that a name means, and the path behind its colon.
pub fn parted(name: &str) -> (&str, Option<&str>) {
    match name.split_once(':') {
        Some((entry, path)) if WITH_PATH.contains(&entry) => (entry, Some(path)),
        _ => (name, None),
    }
}

/// Refuses a name that no entry of the catalogue has; one that is a path or a repository of the Hub, with what reads it.
///
/// # Errors
/// [`vimae_core::Error::Unsupported`] for a path; as the catalogue for any other, with the names that there are.
pub fn known(name: &str) -> vimae_core::Result<()> {
    match DATASETS.find(parted(name).0) {
        Err(_) if name.contains(['/', '\\', '.', '~']) => {
            Err(vimae_core::Error::Unsupported { what: format!("data set \"{name}\""), reason: reader(name) })
        }
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

/// Where the datasets of the Hub are shown.
const HUB: &str = "https://huggingface.co/datasets/";

/// What to write for a path, or for the address of a repository on the Hub.
fn reader(name: &str) -> String {
    if let Some(rest) = name.strip_prefix(HUB) {
        let repo: Vec<&str> = rest.split(['/', '?', '#']).take(2).collect();
        let repo = repo.join("/");
        if vimae_core::repository(&repo).is_ok() {
            return format!("a repository of the Hub is named by its owner and name; write table:{repo}");
        }
    }
    if name.to_ascii_lowercase().ends_with(".csv") {
        return "CSV is not read; save the images with numpy.save and write arrays:FILE.npy, or as parquet and write table:FILE.parquet"
            .into();
    }
    format!(
        "put the reader's name before the path: folder:{name} for image files, arrays:{name} for .npz, .npy and idx files, or table:{name} \
         for parquet files and repositories of the Hub"
    )
}

/// The data set of that name, read from `sources`, verified and split.
///
/// # Errors
/// [`Error::Core`] for a name or setting that does not exist, with those that do; [`Error::Missing`] where no
/// source has the files; [`Error::BrokenImage`], [`Error::Digest`], [`Error::Damaged`], [`Error::TooLarge`], [`Error::Refused`] and
/// [`Error::Io`], naming the file.
pub fn open(name: &str, settings: &Map<String, Value>, sources: &Sources) -> Result<Box<dyn Dataset>> {
    let opened = open_reporting(name, settings, sources)?;
    opened.announce();
    Ok(opened.dataset)
}

/// [`open`], with the files that were read and what was left out or passed over, which is not said in the log.
///
/// # Errors
/// As [`open`].
pub fn open_reporting(name: &str, settings: &Map<String, Value>, sources: &Sources) -> Result<Opened> {
    request(name, settings, sources, |build, request| {
        let mut opened = (build.open)(request)?;
        let moved = request.path.and_then(|path| request.sources.moved(Path::new(path)));
        opened.notes.extend(moved.map(|place| format!("is read from {}", place.display())));
        Ok(opened)
    })
}

/// Calls `then` with the entry of that name and the checked request.
pub(crate) fn request<T>(
    name: &str,
    settings: &Map<String, Value>,
    sources: &Sources,
    then: impl FnOnce(&BuildDataset, &Request) -> Result<T>,
) -> Result<T> {
    let (entry, path) = parted(name);
    if path == Some("") {
        return Err(Error::damaged(entry, format!("names no path; write {entry}:PATH")));
    }
    known(name)?;
    let (entry, settings) = DATASETS.check(entry, settings)?;
    // A setting of the data, since it changes what is trained on; in `Sources` for those who only look at it.
    let skip_broken = sources.skip_broken || settings.read::<FewerOfFiles>()?.broken == fewer::Broken::Skip;
    let sources = Sources { skip_broken, ..sources.clone() };
    then(&entry.build, &Request { settings: &settings, sources: &sources, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_an_address_in_the_place_of_a_name_is_told_how_to_write_it() {
        for (name, expected) in [
            ("/data/faces", "put the reader's name before the path: folder:/data/faces for image files"),
            ("mine/Data.CSV", "CSV is not read; save the images with numpy.save and write arrays:FILE.npy"),
            ("https://huggingface.co/datasets/some/faces", "write table:some/faces"),
            ("https://huggingface.co/datasets/some/faces/tree/main", "write table:some/faces"),
        ] {
            let message = known(name).unwrap_err().to_string();
            assert!(message.starts_with(&format!("data set \"{name}\": ")) && message.contains(expected), "{message}");
        }
        for name in ["digits", "folder:/data/faces", "table:some/faces"] {
            known(name).unwrap();
        }
    }
}
