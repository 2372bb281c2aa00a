//! Where people have MNIST: as published, as torchvision, Keras, Kaggle or the Hub leave it.

use std::path::{Path, PathBuf};

use super::{IDX, NAME};
use crate::{
    Card, Error, Request, Result, downloaded,
    sources::{called, file_in, folder_name, subfolders},
    tables::{self, Tables},
};

const REPOS: [&str; 2] = ["ylecun/mnist", "mnist"];
const CONFIGURATION: &str = "mnist";
const ALL: [u64; 2] = [60_000, 10_000];
const NPZ: &str = "mnist.npz";
/// Tensors as torchvision kept them.
const PROCESSED: [&str; 2] = ["training.pt", "test.pt"];
/// Names that archives of it are downloaded under, without ending.
const DOWNLOADED: [&str; 3] = ["mnist-dataset", "mnist_dataset", "mnist"];

/// The files, and what they are.
pub(super) enum Form {
    Idx(Vec<PathBuf>),
    /// An archive, with the names of the idx files in it.
    Archive(PathBuf, [String; 4]),
    Npz(PathBuf),
    Tables(Tables),
}

impl Form {
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Idx(files) => files.clone(),
            Self::Archive(file, _) | Self::Npz(file) => vec![file.clone()],
            Self::Tables(tables) => tables.files(),
        }
    }
}

/// The first form in the folders of the data set, archives last, or on the Hub's shelf.
///
/// # Errors
/// Those of an archive or of tables that are damaged.
pub(super) fn locate(request: &Request) -> Result<Option<Form>> {
    let folders = request.sources.folders(NAME);
    let unpacked = folders.iter().find_map(|folder| {
        let idx: Option<Vec<PathBuf>> = IDX.iter().map(|name| idx_file(folder, name)).collect();
        idx.map(Form::Idx).or_else(|| file_in(folder, &[NPZ]).map(Form::Npz))
    });
    if unpacked.is_some() {
        return Ok(unpacked);
    }
    for folder in &folders {
        let Some(path) = downloaded::archive(folder, &DOWNLOADED, called(folder, NAME)) else { continue };
        if let Some(members) = idx_members(&path)? {
            return Ok(Some(Form::Archive(path, members)));
        }
    }
    Ok(tables::published(request.sources, NAME, &REPOS, CONFIGURATION, ALL)?.map(Form::Tables))
}

/// The ways of writing an idx file's name: with a dot or a dash, packed or not.
fn spelled(name: &str) -> [String; 4] {
    let dotted = name.replace("-idx", ".idx");
    [name.to_owned(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")]
}

/// An idx file of a folder; also in a folder of its own name, as what Kaggle packs is unpacked.
fn idx_file(folder: &Path, name: &str) -> Option<PathBuf> {
    let spelled = spelled(name);
    let names = spelled.each_ref().map(String::as_str);
    file_in(folder, &names).or_else(|| {
        let named = |path: &PathBuf| names.iter().any(|name| folder_name(path).eq_ignore_ascii_case(name));
        subfolders(folder).into_iter().filter(named).find_map(|inside| file_in(&inside, &names))
    })
}

/// The members of an archive that are the four idx files; none where one of them is not there.
fn idx_members(path: &Path) -> Result<Option<[String; 4]>> {
    let found = downloaded::members(path)?;
    // Kaggle's archive has each twice, under either way of writing.
    let member = |name: &str| spelled(name).iter().find_map(|name| found.iter().find(|member| is_called(member, name))).cloned();
    let members: Option<Vec<String>> = IDX.into_iter().map(member).collect();
    Ok(members.and_then(|members| members.try_into().ok()))
}

fn is_called(member: &str, name: &str) -> bool {
    member.rsplit('/').next().is_some_and(|file| file.eq_ignore_ascii_case(name))
}

/// The error for files that are nowhere, with what is there of them: some idx files without the others, archives without
/// them or in another place, torchvision's tensors.
pub(super) fn missing(request: &Request, card: &Card) -> Error {
    let some = request.sources.folders(NAME).into_iter().find_map(|folder| {
        let (there, not): (Vec<&str>, Vec<&str>) = IDX.iter().partition(|name| idx_file(&folder, name).is_some());
        if !there.is_empty() {
            return Some(format!("; {} holds {} but not {}", folder.display(), there.join(", "), not.join(", ")));
        }
        let own = called(&folder, NAME);
        if let Some(path) = downloaded::archive(&folder, &DOWNLOADED, own) {
            return Some(format!("; {} does not hold the four idx files", path.display()));
        }
        if let Some(path) = downloaded::archive(&folder, &DOWNLOADED, true).filter(|path| matches!(idx_members(path), Ok(Some(_)))) {
            return Some(format!("; {} is read in a folder {NAME}", path.display()));
        }
        // What torchvision before 0.10 kept beside `raw`, from which it was made.
        let tensors = [folder.join("processed"), folder.join("../processed"), folder.clone()];
        let tensors = tensors.into_iter().find(|folder| PROCESSED.iter().any(|name| folder.join(name).is_file()))?;
        let what = "PyTorch's pickles of an older torchvision, which are not read: put the files of `raw` there, which they were made from";
        Some(format!("; {} holds {}, {what}", tensors.display(), PROCESSED.join(" and ")))
    });
    request.missing_but(NAME, card, &some.unwrap_or_default())
}
