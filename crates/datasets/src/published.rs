//! Files held against what was published: on opening, and in a report for `verify`.

use std::{
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
};

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::{Card, Error, Result, card, container, digest::hex, stream};

/// Refuses the file at `path` where it has the size of the published file of its name, and another digest: it is
/// damaged. A file of another size is another edition; its own content is checked by its reader.
pub(crate) fn check(card: &Card, path: &Path) -> Result<()> {
    let Some(file) = published(card, path).filter(|_| path.is_file()) else { return Ok(()) };
    let size = fs::metadata(path).map_err(|e| Error::io(path.display(), e))?.len();
    if file.size != Some(size) {
        return Ok(());
    }
    compare(file, path).map(drop)
}

/// The published file that `path` should be: of the same name, packed or not.
fn published<'a>(card: &'a Card, path: &Path) -> Option<&'a card::File> {
    let name = path.file_name()?.to_str()?;
    let plain = |name: &str| name.to_ascii_lowercase().replace(".idx", "-idx");
    let same = |file: &&card::File| file.name.rsplit('/').next().is_some_and(|f| plain(f) == plain(name));
    // Packed files count by what they unpack to.
    let packed = |file: &&card::File| file.unpacked_sha256.is_some() && plain(name).strip_suffix(".gz") == Some(plain(&file.name).as_str());
    card.files.iter().find(same).or_else(|| card.files.iter().find(packed))
}

/// What `verify` finds of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The file or folder.
    pub path: PathBuf,
    /// Its size in bytes; of a folder, that of all files in it that can be read.
    pub size: u64,
    /// Its SHA-256 (of a folder: of the names and contents of all files in it; of those that cannot be read, of the names).
    pub sha256: String,
    /// What it was compared with.
    pub known: Known,
}

/// What the digest of a file was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The digest that was published with the data set.
    Published,
    /// The name under which the Hub's cache keeps it.
    Hub,
    /// Nothing: no digest of it is known. Its counts are checked all the same.
    Unknown,
    /// The digest that was published under its name, and it is other content. Its counts are checked all the same.
    Other,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Published => "as published",
            Self::Hub => "as the Hub's cache names it",
            Self::Unknown => "no digest of it is known",
            Self::Other => "other content than was published under this name",
        })
    }
}

/// Computes the digest of a file or folder, and holds it against what is known of it.
///
/// # Errors
/// [`Error::Digest`] where it differs; [`Error::Io`].
pub(crate) fn report(card: &Card, path: &Path) -> Result<FileReport> {
    if path.is_dir() {
        return folder(path);
    }
    let size = fs::metadata(path).map_err(|e| Error::io(path.display(), e))?.len();
    let edition = published(card, path).filter(|f| f.size.is_none_or(|s| s == size));
    let mut other = edition.is_none() && published(card, path).is_some_and(|f| f.sha256.is_some() || f.md5.is_some());
    if let Some(file) = edition {
        match compare(file, path) {
            Ok((sha256, true)) => return Ok(FileReport { path: path.into(), size, sha256, known: Known::Published }),
            Ok((_, false)) => {}
            // Where no size was published, other content is another edition as well as damage: a list with fewer lines.
            Err(Error::Digest { .. }) if file.size.is_none() => other = true,
            Err(error) => return Err(error),
        }
    }
    let [sha256, _] = digests(container::open(path)?, path)?;
    let Some(expected) = blob(path) else {
        return Ok(FileReport { path: path.into(), size, sha256, known: if other { Known::Other } else { Known::Unknown } });
    };
    expect(path, "sha256", &expected, &sha256)?;
    Ok(FileReport { path: path.into(), size, sha256, known: Known::Hub })
}

/// The SHA-256 under which the Hub's cache keeps a large file: the name of the blob that a snapshot links to.
fn blob(path: &Path) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    let name = target.file_name()?.to_str()?;
    (name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())).then(|| name.to_ascii_lowercase())
}

fn folder(path: &Path) -> Result<FileReport> {
    let mut state = Sha256::new();
    let mut size = 0;
    for (name, file) in container::list(path)? {
        // Whether a file is missed that cannot be read, such as a link to nothing, the reader of the images says.
        let Ok([sha256, _]) = container::open(&file).and_then(|open| digests(open, &file)) else {
            state.update(format!("{name}\n"));
            continue;
        };
        size += fs::metadata(&file).map_err(|e| Error::io(file.display(), e))?.len();
        state.update(format!("{name} {sha256}\n"));
    }
    Ok(FileReport { path: path.into(), size, sha256: hex(&state.finalize()), known: Known::Unknown })
}

/// The SHA-256 of a file, and whether there was a digest to compare it with.
fn compare(file: &card::File, path: &Path) -> Result<(String, bool)> {
    let [sha256, md5] = digests(container::open(path)?, path)?;
    let mut compared = false;
    for (algorithm, expected, found) in [("sha256", &file.sha256, &sha256), ("md5", &file.md5, &md5)] {
        if let Some(expected) = expected {
            expect(path, algorithm, expected, found)?;
            compared = true;
        }
    }
    if file.unpacked_sha256.is_some() || file.unpacked_md5.is_some() {
        let reader = std::io::BufReader::new(container::open(path)?);
        let [sha256, md5] = digests(stream::plain(reader, &path.display().to_string())?, path)?;
        for (algorithm, expected, found) in [("sha256", &file.unpacked_sha256, sha256), ("md5", &file.unpacked_md5, md5)] {
            if let Some(expected) = expected {
                expect(path, algorithm, expected, &found)?;
                compared = true;
            }
        }
    }
    Ok((sha256, compared))
}

fn expect(path: &Path, algorithm: &'static str, expected: &str, found: &str) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(Error::Digest { file: path.display().to_string(), algorithm, expected: expected.into(), found: found.into() })
}

/// SHA-256 and MD5 of all that `reader` gives.
pub(crate) fn digests(mut reader: impl Read, path: &Path) -> Result<[String; 2]> {
    let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = reader.read(&mut buffer).map_err(|e| Error::io(path.display(), e))?;
        let Some(bytes) = buffer.get(..read).filter(|b| !b.is_empty()) else { break };
        sha256.update(bytes);
        md5.update(bytes);
    }
    Ok([hex(&sha256.finalize()), hex(&md5.finalize())])
}
