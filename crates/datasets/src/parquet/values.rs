//! The values of a page, by type and encoding.
//!
//! All encodings of today's format for the types that images and classes have.
//! <https://github.com/apache/parquet-format/blob/master/Encodings.md>

use std::{fmt, ops::Range, sync::Arc};

use super::{
    numbers::{bits, deltas, hybrid},
    pages::PAGE,
    thrift::Result,
};

/// Physical types that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Int32,
    Int64,
    Bytes,
    /// So many bytes each.
    Fixed(usize),
}

impl Kind {
    /// The type of that number and length.
    pub(super) fn of(number: i64, length: u64) -> Result<Self> {
        Ok(match number {
            0 => Self::Boolean,
            1 => Self::Int32,
            2 => Self::Int64,
            6 => Self::Bytes,
            7 => match usize::try_from(length).ok().filter(|&n| n > 0 && n as u64 <= PAGE) {
                Some(length) => Self::Fixed(length),
                None => return Err(format!("values of {length} bytes each")),
            },
            other => {
                let names = [(3, "INT96"), (4, "FLOAT"), (5, "DOUBLE")];
                let name = names.iter().find(|(n, _)| *n == other).map_or_else(|| other.to_string(), |(_, name)| (*name).into());
                return Err(format!("type {name}, which holds neither images nor classes"));
            }
        })
    }

    /// Bytes of a value, where all have as many.
    fn width(self) -> Option<usize> {
        match self {
            Self::Int32 => Some(4),
            Self::Int64 => Some(8),
            Self::Fixed(length) => Some(length),
            Self::Boolean | Self::Bytes => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::Int32 => f.write_str("INT32"),
            Self::Int64 => f.write_str("INT64"),
            Self::Bytes => f.write_str("BYTE_ARRAY"),
            Self::Fixed(length) => write!(f, "FIXED_LEN_BYTE_ARRAY({length})"),
        }
    }
}

/// Bytes of a value, in the page that holds it; none where the value is null.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bytes {
    page: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.page.get(self.range.clone()).unwrap_or_default()
    }
}

impl Bytes {
    /// The value as a whole number: an integer of 32 or 64 bits, or a truth value.
    pub(super) fn integer(&self) -> Option<i64> {
        let bytes = self.as_ref();
        if let [one] = bytes {
            return Some((*one).into());
        }
        let long = bytes.try_into().map(i64::from_le_bytes);
        long.or_else(|_| bytes.try_into().map(|b| i64::from(i32::from_le_bytes(b)))).ok()
    }
}

const CUT: &str = "a page that is cut off";

/// The `count` values of `page` from byte `begin` on, in that encoding; `dictionary` holds those that places refer to.
pub(crate) fn decode(
    encoding: u64,
    kind: Kind,
    page: &Arc<Vec<u8>>,
    begin: usize,
    count: u64,
    dictionary: Option<&[Bytes]>,
) -> Result<Vec<Bytes>> {
    let body = page.get(begin..).ok_or(CUT)?;
    match (encoding, kind) {
        (0, Kind::Boolean) => {
            let size = usize::try_from(count.div_ceil(8)).map_err(|e| e.to_string())?;
            let body = body.get(..size).ok_or(CUT)?;
            Ok(made((0..count as usize).map(|i| bits(body, i, 1) as u8).collect(), 1))
        }
        (0, _) => plain(kind, page, begin, count),
        (2 | 8, _) => looked_up(body, count, dictionary.ok_or("no dictionary")?),
        (3, Kind::Boolean) => {
            let (size, body) = body.split_first_chunk::<4>().ok_or(CUT)?;
            let body = body.get(..u32::from_le_bytes(*size) as usize).ok_or(CUT)?;
            Ok(made(hybrid(body, 1, count)?.into_iter().map(|b| b as u8).collect(), 1))
        }
        (5, Kind::Int32) => Ok(made(deltas(body, count)?.0.into_iter().flat_map(|v| (v as i32).to_le_bytes()).collect(), 4)),
        (5, Kind::Int64) => Ok(made(deltas(body, count)?.0.into_iter().flat_map(i64::to_le_bytes).collect(), 8)),
        (6, Kind::Bytes) => lengths_first(page, begin, count),
        (7, Kind::Bytes | Kind::Fixed(_)) => prefixed(kind, page, begin, count),
        (9, _) if kind.width().is_some() => {
            let width = kind.width().unwrap_or(1);
            let count = usize::try_from(count).map_err(|e| e.to_string())?;
            if count.checked_mul(width) != Some(body.len()) {
                return Err(format!("{} bytes for {count} values of {width}", body.len()));
            }
            // The first bytes of all values, then the second ones.
            let byte = |at: usize| body.get(at % width * count + at / width).copied().unwrap_or_default();
            Ok(made((0..body.len()).map(byte).collect(), width))
        }
        _ => Err(format!("encoding {} of values of type {kind}, which the format does not have", named(encoding))),
    }
}

