//! Files of a run that the page shows.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Cursor, ErrorKind, Read},
    path::{Component, Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;
use vimae_spec::Confusion;

use crate::{Error, Result, image_grid};

/// Bytes of an image or of codes at most: a page of more would open nowhere.
const MOST_BYTES: u64 = 32 << 20;
/// Bytes of a line of the log at most.
const LONGEST_LINE: u64 = 1 << 16;

/// A PNG image.
pub(crate) struct Png {
    /// The file, at its natural size.
    pub(crate) bytes: Vec<u8>,
    /// Columns to show it with.
    pub(crate) width: u32,
    /// Rows to show it with.
    pub(crate) height: u32,
}

/// Two-dimensional codes with the class of each; `null` where a code is not finite.
#[derive(Deserialize)]
pub(crate) struct Codes {
    pub(crate) x: Vec<Option<f64>>,
    pub(crate) y: Vec<Option<f64>>,
    pub(crate) label: Vec<i64>,
    /// The names of the classes, by label.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// The standard deviation of the prior in each dimension, where it is alike in all, around zero.
    #[serde(default)]
    pub(crate) deviation: Option<f64>,
}

/// Reads confusions.
pub(crate) fn confusions(folder: &Path, name: &str) -> Result<Vec<Confusion>> {
    serde_json::from_slice(&read(folder, name)?).map_err(|e| Error::form(Path::new(name), format!("does not hold confusions: {e}")))
}

/// Reads an image and checks that it is one. Where each of its pixels is a square of several, the page carries one of each.
pub(crate) fn png(folder: &Path, name: &str) -> Result<Png> {
    let bytes = read(folder, name)?;
    let fault = |e: png::DecodingError| Error::form(Path::new(name), format!("is not a PNG image: {e}"));
    let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().map_err(fault)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let mut pixels = vec![0; reader.output_buffer_size().filter(|size| *size as u64 <= MOST_BYTES).unwrap_or(0)];
    let frame = reader.next_frame(&mut pixels).map_err(fault)?;
    let small = (frame.bit_depth == png::BitDepth::Eight).then(|| image_grid::natural(&pixels, width, height, frame.color_type)).flatten();
    Ok(Png { bytes: small.unwrap_or(bytes), width, height })
}

/// Reads codes.
pub(crate) fn codes(folder: &Path, name: &str) -> Result<Codes> {
    serde_json::from_slice(&read(folder, name)?).map_err(|e| Error::form(Path::new(name), format!("does not hold codes: {e}")))
}

/// Hands every line of a training log, as an object, to `take`, and returns how many lines were none.
///
/// The last line of an interrupted run may be cut; the others are still worth showing.
pub(crate) fn log(folder: &Path, name: &str, mut take: impl FnMut(BTreeMap<String, Value>)) -> Result<usize> {
    let mut reader = BufReader::new(open(folder, name)?);
    let mut line = Vec::new();
    let mut unreadable = 0;
    loop {
        line.clear();
        let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|e| Error::file(Path::new(name), e))?;
        match serde_json::from_slice(&line) {
            _ if read == 0 => return Ok(unreadable),
            Ok(entry) => take(entry),
            Err(_) => unreadable += 1,
        }
    }
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(folder, name)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|e| Error::file(Path::new(name), e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Error::form(Path::new(name), format!("is larger than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Whether there is no such file in the run's folder.
pub(crate) fn is_missing(folder: &Path, name: &str) -> bool {
    path(folder, name).is_ok_and(|path| !path.exists())
}

/// Opens a file of the run's folder.
fn open(folder: &Path, name: &str) -> Result<File> {
    File::open(path(folder, name)?).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Error::form(Path::new(name), "the file is missing"),
        _ => Error::file(Path::new(name), e),
    })
}

/// Where a file of the run's folder is. Errors name it as the record does: a page travels, and the folder does not
/// belong on it.
fn path(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    if name.is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Error::form(path, "is not a file of the run's folder"));
    }
    Ok(folder.join(path))
}
