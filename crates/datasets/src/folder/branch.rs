//! The folders above images, with how many images each holds.

use std::collections::BTreeMap;

/// The deepest folder that is told from those in it: splits and classes stand far above.
const DEEPEST: usize = 40;

/// A folder.
#[derive(Debug, Default)]
pub(super) struct Branch<'a> {
    /// Images in it.
    pub(super) direct: usize,
    /// Images in it and below.
    pub(super) total: usize,
    /// Every folder in it, with images or without.
    pub(super) all: BTreeMap<&'a str, Branch<'a>>,
}

impl<'a> Branch<'a> {
    /// The root of these images and folders, paths with `/` between folders.
    pub(super) fn of(images: &[&'a str], folders: impl Iterator<Item = &'a str>) -> Self {
        let mut root = Self::default();
        for path in folders {
            root.descend(path, 0);
        }
        for path in images {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            root.descend(folder, 1).direct += 1;
        }
        root
    }

    /// The folder at `path`, made where it is not there; it and all above it hold `more` images.
    fn descend(&mut self, path: &'a str, more: usize) -> &mut Self {
        self.total += more;
        path.split('/').filter(|name| !name.is_empty()).take(DEEPEST).fold(self, |branch, name| {
            let below = branch.all.entry(name).or_default();
            below.total += more;
            below
        })
    }

    /// Folders in it that hold images, at any depth.
    pub(super) fn folders(&self) -> impl Iterator<Item = (&'a str, &Self)> + Clone {
        self.all.iter().filter(|(_, branch)| branch.total > 0).map(|(name, branch)| (*name, branch))
    }

    /// Folders in it that hold none.
    pub(super) fn empty(&self) -> impl Iterator<Item = &'a str> {
        self.all.iter().filter(|(_, branch)| branch.total == 0).map(|(name, _)| *name)
    }
}
