//! What lies in a folder and in those below it.
//!
//! Links are followed, as torchvision follows them: data sets are often folders of links. A link that leads to a folder
//! above itself would never end, and is passed over.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// The deepest folder below the root.
pub(crate) const DEEPEST: usize = 32;

/// Something that [`walk`] comes by: its name below the root, with `/` between folders.
pub(crate) enum Found {
    /// A file, or a link to one.
    File(String, PathBuf),
    /// A folder that is looked into.
    Folder(String),
    /// A folder that is not looked into.
    Unwanted(String),
    /// A link to a folder above it.
    Loop,
    /// A socket, device or pipe.
    Special(String, PathBuf),
}

/// Looks through a folder, and through those of its folders whose name is `wanted`; in no order.
///
/// # Errors
/// [`Error::Io`]; [`Error::Damaged`] for folders nested more than 32 deep.
pub(crate) fn walk(root: &Path, wanted: &dyn Fn(&str) -> bool, found: &mut dyn FnMut(Found)) -> Result<()> {
    // Where the folders above really are: only a link can lead back to one of them.
    let real = fs::canonicalize(root).map_err(|e| Error::io(root.display(), e))?;
    let mut open = vec![(String::new(), root.to_path_buf(), vec![real])];
    while let Some((prefix, folder, above)) = open.pop() {
        if above.len() > DEEPEST {
            return Err(Error::damaged(folder.display(), "folders nested more than 32 deep"));
        }
        let wrong = |e| Error::io(folder.display(), e);
        for entry in fs::read_dir(&folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let (path, file) = (entry.path(), entry.file_name());
            let file = file.to_string_lossy();
            let name = format!("{prefix}{file}");
            let kind = entry.file_type().map_err(wrong)?;
            let link = kind.is_symlink();
            // A link to nothing is a file: reading it says what is wrong.
            let (is_dir, is_file) = match link.then(|| fs::metadata(&path)) {
                Some(Ok(target)) => (target.is_dir(), target.is_file()),
                Some(Err(_)) => (false, true),
                None => (kind.is_dir(), kind.is_file()),
            };
            if !is_dir {
                found(if is_file { Found::File(name, path) } else { Found::Special(name, path) });
                continue;
            }
            if !wanted(&file) {
                found(Found::Unwanted(name));
                continue;
            }
            let real = match (link, above.last()) {
                (false, Some(parent)) => parent.join(entry.file_name()),
                _ => fs::canonicalize(&path).map_err(|e| Error::io(path.display(), e))?,
            };
            if link && above.contains(&real) {
                found(Found::Loop);
                continue;
            }
            let mut below = above.clone();
            below.push(real);
            open.push((format!("{name}/"), path, below));
            found(Found::Folder(name));
        }
    }
    Ok(())
}
