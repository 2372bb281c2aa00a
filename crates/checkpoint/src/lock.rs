//! One process a run.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
};

use fs4::fs_std::FileExt;

use crate::{Error, Result};

/// The right to write into a run's folder, held until dropped. The operating system frees it when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock of `folder`, which is made where absent.
    ///
    /// # Errors
    /// [`Error::Locked`] with its owner where another process has it; [`Error::File`].
    pub fn take(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let path = folder.join(".lock");
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path).map_err(Error::file(&path))?;
        if !file.try_lock_exclusive().map_err(Error::file(&path))? {
            let owner = fs::read_to_string(&path).unwrap_or_default();
            return Err(Error::Locked { path, owner: owner.trim().to_owned() });
        }
        // Who holds it is for people; the lock itself does not depend on it.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "process {}", std::process::id()));
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunLock::take(folder.path()).unwrap();
        let message = RunLock::take(folder.path()).unwrap_err().to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        drop(first);
        RunLock::take(folder.path()).unwrap();
    }
}
