//! Where people have CelebA: as published, as torchvision, Kaggle or a browser leave it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::partition::FILES;
use crate::{
    PassedOver, Request,
    member::{self, Member},
};

/// The name of the folder of images, and of archives of it.
pub(super) const IMAGES: &str = "img_align_celeba";
const ARCHIVES: [&str; 4] = [".zip", ".tar", ".tar.gz", ".tgz"];
/// Names that archives of it are downloaded under, without ending; the last only in a folder of the data set's own.
const DOWNLOADED: [&str; 4] = ["celeba-dataset", "celeba_dataset", "celeba", "archive"];

/// The files of one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The folder or archive that holds the images.
    pub(super) images: PathBuf,
    /// The files of the partition, the one to follow first.
    pub(super) partitions: Vec<PathBuf>,
    /// The folder that was looked in, where it is the data set's own.
    own: Option<PathBuf>,
}

impl Place {
    /// What lies beside the images and is not used.
    pub(super) fn beside(&self) -> PassedOver {
        let mut passed = PassedOver::default();
        for (name, path) in self.own.iter().filter(|own| **own != self.images).flat_map(|own| entries(own)) {
            let is_dir = path.is_dir();
            let used = path == self.images || self.images.starts_with(&path) || self.partitions.iter().any(|p| p.starts_with(&path));
            match Member::of(&name) {
                _ if used => {}
                _ if is_dir => passed.add(member::passed_folder(&name).unwrap_or("folder"), 1),
                Member::Image => passed.add("image beside the folder", 1),
                _ => drop(passed.admits(&name)),
            }
        }
        passed
    }
}

/// The first copy in the folders of the data set.
pub(super) fn find(request: &Request, name: &str) -> Option<Place> {
    let begins = |path: &Path| path.file_name().is_some_and(|n| n.to_string_lossy().to_ascii_lowercase().starts_with(name));
    request.sources.folders(name).into_iter().find_map(|folder| {
        if begins(&folder) {
            return in_own(&folder, 2);
        }
        let named = entries(&folder).into_iter().map(|(_, path)| path).filter(|path| path.is_dir() && begins(path));
        in_folder(&folder, false).or_else(|| named.into_iter().find_map(|path| in_own(&path, 2)))
    })
}

/// In a folder of the data set's own, or in folders in it: `CelebA/Img`, `archive` as it was unpacked.
fn in_own(folder: &Path, depth: usize) -> Option<Place> {
    in_folder(folder, true).or_else(|| {
        let below = entries(folder).into_iter().filter(|(name, path)| path.is_dir() && member::passed_folder(name).is_none());
        below.map(|(_, path)| path).find_map(|path| in_own(&path, depth.checked_sub(1)?))
    })
}

fn in_folder(folder: &Path, own: bool) -> Option<Place> {
    let there = entries(folder);
    let named = |wanted: &str| there.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, path)| path.clone());
    let archive = |stem: &str| ARCHIVES.iter().find_map(|end| named(&format!("{stem}{end}")).filter(|path| path.is_file()));
    let images = named(IMAGES).filter(|path| path.is_dir()).and_then(|path| holding(&path));
    let images = images.or_else(|| archive(IMAGES)).or_else(|| {
        let names = if own { &DOWNLOADED[..] } else { DOWNLOADED.get(..DOWNLOADED.len() - 1).unwrap_or(&DOWNLOADED) };
        names.iter().find_map(|name| archive(name))
    });
    // Its siblings are numbered too, in folders of similar names: `celeba_hq/00001.jpg`.
    let bare = || folder.file_name().is_some_and(|name| name.eq_ignore_ascii_case("celeba")) && there.iter().any(|(name, _)| is_face(name));
    let images = images.or_else(|| (own && bare()).then(|| folder.to_path_buf()))?;
    // Google's folders hold it apart: `CelebA/Img/img_align_celeba.zip`, `CelebA/Eval/list_eval_partition.txt`.
    let mut looked = vec![folder.to_path_buf()];
    looked.extend([&images].into_iter().filter(|p| p.is_dir()).cloned());
    looked.extend(images.parent().map(Path::to_path_buf));
    looked.extend(named("Eval"));
    if own && let Some(parent) = folder.parent() {
        looked.extend(entries(parent).into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("Eval")).map(|(_, path)| path));
    }
    let mut partitions: Vec<PathBuf> = Vec::new();
    for dir in looked.iter().filter(|dir| dir.is_dir()) {
        // Two hundred thousand images are not listed for it.
        let listed = if *dir == images { Vec::new() } else { entries(dir) };
        for file in FILES {
            let listed = listed.iter().filter(|(name, _)| name.eq_ignore_ascii_case(file)).map(|(_, path)| path.clone());
            let path = [dir.join(file)].into_iter().chain(listed).find(|path| path.is_file());
            partitions.extend(path.filter(|path| !partitions.contains(path)));
        }
    }
    Some(Place { images, partitions, own: own.then(|| folder.to_path_buf()) })
}

/// The folder with the images: Kaggle's archive holds it within another of the same name. None where it is empty, as a
/// download that did not come about leaves it.
fn holding(folder: &Path) -> Option<PathBuf> {
    let inner = folder.join(IMAGES);
    if inner.is_dir() && !entries(folder).iter().any(|(name, _)| is_face(name)) {
        return holding(&inner);
    }
    fs::read_dir(folder).ok()?.next().map(|_| folder.to_path_buf())
}

/// Whether a file is named like those that were published: `000001.jpg`.
fn is_face(name: &str) -> bool {
    super::number(name).is_some() && name.find('.') == Some(6)
}

/// What is in a folder, in the order of names; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let read = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut there: Vec<_> = read.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect();
    there.sort();
    there
}
