//! One process a run.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use fs4::fs_std::FileExt;

use crate::{Error, Result};

/// How long a lock that is held is tried again before it counts as taken: someone may only be looking.
const GLANCE: Duration = Duration::from_millis(200);
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

const LOCK: &str = ".lock";
/// What stands in the file, before the number and before the machine.
const PROCESS: &str = "process ";
const MACHINE: &str = " on ";

/// Who holds a lock, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    fn read(path: &Path) -> Self {
        Self(fs::read_to_string(path).unwrap_or_default().trim().to_owned())
    }

    /// The number of the process, where it runs on this machine.
    pub fn process_here(&self) -> Option<u32> {
        let (process, machine) = self.0.strip_prefix(PROCESS)?.split_once(MACHINE)?;
        (machine == host()).then(|| process.parse().ok())?
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
        Self::take_within(folder, GLANCE)
    }

    /// Takes the lock of `folder`, and waits for at most `patience` while another process has it: one that was told to
    /// stop saves its state first.
    ///
    /// # Errors
    /// As [`RunLock::take`].
    pub fn take_within(folder: &Path, patience: Duration) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let path = folder.join(LOCK);
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path).map_err(Error::file(&path))?;
        let began = Instant::now();
        while !file.try_lock_exclusive().map_err(Error::file(&path))? {
            if began.elapsed() >= patience {
                let owner = Owner::read(&path).to_string();
                return Err(Error::Locked { path, owner });
            }
            sleep(BETWEEN_TRIES);
        }
        // Who holds it is for people; the lock itself does not depend on it.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{PROCESS}{}{MACHINE}{}", std::process::id(), host()));
        Ok(Self { _file: file })
    }

    /// Who has the lock of `folder` now; nothing where nobody has. The answer may be old when it is read.
    pub fn owner(folder: &Path) -> Option<Owner> {
        Self::is_held(folder).then(|| Owner::read(&folder.join(LOCK)))
    }

    /// Whether some process has the lock of `folder` now. The answer may be old when it is read.
    pub fn is_held(folder: &Path) -> bool {
        File::open(folder.join(LOCK)).is_ok_and(|file| matches!(FileExt::try_lock_shared(&file), Ok(false)))
    }
}

/// This machine's name, as far as it says.
pub fn host() -> String {
    let named = fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "this machine".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!RunLock::is_held(folder.path()));
        let first = RunLock::take(folder.path()).unwrap();
        assert!(RunLock::is_held(folder.path()));
        assert_eq!(RunLock::owner(folder.path()).unwrap().process_here(), Some(std::process::id()));
        assert_eq!(Owner("process 12 on another machine".into()).process_here(), None);
        let owned = format!("process {} on ", std::process::id());
        assert!(matches!(RunLock::take(folder.path()), Err(Error::Locked { owner, .. }) if owner.starts_with(&owned)));
        drop(first);
        assert_eq!(RunLock::owner(folder.path()), None);
        RunLock::take(folder.path()).unwrap();
    }
}
