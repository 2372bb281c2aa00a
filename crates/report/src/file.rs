//! Files that appear whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Writes `bytes` to `path`: into a new file beside it, to the disk, then renamed onto it. A reader
/// finds the old file or the new one, whatever happens in between.
///
/// # Errors
/// [`Error::File`] where the folder does not exist or cannot be written; the old file is then unchanged.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_synced(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|e| Error::file(path, e));
    if written.is_err() {
        // The first error is the one to tell; the leftover may not even exist.
        fs::remove_file(&beside).ok();
        return written;
    }
    sync_folder(path.parent().unwrap_or(Path::new("")));
    Ok(())
}

/// Writes the page to `index.html` in `folder`, which is made where it does not exist, and returns the file.
///
/// # Errors
/// [`Error::File`] where the folder cannot be made or written.
pub fn write_page(folder: &Path, html: &str) -> Result<PathBuf> {
    fs::create_dir_all(folder).map_err(|e| Error::file(folder, e))?;
    let path = folder.join("index.html");
    write_whole(&path, html.as_bytes())?;
    Ok(path)
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the rename last through a power cut, on systems where a folder can be synced.
fn sync_folder(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_replaces_the_old_one_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a/b");
        write_page(&dir, "old").unwrap();
        let path = write_page(&dir, "new").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
        assert_eq!(fs::read_dir(dir).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_names_the_file_and_leaves_no_part() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("index.html")).unwrap();
        let error = write_page(folder.path(), "new").unwrap_err();
        assert!(error.to_string().contains("index.html"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
