//! Atomic writes: a file is written under a temporary name, synced and renamed.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use crate::{Error, Result};

/// Writes `bytes` to `path`, whole or not at all. Creates missing parent directories.
///
/// # Errors
/// Returns [`Error::File`] with the file or directory at fault. An earlier file at `path` stays.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, true)
}

/// Writes like [`write()`], but does not wait for the disk. Use it for files that are written often and may be lost in a
/// power cut.
///
/// # Errors
/// As [`write()`].
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, false)
}

fn replace(path: &Path, bytes: &[u8], sync: bool) -> Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(Error::file(parent))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A run has one writer at a time, so the temporary name only has to differ between processes.
    let beside = parent.join(format!(".{name}.{}.part", std::process::id()));
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        if sync {
            file.sync_all()?;
        }
        fs::rename(&beside, path)
    })();
    if let Err(source) = written {
        let _ = fs::remove_file(&beside);
        return Err(Error::file(path)(source));
    }
    // The rename itself must survive a power cut. Some file systems cannot sync directories.
    if sync && let Ok(directory) = File::open(parent) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// Removes what processes that were killed left of files that they wrote into `folder`. The caller holds the folder's lock,
/// so that no other process is at it.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let part = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".part")?.rsplit_once('.')?.1.parse().ok());
        if part.is_some_and(|process: u32| process != std::process::id()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_file_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/x.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        write_unsynced(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn parts_of_other_processes_are_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let own = format!(".x.json.{}.part", std::process::id());
        for name in [".x.json.1.part", ".checkpoint.safetensors.4294967295.part", &own, "x.part", ".x.part", ".part", "x.json"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        sweep(folder.path());
        let mut left: Vec<String> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        let mut expected = [own.as_str(), ".x.part", ".part", "x.json", "x.part"].map(str::to_owned);
        expected.sort();
        assert_eq!(left, expected);
        sweep(&folder.path().join("absent"));
    }

    #[test]
    fn a_refusal_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let refused = |name: &str| write(&folder.path().join(name), b"").unwrap_err();
        let error = refused("file/x.json");
        assert!(matches!(&error, Error::File { path, .. } if path.starts_with(folder.path().join("file"))), "{error}");
        assert!(error.to_string().ends_with("file: is a file, and a directory is needed there; give another place"), "{error}");
        assert!(refused("file/below/x.json").to_string().contains("lies below a file"), "{}", refused("file/below/x.json"));
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(refused("folder").to_string().contains("is a directory, and a file is needed there"), "{}", refused("folder"));
    }
}
