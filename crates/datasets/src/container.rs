//! Files in a folder, a zip or a tar (packed with gzip or not), read without unpacking anything to disk.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use crate::{Error, Result, foreign, walk};
use budget::Budget;

mod budget;
mod links;
mod tar;
mod visit;
mod zip;

pub use budget::Passed;
pub use visit::{MEMBER, Visit};

/// Where members come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Container {
    /// A folder, with what is in its folders.
    Folder(PathBuf),
    /// A zip file.
    Zip(PathBuf),
    /// A tar file.
    Tar(PathBuf),
}

impl Container {
    /// The container at `path`, by its kind and ending.
    pub fn at(path: &Path) -> Option<Self> {
        // Before its name: `.`, `..` and `/` have none.
        if path.is_dir() {
            return Some(Self::Folder(path.into()));
        }
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let tar = [".tar", ".tar.gz", ".tgz"].iter().any(|end| name.ends_with(end));
        match path.is_file() {
            true if name.ends_with(".zip") => Some(Self::Zip(path.into())),
            true if tar => Some(Self::Tar(path.into())),
            _ => None,
        }
    }

    /// The container at `path`.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there is none, with what is there instead.
    pub fn open(path: &Path) -> Result<Self> {
        let wrong = || if path.exists() { unknown(path) } else { absent(path) };
        Self::at(path).ok_or_else(|| Error::damaged(path.display(), wrong()))
    }

    /// The folder or file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Zip(path) | Self::Tar(path) => path,
        }
    }

    /// Reads every member whose name is `wanted`. A folder's come in the order of their names, an archive's in its
    /// own order, links within it last. Says what was passed over, and warns of it in one line.
    ///
    /// `visit` gets an error for a member that alone cannot be read: [`Error::Refused`] where it is packed by another method
    /// or encrypted, [`Error::TooLarge`] beyond [`MEMBER`], [`Error::Damaged`] where its checksum is wrong or it is a
    /// link to nothing.
    ///
    /// # Errors
    /// [`Error::Damaged`] for an archive that is torn, cut short before its end, or names a place outside of itself;
    /// [`Error::Refused`] for wanted members that are sparse or there twice; whatever `visit` returns.
    pub fn read(&self, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<Passed> {
        let passed = self.members(wanted, visit)?;
        if !passed.is_empty() {
            tracing::warn!("{}: passed over {passed}", self.path().display());
        }
        Ok(passed)
    }

    /// Calls `note` with the name of every file in it, and reads none.
    ///
    /// # Errors
    /// As [`Container::read`].
    pub fn names(&self, note: &dyn Fn(&str)) -> Result<()> {
        let unwanted = |name: &str| {
            note(name);
            false
        };
        // What is passed over is said by the reading that follows.
        self.members(&unwanted, &mut |_, _| Ok(())).map(drop)
    }

    /// A file in it as errors name it: its path, or `archive!name`.
    pub(crate) fn name_of(&self, file: &str) -> String {
        match self {
            Self::Folder(root) => root.join(file).display().to_string(),
            archive => format!("{}!{file}", archive.path().display()),
        }
    }

    /// The content of the file `name` in it; none where there is no such.
    ///
    /// # Errors
    /// As [`Container::read`].
    pub(crate) fn file(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let mut content = None;
        self.members(&|member| member == name, &mut |_, bytes| {
            content = Some(bytes?);
            Ok(())
        })?;
        Ok(content)
    }

    fn members(&self, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<Passed> {
        let file = self.path().display().to_string();
        match self {
            Self::Folder(path) => folder(path, wanted, visit),
            Self::Zip(path) => zip(BufReader::new(open(path)?), &file, wanted, visit),
            Self::Tar(path) => tar(BufReader::with_capacity(1 << 16, open(path)?), &file, wanted, visit),
        }
    }
}

pub(crate) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| Error::io(path.display(), e))
}

