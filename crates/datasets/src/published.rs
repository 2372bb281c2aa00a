//! Files held against what was published: on opening, and in a report for `verify`.

use std::{
    fs,
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
    card.file(name).or_else(|| card.file(name.strip_suffix(".gz")?)).or_else(|| card.file(&name.replace(".idx", "-idx")))
}

/// What `verify` finds of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The file or folder.
    pub path: PathBuf,
    /// Its size in bytes; of a folder, that of all files in it.
    pub size: u64,
    /// Its SHA-256 (of a folder: of the names and contents of all files in it).
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
    /// Nothing: no digest of it was published, or it is another edition. Its counts are checked all the same.
    Unknown,
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
    if let Some(file) = edition {
        let (sha256, compared) = compare(file, path)?;
        if compared {
            return Ok(FileReport { path: path.into(), size, sha256, known: Known::Published });
        }
    }
    let [sha256, _] = digests(container::open(path)?, path)?;
    let Some(expected) = blob(path) else {
        return Ok(FileReport { path: path.into(), size, sha256, known: Known::Unknown });
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
        let [sha256, _] = digests(container::open(&file)?, &file)?;
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
