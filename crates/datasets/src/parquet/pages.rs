//! The pages of a column: unpacked one at a time, and their values.

use std::{io::Read, ops::Range, sync::Arc};

use super::{
    footer::{Chunk, Column},
    thrift::{Compact, Result, STRUCT},
};

/// The most bytes that one page may unpack to.
const PAGE: u64 = 48 << 20;
/// The most bytes of one header: statistics repeat the smallest and largest value, whole images.
const HEADER: u64 = 1 << 20;
/// Physical types by number.
const INT32: i64 = 1;
const INT64: i64 = 2;
const BYTE_ARRAY: i64 = 6;

/// Bytes of a value, in the page that holds it.
#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    page: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.page.get(self.range.clone()).unwrap_or_default()
    }
}

/// Reads so many bytes at a place of the file.
pub(super) type Fetch<'a> = dyn FnMut(u64, u64) -> Result<Vec<u8>> + 'a;

/// The pages of one chunk, in order.
pub(super) struct Pages<'a> {
    column: &'a Column,
    chunk: &'a Chunk,
    at: u64,
    left: u64,
    dictionary: Option<Vec<Bytes>>,
}

#[derive(Default)]
struct Header {
    kind: u64,
    unpacked: u64,
    packed: u64,
    values: u64,
    encoding: u64,
    /// Version 2: bytes of levels before the values, and whether the values are packed.
    levels: Option<(u64, u64)>,
    plain: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(column: &'a Column, chunk: &'a Chunk) -> Self {
        Self { column, chunk, at: chunk.begin, left: chunk.values, dictionary: None }
    }

    /// The values of the next data page; none behind the last.
    pub(super) fn next(&mut self, fetch: &mut Fetch) -> Result<Option<Vec<Bytes>>> {
        while self.left > 0 {
            if self.at >= self.chunk.end {
                return Err(format!("{} values are missing", self.left));
            }
            let (header, length) = self.header(fetch)?;
            if header.unpacked > PAGE {
                return Err(format!("a page of {} bytes, more than the limit of {PAGE}", header.unpacked));
            }
            let begin = self.at + length;
            let end = begin.checked_add(header.packed).filter(|&e| e <= self.chunk.end).ok_or("a page beyond its column")?;
            self.at = end;
            match header.kind {
                0 | 3 => {
                    if header.values > self.left {
                        return Err(format!("a page of {} values, {} are left", header.values, self.left));
                    }
                    self.left -= header.values;
                    let packed = fetch(begin, header.packed)?;
                    return self.values(&header, packed).map(Some);
                }
                2 if self.dictionary.is_none() => {
                    let page = unpack(self.chunk.codec, fetch(begin, header.packed)?, header.unpacked)?;
                    self.dictionary = Some(self.plain(&Arc::new(page), 0, header.values)?);
                }
                2 => return Err("a second dictionary".into()),
                // Index pages hold no values.
                _ => {}
            }
        }
        Ok(None)
    }

    fn header(&self, fetch: &mut Fetch) -> Result<(Header, u64)> {
        let room = self.chunk.end - self.at;
        // Most headers are short; only where one does not fit is more of the file read.
        let bytes = fetch(self.at, room.min(256))?;
        match Header::parse(&bytes) {
            Err(_) if room > 256 => Header::parse(&fetch(self.at, room.min(HEADER))?),
            header => header,
        }
    }

