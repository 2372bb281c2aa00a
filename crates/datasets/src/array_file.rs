//! The arrays of a `.npy`, `.npz` or idx file, each found by its name and read when it is wanted. A `.npy` or idx file may be
//! packed with gzip.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Read, Seek},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Error, Result, container, foreign, npy::Header, stream};

/// The most arrays of one file.
const ARRAYS: usize = 10_000;
/// The most bytes of an array that is read at once.
pub(crate) const LIMIT: u64 = 16 << 30;

/// Where arrays are: a file, or bytes that a test made.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
}

trait ReadSeek: BufRead + Seek {}
impl<T: BufRead + Seek> ReadSeek for T {}

impl Place {
    fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Bytes(_) => "input".into(),
        }
    }

    fn open(&self) -> Result<Box<dyn ReadSeek>> {
        Ok(match self {
            Self::Path(path) => Box::new(BufReader::with_capacity(1 << 16, container::open(path)?) as BufReader<File>),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }
}

/// One array of a file.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    place: Place,
    /// Its number among the members of a `.npz`.
    member: Option<usize>,
    /// Its name in a `.npz`, or the file's name without its ending.
    pub(crate) name: String,
    pub(crate) header: Header,
}

/// Whether a file of that name holds arrays: `.npz`, or, packed with gzip or not, `.npy` or idx.
pub(crate) fn holds_arrays(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let unpacked = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with(".npz") || unpacked.ends_with(".npy") || is_idx(unpacked)
}

/// Whether a name is one of idx files: `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte`.
fn is_idx(file: &str) -> bool {
    let kind = ["-ubyte", "-byte", "-short", "-int", "-float", "-double"].iter().find_map(|kind| file.strip_suffix(kind));
    kind.and_then(|rest| rest.strip_suffix(|c: char| c.is_ascii_digit())).is_some_and(|rest| rest.ends_with("idx"))
}

/// A file's name without its ending, and without that of gzip.
fn stem(path: &Path) -> String {
    let packed = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz"));
    let path = if packed { path.with_extension("") } else { path.to_path_buf() };
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Every array of a file, by what it begins with: a zip of arrays, or one array.
///
/// # Errors
/// [`Error::Damaged`], [`Error::TooLarge`], [`Error::Io`].
pub(crate) fn arrays(place: &Place) -> Result<Vec<Array>> {
    let file = place.name();
    let mut reader = place.open()?;
    let mut start = Vec::new();
    (&mut reader).take(2).read_to_end(&mut start).map_err(|e| Error::damaged(&file, format!("no array: {e}")))?;
    reader.rewind().map_err(|e| Error::io(&file, e))?;
    if start != b"PK" {
        let stem = match place {
            Place::Path(path) => self::stem(path),
            Place::Bytes(_) => file.clone(),
        };
        let header = Header::read(&mut stream::plain(reader, &file)?, &file)?;
        return Ok(vec![Array { place: place.clone(), member: None, name: stem, header }]);
    }
    let wrong = |e: zip::result::ZipError| Error::damaged(&file, format!("broken zip: {e}"));
    let mut archive = zip::ZipArchive::new(reader).map_err(wrong)?;
    if archive.len() > ARRAYS {
        return Err(Error::TooLarge { file, what: "a file", unit: "arrays", size: archive.len() as u64, limit: ARRAYS as u64 });
    }
    let (mut found, mut pickled) = (Vec::new(), false);
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(wrong)?;
        let name = member.name().map_err(wrong)?.into_owned();
        pickled |= name.ends_with(".pkl");
        let Some(name) = name.strip_suffix(".npy") else { continue };
        let header = Header::read(&mut member, &format!("{file}!{name}"))?;
        found.push(Array { place: place.clone(), member: Some(index), name: name.to_owned(), header });
    }
    if found.is_empty() {
        return Err(Error::damaged(&file, if pickled { foreign::PYTORCH } else { "a zip without .npy arrays" }));
    }
    Ok(found)
}

impl Array {
    /// The array as errors name it: `file.npz!name`.
    pub(crate) fn file(&self) -> String {
        let file = self.place.name();
        if self.member.is_some() { format!("{file}!{}", self.name) } else { file }
    }

