//! Images that were decoded and resized once, kept as bytes.
//!
//! A file of the cache: a line of JSON that says shape, count, digest and what else its reader wants to know, then labels
//! (32-bit little endian), then pixels. It appears whole or not at all, and is made again where it does not match its
//! digest. Where it cannot be written, images are prepared each time: that costs time and nothing else.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vimae_core::ImageShape;

use crate::{DECODER, Error, Result, Sources, container, digest::hex, published, stack::Stack, stream};

/// The place of one preparation in the cache: nowhere where nothing is kept.
pub(crate) struct Key(Option<PathBuf>);

#[derive(Serialize, Deserialize)]
struct Header {
    channels: usize,
    height: usize,
    width: usize,
    count: usize,
    sha256: String,
    /// The reader's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

/// The most bytes of the header.
const HEADER: u64 = 16 << 20;

impl Key {
    /// The key of the preparation that `recipe` describes, of the file or folder `source`.
    ///
    /// The decoder is part of it: another version may make other pixels of the same file. A file counts by its SHA-256, remembered by path, size and time of change; a folder by the names, sizes and
    /// times of its files: reading all would take about as long as preparing them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn new(source: &Path, recipe: &str, sources: &Sources) -> Result<Self> {
        let Some(cache) = sources.cache_dir.as_ref().map(|dir| dir.join("prepared")) else { return Ok(Self(None)) };
        let stamp = stamp(source)?;
        let content = if source.is_dir() { stamp } else { remembered(&cache, source, &stamp)? };
        let key = hex(&Sha256::digest(format!("{recipe}, {DECODER}\n{content}\n")));
        let name = recipe.split_whitespace().next().unwrap_or("images");
        Ok(Self(Some(cache.join(format!("{name}-{}.bytes", key.get(..24).unwrap_or(&key))))))
    }

    /// The images, where they are there and whole: a damaged file counts as absent, and is replaced.
    /// With them comes the note that was stored.
    pub(crate) fn load(&self, shape: ImageShape) -> Option<(Stack, String)> {
        let file = File::open(self.0.as_ref()?).ok()?;
        read(BufReader::new(file), shape).inspect_err(|error| tracing::warn!(%error, "prepared images are damaged and made again")).ok()
    }

    /// Keeps the images and a note, where that can be done: where not, the log says why.
    pub(crate) fn store(&self, set: &Stack, note: &str) {
        let Some(path) = &self.0 else { return };
        if let Err(error) = write(path, set, note) {
            tracing::warn!(%error, "prepared images could not be kept, and are prepared again next time");
        }
    }
}

fn write(path: &Path, set: &Stack, note: &str) -> Result<()> {
    let labels: Vec<u8> = set.labels.iter().flat_map(|l| l.to_le_bytes()).collect();
    let ImageShape { channels, height, width } = set.shape;
    let sha256 = body_digest(note, &labels, &set.pixels);
    let header = Header { channels, height, width, count: set.len(), sha256, note: note.into() };
    let header = serde_json::to_string(&header).map_err(|e| Error::damaged(path.display(), e))?;
    write_whole(path, &[header.as_bytes(), b"\n", &labels, &set.pixels])
}

pub(crate) fn read(mut reader: impl BufRead, shape: ImageShape) -> Result<(Stack, String)> {
    let file = "prepared images";
    let mut line = Vec::new();
    (&mut reader).take(HEADER).read_until(b'\n', &mut line).map_err(|e| Error::io(file, e))?;
    let header: Header = serde_json::from_slice(&line).map_err(|e| Error::damaged(file, e))?;
    let there = ImageShape { channels: header.channels, height: header.height, width: header.width };
    let sizes = (header.count.checked_mul(4), header.count.checked_mul(shape.len()));
    let (true, (Some(labels), Some(pixels))) = (there == shape, sizes) else {
        return Err(Error::damaged(file, format!("hold {} images of {there}", header.count)));
    };
    let labels = stream::exactly(&mut reader, labels, file)?;
    let pixels = stream::exactly(&mut reader, pixels, file)?;
    stream::ended(&mut reader, file)?;
    let found = body_digest(&header.note, &labels, &pixels);
    if found != header.sha256 {
        return Err(Error::Digest { file: file.into(), algorithm: "sha256", expected: header.sha256, found });
    }
    let labels = labels.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
    Ok((Stack { shape, pixels, labels }, header.note))
}

fn body_digest(note: &str, labels: &[u8], pixels: &[u8]) -> String {
    let mut state = Sha256::new();
    state.update(note);
    state.update(labels);
    state.update(pixels);
    hex(&state.finalize())
}

/// A digest of the names, sizes and times of change of a file, or of all files in a folder.
fn stamp(source: &Path) -> Result<String> {
    let files = if source.is_dir() { container::list(source)? } else { vec![(source.display().to_string(), source.into())] };
    let mut state = Sha256::new();
    for (name, path) in files {
        // A link to nothing, for instance: reading it says what is wrong.
        let Ok(about) = fs::metadata(&path) else {
            state.update(format!("{name}\n"));
            continue;
        };
        let changed = about.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        state.update(format!("{name} {} {}\n", about.len(), changed.as_nanos()));
    }
    Ok(hex(&state.finalize()))
}

/// The SHA-256 of a file, computed once for each path, size and time of change.
fn remembered(cache: &Path, source: &Path, stamp: &str) -> Result<String> {
    let note = cache.join(format!("{}.sha256", stamp.get(..24).unwrap_or(stamp)));
    if let Ok(sha256) = fs::read_to_string(&note)
        && sha256.len() == 64
    {
        return Ok(sha256);
    }
    let [sha256, _] = published::digests(container::open(source)?, source)?;
    // A note spares time, no more.
    if let Err(error) = write_whole(&note, &[sha256.as_bytes()]) {
        tracing::debug!(%error, "the digest of a file could not be kept");
    }
    Ok(sha256)
}

/// Writes beside `path`, then renames.
fn write_whole(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let wrong = |e| Error::io(path.display(), e);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(wrong)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    for part in parts {
        file.write_all(part).map_err(wrong)?;
    }
    file.as_file().sync_all().map_err(wrong)?;
    file.persist(path).map_err(|e| wrong(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 1, width: 2 };

    #[test]
    fn what_was_stored_is_loaded_until_source_recipe_or_bytes_change() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::write(&source, "one").unwrap();
        let sources = Sources { cache_dir: Some(dir.path().join("cache")), ..Sources::default() };
        let key = |recipe| Key::new(&source, recipe, &sources).unwrap();
        let set = Stack { shape: SHAPE, pixels: vec![1, 2, 3, 4], labels: vec![5, 600] };
        assert!(key("a").load(SHAPE).is_none());
        key("a").store(&set, "left out: 7");
        assert_eq!(key("a").load(SHAPE).unwrap(), (set, "left out: 7".to_owned()));
        assert!(key("b").load(SHAPE).is_none());
        let path = key("a").0.unwrap();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(key("a").load(SHAPE).is_none());
        fs::write(&source, "other").unwrap();
        assert_ne!(key("a").0.unwrap(), path);
        assert!(Key::new(&source, "a", &Sources::default()).unwrap().0.is_none());
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        fs::write(&source, "one").unwrap();
        // A file where the folder should be.
        let sources = Sources { cache_dir: Some(source.clone()), ..Sources::default() };
        let key = Key::new(&source, "a", &sources).unwrap();
        key.store(&Stack { shape: SHAPE, pixels: vec![1, 2], labels: vec![5] }, "");
        assert!(key.load(SHAPE).is_none());
    }
}