    fn values(&self, header: &Header, packed: Vec<u8>) -> Result<Vec<Bytes>> {
        let codec = if header.plain { 0 } else { self.chunk.codec };
        let (page, begin) = match header.levels {
            None => {
                let page = unpack(codec, packed, header.unpacked)?;
                let begin = if self.column.optional > 0 { self.levels(&page, header.values, None)? } else { 0 };
                (page, begin)
            }
            Some((definition, repetition)) => {
                let size = definition.checked_add(repetition).filter(|&s| s <= header.unpacked && s <= packed.len() as u64);
                let size = size.ok_or("levels longer than their page")?;
                let (levels, rest) = packed.split_at(size as usize);
                if self.column.optional > 0 {
                    self.levels(levels, header.values, Some((repetition as usize, size as usize)))?;
                }
                (unpack(codec, rest.to_vec(), header.unpacked - size)?, 0)
            }
        };
        let page = Arc::new(page);
        match header.encoding {
            0 => self.plain(&page, begin, header.values),
            2 | 8 => self.looked_up(page.get(begin..).unwrap_or_default(), header.values),
            other => Err(format!("encoding {other}, which this reader does not know")),
        }
    }

    /// Where levels end. Every value has to be there: a row without a image or label is refused.
    fn levels(&self, bytes: &[u8], count: u64, range: Option<(usize, usize)>) -> Result<usize> {
        let range = match range {
            Some((begin, end)) => begin..end,
            None => {
                let [a, b, c, d] = *bytes.first_chunk::<4>().ok_or("levels that are cut off")?;
                4..4_usize.saturating_add(u32::from_le_bytes([a, b, c, d]) as usize)
            }
        };
        let end = range.end;
        let width = u32::BITS - self.column.optional.leading_zeros();
        let levels = hybrid(bytes.get(range).ok_or("levels that are cut off")?, width, count)?;
        if levels.iter().any(|&l| l != self.column.optional) {
            return Err(format!("a row without {}", self.column.path));
        }
        Ok(end)
    }

    /// Values one after another, those of bytes with their length before.
    fn plain(&self, page: &Arc<Vec<u8>>, begin: usize, count: u64) -> Result<Vec<Bytes>> {
        let mut at = begin;
        let mut values = Vec::new();
        for _ in 0..count {
            let size = match self.column.kind {
                INT32 => 4,
                INT64 => 8,
                BYTE_ARRAY => {
                    let [a, b, c, d] = *page.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or("a page that is cut off")?;
                    at += 4;
                    u32::from_le_bytes([a, b, c, d]) as usize
                }
                other => return Err(format!("{} is of type {other}", self.column.path)),
            };
            let end = at.checked_add(size).filter(|&e| e <= page.len()).ok_or("a page that is cut off")?;
            values.push(Bytes { page: page.clone(), range: at..end });
            at = end;
        }
        Ok(values)
    }