    /// What it is, in words: `x_train |u1 [60000, 28, 28]`.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.name, self.header.words())
    }

    /// The refusal of its dtype.
    pub(crate) fn refused(&self, reason: &str) -> Error {
        Error::Refused { file: self.file(), reason: format!("an array of {}: {reason}", self.header.words()) }
    }

    /// Bytes of one number.
    ///
    /// # Errors
    /// [`Error::Refused`] for what is not read as numbers.
    pub(crate) fn width(&self) -> Result<usize> {
        self.header.dtype.width().ok_or_else(|| match self.header.dtype.name.as_str() {
            "|O" | "O" => self.refused("it holds Python objects, which are a pickle; save numbers"),
            "|b1" | "?" => self.refused("of truth values, of which nothing says how bright they are; save (array * 255).astype(\"uint8\")"),
            _ => self.refused("no numbers; uint8 is read, and int or float where every value is exactly a byte"),
        })
    }

    /// Calls `visit` with the bytes of the numbers, up to `piece` numbers at once, as they are in the file.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there are fewer or more than its header says; whatever `visit` returns.
    pub(crate) fn pieces(&self, piece: usize, visit: &mut dyn FnMut(Vec<u8>) -> Result<()>) -> Result<()> {
        let (file, width) = (self.file(), self.width()?);
        let count = self.header.count().filter(|n| n.checked_mul(width).is_some());
        let count = count.ok_or_else(|| Error::damaged(&file, format!("{} are no array", self.header.words())))?;
        let mut read = |mut reader: &mut dyn Read| -> Result<()> {
            Header::read(&mut reader, &file)?;
            let mut left = count;
            while left > 0 {
                let now = left.min(piece.max(1));
                visit(stream::exactly(&mut reader, now * width, &file)?)?;
                left -= now;
            }
            // Also where a zip's checksum is compared.
            stream::ended(&mut reader, &file)
        };
        let reader = self.place.open()?;
        let Some(index) = self.member else {
            let mut unpacked = stream::plain(reader, &file)?;
            return read(&mut unpacked);
        };
        let wrong = |e: zip::result::ZipError| Error::damaged(self.place.name(), format!("broken zip: {e}"));
        let mut archive = zip::ZipArchive::new(reader).map_err(wrong)?;
        let mut member = archive.by_index(index).map_err(wrong)?;
        read(&mut member)
    }

    /// The bytes of all numbers, the last index fastest.
    ///
    /// # Errors
    /// As [`Array::pieces`]; [`Error::TooLarge`] beyond 16 GiB.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        let width = self.width()?;
        let size = self.header.count().and_then(|n| n.checked_mul(width)).map_or(u64::MAX, |n| n as u64);
        if size > LIMIT {
            return Err(Error::TooLarge { file: self.file(), what: "an array", unit: "bytes", size, limit: LIMIT });
        }
        let mut all = Vec::new();
        self.pieces((4 << 20) / width, &mut |bytes| {
            stream::grow(&mut all, bytes.len());
            all.extend_from_slice(&bytes);
            Ok(())
        })?;
        Ok(if self.header.fortran { last_fastest(&all, &self.header.shape, width) } else { all })
    }

    /// All numbers, the last index fastest.
    ///
    /// # Errors
    /// As [`Array::bytes`].
    pub(crate) fn numbers(&self) -> Result<Vec<f64>> {
        let width = self.width()?;
        Ok(self.bytes()?.chunks_exact(width).map(|bytes| self.header.dtype.number(bytes)).collect())
    }
}

/// Numbers of `width` bytes whose first index moves fastest, in the order in which the last one does.
pub(crate) fn last_fastest(bytes: &[u8], shape: &[usize], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let strides: Vec<usize> = shape.iter().scan(1, |stride, &n| Some(std::mem::replace(stride, *stride * n))).collect();
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    for _ in 0..bytes.len() / width.max(1) {
        out.extend_from_slice(bytes.get(at * width..(at + 1) * width).unwrap_or_default());
        for ((i, &size), &stride) in index.iter_mut().zip(shape).zip(&strides).rev() {
            *i += 1;
            at += stride;
            if *i < size {
                break;
            }
            at -= size * stride;
            *i = 0;
        }
    }
    out
}
