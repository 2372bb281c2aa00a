//! Where an output goes: never on top of another without being told, and whole or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::parts;
use crate::{Error, Result};

/// A file or folder to write.
#[derive(Debug, Clone, Copy)]
pub struct Out<'a> {
    /// Its path; what its name ends in says what is written.
    pub path: &'a Path,
    /// Whether a file that is there is replaced. A folder that holds something never is.
    pub overwrite: bool,
}

impl Out<'_> {
    /// Refuses a place where something is. Clears away what killed processes left beside one where nothing is.
    ///
    /// # Errors
    /// [`Error::Exists`].
    pub(crate) fn check(&self) -> Result<()> {
        let (occupied, replaceable) = match fs::read_dir(self.path) {
            Ok(mut entries) => (entries.next().is_some(), false),
            Err(_) => (self.path.exists() && !self.overwrite, true),
        };
        if occupied {
            return Err(Error::Exists { path: self.path.into(), replaceable });
        }
        parts::sweep(self.path);
        Ok(())
    }

    /// What its name ends in, in small letters; empty for a folder.
    pub(super) fn ending(&self) -> String {
        self.path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
    }

    /// An error that names it.
    pub(super) fn wrong(&self, problem: impl ToString) -> Error {
        Error::Output { path: self.path.into(), problem: problem.to_string() }
    }
}

/// A folder that is filled beside its place, and gets its name when it is whole.
#[derive(Debug)]
pub(crate) struct WholeFolder {
    place: PathBuf,
    /// None once it has its name.
    beside: Option<PathBuf>,
}

impl WholeFolder {
    pub(crate) fn create(out: &Out<'_>) -> Result<Self> {
        out.path.file_name().ok_or_else(|| out.wrong("is no name of a folder"))?;
        let beside = parts::beside(out.path);
        fs::create_dir_all(&beside).map_err(|e| out.wrong(e))?;
        Ok(Self { place: out.path.into(), beside: Some(beside) })
    }

    /// Writes one file, in folders of its own where its name has some.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let Some(beside) = &self.beside else { return Ok(()) };
        let _writing = parts::writing();
        let path = beside.join(name);
        let folder = path.parent().unwrap_or(beside);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes));
        written.map_err(|e| Error::Output { path: self.place.join(name), problem: e.to_string() })
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        let wrong = |e: std::io::Error| Error::Output { path: self.place.clone(), problem: e.to_string() };
        let Some(beside) = self.beside.take() else { return Ok(()) };
        let _writing = parts::writing();
        // An empty folder may stand there; one that holds something stays, and this fails.
        drop(fs::remove_dir(&self.place));
        fs::rename(&beside, &self.place).map_err(|e| {
            drop(fs::remove_dir_all(&beside));
            wrong(e)
        })
    }
}

impl Drop for WholeFolder {
    fn drop(&mut self) {
        if let Some(beside) = self.beside.take() {
            drop(fs::remove_dir_all(beside));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.npy");
        let out = |path: &Path, overwrite| Out { path, overwrite }.check();
        assert!(out(&file, false).is_ok());
        fs::write(&file, "1").unwrap();
        assert!(matches!(out(&file, false), Err(Error::Exists { path, replaceable: true }) if path == file));
        assert!(out(&file, true).is_ok());
        assert!(matches!(out(folder.path(), true), Err(Error::Exists { replaceable: false, .. })), "a folder that holds something");
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        assert!(out(&empty, false).is_ok());
    }

    #[test]
    fn a_folder_that_is_not_finished_does_not_appear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images");
        let out = Out { path: &path, overwrite: false };
        let whole = WholeFolder::create(&out).unwrap();
        whole.write("a/0.png", b"1").unwrap();
        drop(whole);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let whole = WholeFolder::create(&out).unwrap();
        whole.write("a/0.png", b"1").unwrap();
        whole.finish().unwrap();
        assert_eq!(fs::read(path.join("a/0.png")).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
