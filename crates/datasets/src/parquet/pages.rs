//! The pages of a column: unpacked one at a time, and their values.

use std::sync::Arc;

use super::{
    codecs::unpack,
    footer::{Chunk, Column},
    numbers::hybrid,
    thrift::{Compact, Result, STRUCT},
    unread::Unread,
    values::{Bytes, Kind, decode},
};

/// The most bytes that a page may unpack to, whatever it is packed to.
pub(crate) const PAGE: u64 = 48 << 20;
/// A larger page unpacks to at most so many times its bytes in the file: snappy cannot do more, and images are packed already.
const RATIO: u64 = 32;
/// The most bytes of any page. Arrow looks at its size only every 1 024 values: images of half a megabyte make half of this.
const LARGEST: u64 = 1 << 30;
/// The most bytes of one header: statistics repeat the smallest and largest value, whole images.
const HEADER: u64 = 1 << 20;
/// An encoding of levels.
const BIT_PACKED: u64 = 4;

/// The most bytes that `packed` ones, which are held against the file before anything is unpacked, may become.
fn room(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).clamp(PAGE, LARGEST)
}

/// Reads so many bytes at a place of the file.
pub(super) type Fetch<'a> = dyn FnMut(u64, u64) -> Result<Vec<u8>> + 'a;

/// The pages of one chunk, in order.
pub(super) struct Pages<'a> {
    column: &'a Column,
    kind: Kind,
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
    /// The CRC-32 of the page as it is in the file; many writers leave it out.
    crc: Option<u32>,
    values: u64,
    encoding: u64,
    level_encoding: u64,
    /// Version 2: bytes of levels before the values, and whether the values are packed.
    levels: Option<(u64, u64)>,
    plain: bool,
}

impl<'a> Pages<'a> {
    /// The pages of a column in a group.
    pub(super) fn new(column: &'a Column, chunk: &'a Chunk) -> Result<Self> {
        Ok(Self { column, kind: column.values()?, chunk, at: chunk.begin, left: chunk.values, dictionary: None })
    }

    /// The values of the next data page, without bytes where they are null; none behind the last.
    pub(super) fn next(&mut self, fetch: &mut Fetch) -> std::result::Result<Option<Vec<Bytes>>, Unread> {
        while self.left > 0 {
            if self.at >= self.chunk.end {
                return Err(format!("{} values are missing", self.left).into());
            }
            let (header, length) = self.header(fetch)?;
            let (size, limit) = (header.unpacked.max(header.packed), room(header.packed));
            if size > limit {
                return Err(Unread::Large { size, limit });
            }
            let begin = self.at + length;
            let end = begin.checked_add(header.packed).filter(|&e| e <= self.chunk.end).ok_or("a page beyond its column")?;
            self.at = end;
            match header.kind {
                0 | 3 => {
                    if header.values > self.left {
                        return Err(format!("a page of {} values, {} are left", header.values, self.left).into());
                    }
                    let packed = header.content(begin, fetch)?;
                    let values = self.values(&header, packed)?;
                    self.left -= header.values;
                    return Ok(Some(values));
                }
                // Without this, values of one byte each would take far more memory than their page.
                2 if header.values > self.chunk.values => {
                    return Err(format!("a dictionary of {} values for {}", header.values, self.chunk.values).into());
                }
                2 if self.dictionary.is_none() => {
                    let page = unpack(self.chunk.codec, header.content(begin, fetch)?.into(), header.unpacked)?;
                    // Whichever of its names a dictionary's encoding has, its values are plain.
                    self.dictionary = Some(decode(0, self.kind, &Arc::new(page), 0, header.values, None)?);
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
        let (page, begin, there) = match header.levels {
            None => {
                let page = unpack(codec, packed.into(), header.unpacked)?;
                if self.column.optional > 0 && header.level_encoding == BIT_PACKED {
                    return Err("levels in the encoding BIT_PACKED, which writers gave up in 2013".into());
                }
                let (begin, there) = self.levels(&page, header.values, None)?;
                (page, begin, there)
            }
            Some((definition, repetition)) => {
                let size = definition.checked_add(repetition).filter(|&s| s <= header.unpacked && s <= packed.len() as u64);
                let size = size.ok_or("levels longer than their page")?;
                let (levels, rest) = packed.split_at(size as usize);
                let (_, there) = self.levels(levels, header.values, Some((repetition as usize, size as usize)))?;
                (unpack(codec, rest.into(), header.unpacked - size)?, 0, there)
            }
        };
        let page = Arc::new(page);
        let values = |count| decode(header.encoding, self.kind, &page, begin, count, self.dictionary.as_deref());
        let present = there.iter().filter(|present| **present).count();
        if present == there.len() {
            return values(header.values);
        }
        // A page of nulls alone may lack what the encodings begin with.
        let read = if present == 0 { Vec::new() } else { values(present as u64)? };
        let (mut read, null) = (read.into_iter(), Bytes::default());
        Ok(there.into_iter().map(|present| present.then(|| read.next()).flatten().unwrap_or_else(|| null.clone())).collect())
    }

    /// Where levels end, and which of the values are there; nothing of a column whose values all are.
    fn levels(&self, bytes: &[u8], count: u64, range: Option<(usize, usize)>) -> Result<(usize, Vec<bool>)> {
        if self.column.optional == 0 {
            return Ok((0, Vec::new()));
        }
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
        Ok((end, levels.into_iter().map(|level| level == self.column.optional).collect()))
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
                (4..=6, 4) => header.crc = Some(r.integer()? as u32),
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

    /// The page as it is in the file, where its checksum is right.
    fn content(&self, begin: u64, fetch: &mut Fetch) -> Result<Vec<u8>> {
        let packed = fetch(begin, self.packed)?;
        let mut crc = flate2::Crc::new();
        if self.crc.is_some() {
            crc.update(&packed);
        }
        match self.crc {
            Some(expected) if expected != crc.sum() => Err("a page with a wrong checksum".into()),
            _ => Ok(packed),
        }
    }

    /// The inner header: values come first, the encoding at `encoding`.
    fn counts(&mut self, reader: &mut Compact, encoding: i64) -> Result<()> {
        reader.structure(&mut |r, kind, field| {
            match (kind, field) {
                (4..=6, 1) => self.values = r.size()?,
                (4..=6, f) if f == encoding => self.encoding = r.size()?,
                (4..=6, 3) if self.levels.is_none() => self.level_encoding = r.size()?,
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