    /// Values by their numbers in the dictionary.
    fn looked_up(&self, bytes: &[u8], count: u64) -> Result<Vec<Bytes>> {
        let dictionary = self.dictionary.as_ref().ok_or("no dictionary")?;
        let (width, bytes) = bytes.split_first().ok_or("a page that is cut off")?;
        let numbers = hybrid(bytes, (*width).into(), count)?;
        let value = |n: u32| dictionary.get(n as usize).cloned().ok_or_else(|| format!("value {n} of {}", dictionary.len()));
        numbers.into_iter().map(value).collect()
    }
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<(Self, u64)> {
        let mut reader = Compact::new(bytes);
        let mut header = Self::default();
        let mut sizes = 0;
        reader.structure(&mut |r, kind, field| {
            match (kind, field) {
                (4..=6, 1) => header.kind = r.size()?,
                (4..=6, 2) => header.unpacked = r.size()?,
                (4..=6, 3) => {
                    header.packed = r.size()?;
                    sizes += 1;
                }
                // A dictionary (7), a data page of version 1 (5) or 2 (8).
                (STRUCT, 5 | 7) => header.counts(r, 2)?,
                (STRUCT, 8) => {
                    header.levels = Some((0, 0));
                    header.counts(r, 4)?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if sizes == 0 {
            return Err("a page without a size".into());
        }
        Ok((header, reader.position() as u64))
    }

    /// The inner header: values come first, the encoding at `encoding`.
    fn counts(&mut self, reader: &mut Compact, encoding: i64) -> Result<()> {
        reader.structure(&mut |r, kind, field| {
            match (kind, field) {
                (4..=6, 1) => self.values = r.size()?,
                (4..=6, f) if f == encoding => self.encoding = r.size()?,
                (4..=6, 5) if self.levels.is_some() => self.levels = Some((r.size()?, self.levels.map_or(0, |l| l.1))),
                (4..=6, 6) if self.levels.is_some() => self.levels = Some((self.levels.map_or(0, |l| l.0), r.size()?)),
                // Whether values are packed: 2 is no.
                (2, 7) => self.plain = true,
                _ => return Ok(false),
            }
            Ok(true)
        })
    }
}

/// Numbers of `width` bits in runs and packed groups: exactly `count`.
fn hybrid(bytes: &[u8], width: u32, count: u64) -> Result<Vec<u32>> {
    if width > 32 {
        return Err(format!("numbers of {width} bits"));
    }
    let mut values: Vec<u32> = Vec::new();
    let mut rest = bytes;
    while (values.len() as u64) < count {
        let left = count - values.len() as u64;
        let mut reader = Compact::new(rest);
        let head = reader.varint()?;
        rest = rest.get(reader.position()..).unwrap_or_default();
        let (packed, length) = (head & 1 == 1, head >> 1);
        if length == 0 {
            return Err("an empty run of numbers".into());
        }
        let size = if packed { length.saturating_mul(width.into()) } else { width.div_ceil(8).into() };
        // The last group may end behind the values that are needed.
        let size = if packed { size.min(left.saturating_mul(width.into()).div_ceil(8)) } else { size };
        let body = usize::try_from(size).ok().and_then(|n| rest.get(..n)).ok_or("numbers that are cut off")?;
        if packed {
            let take = left.min(length.saturating_mul(8)) as usize;
            values.extend((0..take).map(|i| bits(body, i * width as usize, width)));
        } else {
            values.resize(values.len() + left.min(length) as usize, bits(body, 0, width));
        }
        rest = rest.get(body.len()..).unwrap_or_default();
    }
    Ok(values)
}

/// The `width` bits from bit `at` on, the lowest first.
fn bits(bytes: &[u8], at: usize, width: u32) -> u32 {
    let mut word = [0; 8];
    word.iter_mut().zip(bytes.iter().skip(at / 8).take(5)).for_each(|(w, b)| *w = *b);
    (u64::from_le_bytes(word) >> (at % 8) & ((1_u64 << width) - 1)) as u32
}

/// The content of a page: exactly `size` bytes.
fn unpack(codec: u64, packed: Vec<u8>, size: u64) -> Result<Vec<u8>> {
    let wrong = |e: &dyn std::fmt::Display| format!("a page that cannot be unpacked: {e}");
    let bytes = match codec {
        0 => packed,
        _ if size == 0 => Vec::new(),
        1 => {
            let claimed = snap::raw::decompress_len(&packed).map_err(|e| wrong(&e))?;
            if claimed as u64 != size {
                return Err(format!("a page of {claimed} bytes that should have {size}"));
            }
            snap::raw::Decoder::new().decompress_vec(&packed).map_err(|e| wrong(&e))?
        }
        2 => {
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(packed.as_slice()).take(size + 1).read_to_end(&mut bytes).map_err(|e| wrong(&e))?;
            bytes
        }
        6 => zstd::bulk::decompress(&packed, size as usize).map_err(|e| wrong(&e))?,
        other => return Err(format!("codec {other}, which this reader does not know")),
    };
    if bytes.len() as u64 != size {
        return Err(format!("a page of {} bytes that should have {size}", bytes.len()));
    }
    Ok(bytes)
}

/// A value as an integer of 32 or 64 bits.
pub(super) fn integer(value: &Bytes) -> Option<i64> {
    let bytes = value.as_ref();
    let long = bytes.try_into().map(i64::from_le_bytes);
    long.or_else(|_| bytes.try_into().map(|b| i64::from(i32::from_le_bytes(b)))).ok()
}
