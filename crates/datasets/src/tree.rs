//! The images of a folder or archive, by name, before any of them is read.
//!
//! Links are followed, as torchvision follows them: data sets are often folders of links. A link that leads to a folder
//! above itself would never end, and is passed over.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Container, Error, PassedOver, Result,
    container::{self, MEMBER},
    member::{self, Member},
    stream,
    walk::{DEEPEST, Found, walk},
};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Every image in the order of their names; its path, where it is a file of its own.
    pub(crate) images: Vec<(String, Option<PathBuf>)>,
    /// Every folder that was looked into, with an image or without; of an archive, those that hold a member.
    pub(crate) folders: BTreeSet<String>,
    /// What is no image.
    pub(crate) passed: PassedOver,
    /// Files among that which may hold labels, in the order of their names.
    pub(crate) labels: Vec<String>,
}

impl Tree {
    /// The images in `container`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] for an archive that is torn, or that holds two images of one name.
    pub(crate) fn of(container: &Container) -> Result<Self> {
        let mut tree = match container {
            Container::Folder(root) => Self::of_folder(root)?,
            archive => Self::of_archive(archive)?,
        };
        tree.images.sort();
        tree.labels.sort();
        if let Some([(name, _), _]) = tree.images.windows(2).find(|pair| pair.first().map(|p| &p.0) == pair.last().map(|p| &p.0)) {
            return Err(Error::damaged(container.path().display(), format!("holds two images of the name {name}")));
        }
        Ok(tree)
    }

    fn add(&mut self, name: String, path: Option<PathBuf>) {
        if self.passed.admits(&name) {
            self.images.push((name, path));
        } else if member::may_label(&name) {
            self.labels.push(name);
        }
    }

    fn of_folder(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        walk(root, &|name| member::passed_folder(name).is_none(), &mut |found| match found {
            Found::File(name, path) => tree.add(name, Some(path)),
            Found::Folder(name) => {
                tree.folders.insert(name);
            }
            Found::Unwanted(name) => {
                let kind = name.rsplit('/').next().and_then(member::passed_folder).unwrap_or("folder");
                tree.passed.folder(&name, kind);
            }
            Found::Loop => tree.passed.add("link to a folder above it", 1),
            Found::Special(..) => tree.passed.add("special file (socket, pipe or device)", 1),
        })?;
        Ok(tree)
    }

    fn of_archive(archive: &Container) -> Result<Self> {
        let tree = RefCell::new(Self::default());
        let note = |name: &str| {
            let tree = &mut *tree.borrow_mut();
            tree.add(name.into(), None);
            if !matches!(Member::of(name), Member::Within(..)) {
                // A name of a thousand folders would cost the square of its length.
                let above = name.match_indices('/').take(DEEPEST).filter_map(|(end, _)| name.get(..end));
                tree.folders.extend(above.map(String::from));
            }
        };
        archive.names(&note)?;
        Ok(tree.into_inner())
    }

    /// Reads the images at `wanted`, places in [`Tree::images`]: a folder's in this order, an archive's in its own.
    /// `visit` gets place and bytes, or what is wrong with the file.
    ///
    /// # Errors
    /// As [`Container::read`]; whatever `visit` returns.
    pub(crate) fn read(
        &self,
        container: &Container,
        wanted: &[usize],
        visit: &mut dyn FnMut(usize, Result<Vec<u8>>) -> Result<()>,
    ) -> Result<()> {
        let named = |&place: &usize| self.images.get(place).map(|(name, path)| (place, name.as_str(), path.as_deref()));
        if matches!(container, Container::Folder(_)) {
            return wanted.iter().filter_map(named).try_for_each(|(place, _, path)| path.map_or(Ok(()), |path| visit(place, file(path))));
        }
        let places: BTreeMap<&str, usize> = wanted.iter().filter_map(named).map(|(place, name, _)| (name, place)).collect();
        container.read(&|name| places.contains_key(name), &mut |name, bytes| match places.get(name.as_str()) {
            Some(&place) => visit(place, bytes),
            None => Ok(()),
        })?;
        Ok(())
    }
}

/// The bytes of a file.
fn file(path: &Path) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    let size = fs::metadata(path).map_err(|e| Error::io(&name, e))?.len();
    if size > MEMBER {
        return Err(Error::TooLarge { file: name, what: "a file", unit: "bytes", size, limit: MEMBER });
    }
    let mut open = container::open(path)?;
    let bytes = stream::exactly(&mut open, size as usize, &name)?;
    stream::ended(&mut open, &name)?;
    Ok(bytes)
}
