//! What a folder or archive without images holds instead, and what reads it.

use std::{io::Read, path::Path};

use crate::{Container, container, foreign, tree::Tree};

/// The most files that are looked into.
const FILES: usize = 100;

/// What is there in place of images, as it follows "holds no image files": by the names of files, and by what those without an ending begin
/// with, as the pickles `train` and `test` of CIFAR-100.
pub(super) fn instead(tree: &Tree, container: &Container) -> String {
    let known = match container {
        Container::Folder(root) => without_ending(root),
        Container::Zip(_) | Container::Tar(_) => None,
    };
    let known = known.map_or_else(String::new, |known| format!("; {known}"));
    format!("{}{known}", tree.passed.instead())
}

/// The first file without an ending whose format is known, and what is said of it.
fn without_ending(root: &Path) -> Option<String> {
    let files = container::list(root).ok()?.into_iter();
    let bare = files.filter(|(name, _)| !name.rsplit('/').next().unwrap_or(name).contains('.'));
    bare.take(FILES).find_map(|(name, path)| {
        let mut start = Vec::new();
        container::open(&path).ok()?.take(foreign::START as u64).read_to_end(&mut start).ok()?;
        foreign::known(&start).map(|what| format!("{name} {what}"))
    })
}