fn named(encoding: u64) -> String {
    let names = [
        (0, "PLAIN"),
        (2, "PLAIN_DICTIONARY"),
        (3, "RLE"),
        (4, "BIT_PACKED"),
        (5, "DELTA_BINARY_PACKED"),
        (6, "DELTA_LENGTH_BYTE_ARRAY"),
        (7, "DELTA_BYTE_ARRAY"),
        (8, "RLE_DICTIONARY"),
        (9, "BYTE_STREAM_SPLIT"),
    ];
    names.iter().find(|(n, _)| *n == encoding).map_or_else(|| encoding.to_string(), |(_, name)| (*name).into())
}

/// Values of `width` bytes one after another.
fn made(bytes: Vec<u8>, width: usize) -> Vec<Bytes> {
    let page = Arc::new(bytes);
    (0..page.len() / width).map(|i| Bytes { page: page.clone(), range: i * width..(i + 1) * width }).collect()
}

/// Values one after another, those of bytes with their length before.
fn plain(kind: Kind, page: &Arc<Vec<u8>>, begin: usize, count: u64) -> Result<Vec<Bytes>> {
    let mut at = begin;
    let mut values = Vec::new();
    for _ in 0..count {
        let size = match kind.width() {
            Some(width) => width,
            None => {
                let size = page.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or(CUT)?;
                at += 4;
                u32::from_le_bytes(*size) as usize
            }
        };
        let end = at.checked_add(size).filter(|&e| e <= page.len()).ok_or(CUT)?;
        values.push(Bytes { page: page.clone(), range: at..end });
        at = end;
    }
    Ok(values)
}

/// Values by their numbers in the dictionary.
fn looked_up(bytes: &[u8], count: u64, dictionary: &[Bytes]) -> Result<Vec<Bytes>> {
    let (width, bytes) = bytes.split_first().ok_or(CUT)?;
    let numbers = hybrid(bytes, (*width).into(), count)?;
    let value = |n: u32| dictionary.get(n as usize).cloned().ok_or_else(|| format!("value {n} of {}", dictionary.len()));
    numbers.into_iter().map(value).collect()
}

/// `DELTA_LENGTH_BYTE_ARRAY`: all lengths, then all bytes.
fn lengths_first(page: &Arc<Vec<u8>>, begin: usize, count: u64) -> Result<Vec<Bytes>> {
    let (lengths, size) = deltas(page.get(begin..).ok_or(CUT)?, count)?;
    let mut at = begin + size;
    let mut values = Vec::new();
    for length in lengths {
        let length = usize::try_from(length).map_err(|_| "a negative length")?;
        let end = at.checked_add(length).filter(|&e| e <= page.len()).ok_or(CUT)?;
        values.push(Bytes { page: page.clone(), range: at..end });
        at = end;
    }
    Ok(values)
}

/// `DELTA_BYTE_ARRAY`: how many bytes each value shares with the one before, then the rest of each.
fn prefixed(kind: Kind, page: &Arc<Vec<u8>>, begin: usize, count: u64) -> Result<Vec<Bytes>> {
    let (prefixes, size) = deltas(page.get(begin..).ok_or(CUT)?, count)?;
    let suffixes = lengths_first(page, begin + size, count)?;
    let mut bytes: Vec<u8> = Vec::new();
    let mut ranges = Vec::new();
    let mut last = 0..0;
    let limit = PAGE.max(2 * page.len() as u64);
    for (prefix, suffix) in prefixes.into_iter().zip(suffixes) {
        let prefix = usize::try_from(prefix).ok().filter(|&p| p <= last.len()).ok_or("a value that shares more than there is")?;
        let start = bytes.len();
        // A few bytes may say gigabytes here, of values that are mostly their predecessors.
        if (start + prefix + suffix.as_ref().len()) as u64 > limit {
            return Err(format!("a page of values of more than {limit} bytes"));
        }
        bytes.extend_from_within(last.start..last.start + prefix);
        bytes.extend_from_slice(suffix.as_ref());
        last = start..bytes.len();
        if kind.width().is_some_and(|width| width != last.len()) {
            return Err(format!("a value of {} bytes, of type {kind}", last.len()));
        }
        ranges.push(last.clone());
    }
    let page = Arc::new(bytes);
    Ok(ranges.into_iter().map(|range| Bytes { page: page.clone(), range }).collect())
}
