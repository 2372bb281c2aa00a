//! Which tables and folders are in a folder: on this machine, or in a repository that is not here, by the names of its files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::sources::{folder_name, subfolders};

/// The most files of a folder that are looked at.
const FILES: usize = 10_000;

/// Folders of tables.
pub(crate) trait Listing {
    /// The parquet files of a folder, without those of folders in it, in the order of their names.
    fn tables(&self, folder: &Path) -> Vec<PathBuf>;

    /// The folders in a folder that are not hidden, in the order of their names.
    fn folders(&self, folder: &Path) -> Vec<PathBuf>;
}

/// Folders on this machine.
pub(crate) struct Disk;

impl Listing for Disk {
    fn tables(&self, folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(FILES).map(|entry| entry.path());
        let mut files: Vec<PathBuf> = entries.filter(|path| is_table(path)).collect();
        files.sort();
        files
    }

    fn folders(&self, folder: &Path) -> Vec<PathBuf> {
        subfolders(folder)
    }
}

/// Folders of a repository, whose own is the empty path: those that hold a table.
pub(crate) struct Repository(Vec<PathBuf>);

impl Repository {
    /// A repository by the names of all its files.
    pub(crate) fn of(names: &[String]) -> Self {
        let mut tables: Vec<PathBuf> = names.iter().map(PathBuf::from).filter(|path| is_table(path)).collect();
        tables.sort();
        Self(tables)
    }

    /// All tables, wherever they lie.
    pub(crate) fn all(&self) -> &[PathBuf] {
        &self.0
    }
}

impl Listing for Repository {
    fn tables(&self, folder: &Path) -> Vec<PathBuf> {
        self.0.iter().filter(|path| path.parent() == Some(folder)).cloned().collect()
    }

    fn folders(&self, folder: &Path) -> Vec<PathBuf> {
        let inside = self.0.iter().filter_map(|path| {
            let mut parts = path.strip_prefix(folder).ok()?.components();
            let first = parts.next()?;
            parts.next().map(|_| folder.join(first))
        });
        let mut folders: Vec<PathBuf> = inside.filter(|path| !folder_name(path).starts_with('.')).collect();
        // Tables of one folder need not stand beside one another.
        folders.sort();
        folders.dedup();
        folders
    }
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) && !folder_name(path).starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_the_folders_that_it_would_have_here() {
        let names = [
            "README.md",
            "z/train-00001-of-00002.parquet",
            "a.parquet",
            ".hidden.parquet",
            ".cache/x.parquet",
            "z/a/b/0000.PARQUET",
            "z/train-00000-of-00002.parquet",
            "csv/train.csv",
            "y/0.parquet",
        ];
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            fs::write(dir.path().join(name), "").unwrap();
        }
        let listed = Repository::of(&names.map(String::from));
        let here = |found: Vec<PathBuf>| -> Vec<PathBuf> { found.iter().map(|p| p.strip_prefix(dir.path()).unwrap().into()).collect() };
        for folder in ["", "z", "z/a", "z/a/b", "y", "nowhere"] {
            let (folder, disk) = (Path::new(folder), dir.path().join(folder));
            assert_eq!(listed.tables(folder), here(Disk.tables(&disk)), "{}", folder.display());
            // Of folders without tables nothing is known, and nothing is asked.
            let with_tables = here(Disk.folders(&disk)).into_iter().filter(|path| path != Path::new("csv")).collect::<Vec<_>>();
            assert_eq!(listed.folders(folder), with_tables, "{}", folder.display());
        }
        assert_eq!(listed.all().len(), 6);
    }
}