/// Reads the members of a zip: stored or packed with Deflate, with 64-bit sizes or not, with data descriptors or not.
///
/// # Errors
/// As [`Container::read`].
pub fn zip(mut reader: impl Read + Seek, file: &str, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<Passed> {
    let (passed, links) = self::zip::read(&mut reader, file, wanted, visit)?;
    if !links.is_empty() {
        links::follow(&links, file, visit, |wanted, visit| self::zip::read(&mut reader, file, wanted, visit).map(drop))?;
    }
    Ok(passed)
}

/// Reads the members of a tar, packed with gzip or not: names in pax, GNU and ustar form, one archive or several behind
/// one another.
///
/// # Errors
/// As [`Container::read`].
pub fn tar(mut reader: impl BufRead + Seek, file: &str, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<Passed> {
    let (passed, links) = self::tar::read(&mut reader, file, wanted, visit)?;
    if !links.is_empty() {
        reader.rewind().map_err(|e| Error::io(file, e))?;
        links::follow(&links, file, visit, |wanted, visit| self::tar::read(&mut reader, file, wanted, visit).map(drop))?;
    }
    Ok(passed)
}

/// What to say of a path where nothing is.
pub(crate) fn absent(path: &Path) -> String {
    format!("does not exist{}", unexpanded(path))
}

/// What to say of a `~` in a path: the shell expands it at the beginning of a word alone, which `folder:~/images` is not.
fn unexpanded(path: &Path) -> &'static str {
    let home = path.components().any(|part| part.as_os_str() == "~");
    if home { ": a shell leaves ~ behind a colon as it is; write $HOME" } else { "" }
}

/// What to say of a file that is no container: how it is packed, where that is known, and the way round.
fn unknown(path: &Path) -> String {
    const PACKED: [(&[u8], &str); 6] = [
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!", "RAR"),
        (b"\x1f\x8b", "gzip"),
    ];
    let mut start = Vec::new();
    let read =
        open(path).and_then(|file| file.take(foreign::START as u64).read_to_end(&mut start).map_err(|e| Error::io(path.display(), e)));
    match PACKED.iter().find(|(magic, _)| read.is_ok() && start.starts_with(magic)) {
        Some((_, "gzip")) => "is packed with gzip and is no tar by its name; call it .tar.gz if it is one".into(),
        Some((_, packing)) => format!("is packed with {packing}, which is not read; unpack it, or pack it again as a zip or a .tar.gz"),
        None => foreign::described(&start).unwrap_or("is neither a folder, a zip nor a tar").into(),
    }
}

fn folder(root: &Path, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<Passed> {
    let file = root.display().to_string();
    let mut budget = Budget::new(&file);
    let mut passed = Passed::default();
    for (name, path) in entries(root, true)? {
        budget.count()?;
        if wanted(&name) {
            let bytes = match size(&path) {
                Ok(size) => budget.admits(size, &name)?.and_then(|()| budget.read(&mut open(&path)?, size, &name)),
                Err(error) => Err(error),
            };
            visit(name, bytes)?;
        } else if path.metadata().is_ok_and(|found| !found.is_file()) {
            passed.devices += 1;
        }
    }
    Ok(passed)
}

/// The size of a file; no other thing has one, for opening a pipe would wait for a writer.
fn size(path: &Path) -> Result<u64> {
    let found = path.metadata().map_err(|e| Error::io(path.display(), e))?;
    if found.is_file() { Ok(found.len()) } else { Err(Error::damaged(path.display(), "a device, pipe or socket, not a file")) }
}

/// All files below `root`, as name with `/` between folders and path, in the order of names. Links are followed but for
/// those that lead to a folder above them.
///
/// # Errors
/// [`Error::Io`]; [`Error::Damaged`] for folders nested more than 32 deep.
pub fn list(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    entries(root, false)
}

/// All files below `root` in the order of names, with or without pipes, devices and sockets.
fn entries(root: &Path, special: bool) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    walk::walk(root, &|_| true, &mut |found| match found {
        walk::Found::File(name, path) => files.push((name, path)),
        walk::Found::Special(name, path) if special => files.push((name, path)),
        _ => {}
    })?;
    files.sort();
    Ok(files)
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
