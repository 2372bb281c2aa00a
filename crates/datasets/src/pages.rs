//! The page headers of a parquet column (Thrift's compact protocol), read only as far as sizes are needed.

use parquet::file::reader::ChunkReader;

/// The most bytes that one page may unpack to.
const PAGE: u64 = 48 << 20;
/// The most bytes of one header: statistics repeat the smallest and largest value, whole pictures.
const HEADER: u64 = 1 << 20;

/// Walks the pages between `begin` and `end` of `source`; together they must hold `values` values.
pub(crate) fn check(source: &impl ChunkReader, begin: u64, end: u64, values: u64) -> Result<(), String> {
    let (mut at, mut found) = (begin, 0_u64);
    while at < end {
        let room = end - at;
        // Most headers are short; only where one does not fit is more of the file read.
        let header = match window(source, at, room.min(512)).and_then(|bytes| Header::parse(&bytes)) {
            Err(_) if room > 512 => Header::parse(&window(source, at, room.min(HEADER))?)?,
            header => header?,
        };
        let (packed, unpacked) = (header.size(3)?, header.size(2)?);
        if unpacked > PAGE {
            return Err(format!("a page of {unpacked} bytes, more than the limit of {PAGE}"));
        }
        at += header.length;
        at = at.checked_add(packed).filter(|&at| at <= end).ok_or("a page beyond the end of its column")?;
        found = found.saturating_add(header.values);
    }
    if found != values {
        return Err(format!("pages hold {found} of {values} values"));
    }
    Ok(())
}

fn window(source: &impl ChunkReader, at: u64, size: u64) -> Result<Vec<u8>, String> {
    source.get_bytes(at, size as usize).map(|b| b.to_vec()).map_err(|e| e.to_string())
}

/// What a page header says of sizes.
struct Header {
    length: u64,
    /// Fields 1 to 3: kind, unpacked size, packed size.
    fields: [Option<i64>; 4],
    /// Values of a data page, none of others.
    values: u64,
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = Compact { bytes, at: 0 };
        let (mut fields, mut values, mut id) = ([None; 4], 0, 0);
        while let Some((kind, field)) = reader.field(id)? {
            id = field;
            match (field, kind) {
                (1..=3, 4..=6) => {
                    let value = reader.zigzag()?;
                    if let Some(slot) = usize::try_from(field).ok().and_then(|f| fields.get_mut(f)) {
                        *slot = Some(value);
                    }
                }
                // A data page of either version: its first field counts values.
                (5 | 8, 12) => values = reader.first_integer()?,
                _ => reader.skip(kind, 0)?,
            }
        }
        Ok(Self { length: reader.at as u64, fields, values: u64::try_from(values).map_err(|_| "a negative count")? })
    }

    fn size(&self, field: usize) -> Result<u64, String> {
        let size = self.fields.get(field).copied().flatten().ok_or("a page without sizes")?;
        u64::try_from(size).map_err(|_| "a page of negative size".into())
    }
}

struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Compact<'_> {
    fn byte(&mut self) -> Result<u8, String> {
        let byte = self.bytes.get(self.at).copied().ok_or("a page header that is cut off")?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number that does not end".into())
    }

    fn zigzag(&mut self) -> Result<i64, String> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The kind and number of the next field of a structure, after field `last`; none at its end.
    fn field(&mut self, last: i64) -> Result<Option<(u8, i64)>, String> {
        let byte = self.byte()?;
        match (byte & 0x0f, byte >> 4) {
            (0, _) => Ok(None),
            (kind, 0) => Ok(Some((kind, self.zigzag()?))),
            (kind, step) => Ok(Some((kind, last.saturating_add(step.into())))),
        }
    }

    /// Field 1 of a structure, an integer; the rest is skipped.
    fn first_integer(&mut self) -> Result<i64, String> {
        let (mut value, mut id) = (0, 0);
        while let Some((kind, field)) = self.field(id)? {
            id = field;
            match (field, kind) {
                (1, 4..=6) => value = self.zigzag()?,
                _ => self.skip(kind, 1)?,
            }
        }
        Ok(value)
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), String> {
        if depth > 8 {
            return Err("a page header nested too deep".into());
        }
        match kind {
            1 | 2 => Ok(()),
            3 => self.advance(1),
            4..=6 => self.varint().map(drop),
            7 => self.advance(8),
            8 => {
                let size = self.varint()?;
                self.advance(usize::try_from(size).map_err(|_| "a text too long")?)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                // Elements of no bytes would let a count run on for ever.
                if count > self.bytes.len() as u64 {
                    return Err("a list longer than its header".into());
                }
                (0..count).try_for_each(|_| match head & 0x0f {
                    // Truth values take a byte each in lists, none in structures.
                    1 | 2 => self.advance(1),
                    kind => self.skip(kind, depth + 1),
                })
            }
            12 => {
                let mut id = 0;
                while let Some((kind, field)) = self.field(id)? {
                    id = field;
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(format!("a page header with a field of kind {kind}")),
        }
    }

    fn advance(&mut self, size: usize) -> Result<(), String> {
        self.at = self.at.checked_add(size).filter(|&at| at <= self.bytes.len()).ok_or("a page header that is cut off")?;
        Ok(())
    }
}
