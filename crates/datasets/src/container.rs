//! Files in a folder, a zip or a tar (packed with gzip or not), read without unpacking anything to disk.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use crate::{Error, Result, stream, tree};

/// The most bytes of one member (the largest published one, a batch of CIFAR-10, holds 31 million).
pub const MEMBER: u64 = 32 << 20;
/// The most members, and the most bytes of all members that are read.
const MEMBERS: usize = 2_000_000;
const TOTAL: u64 = 16 << 30;

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

/// What is done with a member: its name, with `/` between folders, and its bytes.
pub type Visit<'a> = dyn FnMut(String, Vec<u8>) -> Result<()> + 'a;

impl Container {
    /// The container at `path`, by its kind and ending.
    pub fn at(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        if path.is_dir() {
            return Some(Self::Folder(path.into()));
        }
        let tar = [".tar", ".tar.gz", ".tgz"].iter().any(|end| name.ends_with(end));
        match path.is_file() {
            true if name.ends_with(".zip") => Some(Self::Zip(path.into())),
            true if tar => Some(Self::Tar(path.into())),
            _ => None,
        }
    }

    /// The folder or file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Zip(path) | Self::Tar(path) => path,
        }
    }

    /// Reads every member whose name is `wanted`. A folder's come in the order of their names, an archive's in its
    /// own order.
    ///
    /// # Errors
    /// [`Error::Damaged`] for an archive that is torn or names a place outside of itself; [`Error::TooLarge`] for
    /// members beyond [`MEMBER`]; whatever `visit` returns.
    pub fn read(&self, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<()> {
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

/// Reads the members of a zip.
///
/// # Errors
/// As [`Container::read`].
pub fn zip(reader: impl Read + Seek, file: &str, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<()> {
    let wrong = |e: zip::result::ZipError| Error::damaged(file, format!("broken zip: {e}"));
    let mut archive = zip::ZipArchive::new(reader).map_err(wrong)?;
    let mut budget = Budget::new(file);
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(wrong)?;
        let name = safe(&member.name().map_err(wrong)?, file)?;
        budget.count()?;
        if member.is_file() && wanted(&name) {
            let size = member.size();
            let bytes = budget.read(&mut member, size, &name)?;
            visit(name, bytes)?;
        }
    }
    Ok(())
}

/// Reads the members of a tar, packed with gzip or not.
///
/// # Errors
/// As [`Container::read`].
pub fn tar(reader: impl BufRead, file: &str, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<()> {
    let wrong = |e: std::io::Error| Error::damaged(file, format!("broken tar: {e}"));
    let mut archive = tar::Archive::new(stream::plain(reader, file)?);
    let mut budget = Budget::new(file);
    let mut long_name = None;
    // Raw: the library would read names of any length into memory.
    for member in archive.entries().map_err(wrong)?.raw(true) {
        let mut member = member.map_err(wrong)?;
        budget.count()?;
        let (kind, size) = (member.header().entry_type(), member.size());
        if kind.is_gnu_longname() {
            let bytes = if size <= 4096 { stream::exactly(&mut member, size as usize, file)? } else { Vec::new() };
            long_name = Some(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned());
            continue;
        }
        let name = match long_name.take() {
            Some(name) => name,
            None => String::from_utf8_lossy(&member.header().path_bytes()).into_owned(),
        };
        // Extended headers of some programs carry names of their own making.
        if kind.is_pax_local_extensions() || kind.is_pax_global_extensions() {
            continue;
        }
        let name = safe(&name, file)?;
        if kind.is_file() && wanted(&name) {
            let bytes = budget.read(&mut member, size, &name)?;
            visit(name, bytes)?;
        }
    }
    if budget.members == 0 {
        return Err(Error::damaged(file, "broken tar: no members"));
    }
    Ok(())
}

fn folder(root: &Path, wanted: &dyn Fn(&str) -> bool, visit: &mut Visit) -> Result<()> {
    let file = root.display().to_string();
    let mut budget = Budget::new(&file);
    for (name, path) in list(root)? {
        budget.count()?;
        if wanted(&name) {
            let size = path.metadata().map_err(|e| Error::io(path.display(), e))?.len();
            let bytes = budget.read(&mut open(&path)?, size, &name)?;
            visit(name, bytes)?;
        }
    }
    Ok(())
}

/// All files below `root`, as name with `/` between folders and path, in the order of names. Links are followed but for
/// those that lead to a folder above them.
///
/// # Errors
/// [`Error::Io`]; [`Error::Damaged`] for folders nested more than 32 deep.
pub fn list(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    tree::walk(root, &|_| true, &mut |found| {
        if let tree::Found::File(name, path) = found {
            files.push((name, path));
        }
    })?;
    files.sort();
    Ok(files)
}

/// What one container may still take.
struct Budget<'a> {
    file: &'a str,
    members: usize,
    bytes: u64,
}

impl<'a> Budget<'a> {
    fn new(file: &'a str) -> Self {
        Self { file, members: 0, bytes: 0 }
    }

    fn count(&mut self) -> Result<()> {
        self.members += 1;
        if self.members > MEMBERS {
            return Err(self.too_large("an archive", "members", self.members as u64, MEMBERS as u64));
        }
        Ok(())
    }

    fn read(&mut self, member: &mut impl Read, size: u64, name: &str) -> Result<Vec<u8>> {
        let place = format!("{}!{name}", self.file);
        if size > MEMBER {
            return Err(Error::TooLarge { file: place, what: "a member", unit: "bytes", size, limit: MEMBER });
        }
        self.bytes += size;
        if self.bytes > TOTAL {
            return Err(self.too_large("members", "bytes", self.bytes, TOTAL));
        }
        let bytes = stream::exactly(member, size as usize, &place)?;
        // Also where the checksum is compared.
        stream::ended(member, &place)?;
        Ok(bytes)
    }

    fn too_large(&self, what: &'static str, unit: &'static str, size: u64, limit: u64) -> Error {
        Error::TooLarge { file: self.file.into(), what, unit, size, limit }
    }
}

/// The name of a member with `/` between folders; one that leads out of the archive is refused, although nothing is
/// ever written under it.
fn safe(name: &str, file: &str) -> Result<String> {
    let name = name.replace('\\', "/");
    let name = name.strip_prefix("./").unwrap_or(&name);
    let outside = name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") || name.get(1..2) == Some(":");
    if outside {
        return Err(Error::damaged(file, format!("holds a member that leads out of it: {name:?}")));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
