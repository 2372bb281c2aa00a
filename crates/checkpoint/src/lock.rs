//! The lock of a run: one process at a time works in its directory.

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

/// How long to retry a held lock before it counts as taken: another process may only be checking it.
const GLANCE: Duration = Duration::from_millis(200);
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// The words before the process id and before the host's name in the lock file.
const PROCESS: &str = "process ";
const MACHINE: &str = " on ";

/// The holder of a lock, as the lock file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    fn read(path: &Path) -> Self {
        Self(fs::read_to_string(path).unwrap_or_default().trim().to_owned())
    }

    /// The process id, if the process runs on this host.
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

/// The right to write into a run's directory, held until dropped. The operating system releases the lock when the process
/// ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// The name of the lock's file in the directory.
    pub const FILE: &'static str = ".lock";

    /// Takes the lock of the directory `folder`, and creates the directory if it does not exist.
    ///
    /// # Errors
    /// Returns [`Error::Locked`] with the owner if another process holds the lock, and [`Error::File`] if the lock file
    /// cannot be written.
    pub fn take(folder: &Path) -> Result<Self> {
        Self::take_within(folder, GLANCE)
    }

    /// Takes the lock of the directory `folder`, and waits up to `patience` while another process holds it: a process that
    /// was told to stop first saves its state.
    ///
    /// # Errors
    /// As [`RunLock::take`].
    pub fn take_within(folder: &Path, patience: Duration) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let path = folder.join(Self::FILE);
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path).map_err(Error::file(&path))?;
        let began = Instant::now();
        while !taken(&file, &path)? {
            if began.elapsed() >= patience {
                let owner = Owner::read(&path).to_string();
                return Err(Error::Locked { path, owner });
            }
            sleep(BETWEEN_TRIES);
        }
        // The owner is for people to read; the lock does not depend on it.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{PROCESS}{}{MACHINE}{}", std::process::id(), host()));
        Ok(Self { _file: file })
    }

    /// The current holder of the lock of `folder`, or `None`. It may change right after the call.
    pub fn owner(folder: &Path) -> Option<Owner> {
        Self::is_held(folder).then(|| Owner::read(&folder.join(Self::FILE)))
    }

    /// Whether a process holds the lock of `folder`. It may change right after the call.
    pub fn is_held(folder: &Path) -> bool {
        File::open(folder.join(Self::FILE)).is_ok_and(|file| match FileExt::try_lock_shared(&file) {
            Ok(free) => !free,
            // Without locks, the holder is the process that the file names, where that can be asked for.
            Err(_) => {
                Owner::read(&folder.join(Self::FILE)).process_here().is_some_and(|process| Path::new(&format!("/proc/{process}")).exists())
            }
        })
    }
}

/// Set to 1, directories whose file system has no locks are worked in without one.
const WITHOUT: &str = "VIMAE_NO_LOCK";

/// Whether the lock was free and is taken now.
fn taken(file: &File, path: &Path) -> Result<bool> {
    match file.try_lock_exclusive() {
        Err(source) if has_no_locks(&source) => match std::env::var_os(WITHOUT).is_some_and(|value| value == "1") {
            true => Ok(true),
            false => Err(Error::NoLocks { path: path.into(), source }),
        },
        tried => tried.map_err(Error::file(path)),
    }
}

/// Whether a file system has no locks, or its lock server does not answer.
pub fn has_no_locks(error: &std::io::Error) -> bool {
    // ENOSYS and ENOLCK have these numbers on Linux; ENOTSUP is `Unsupported`.
    error.kind() == std::io::ErrorKind::Unsupported || (cfg!(target_os = "linux") && matches!(error.raw_os_error(), Some(37 | 38)))
}

/// The name of this host, or "this machine" if it is unknown.
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
