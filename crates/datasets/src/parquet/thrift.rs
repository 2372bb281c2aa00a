//! Thrift's compact protocol, as far as parquet uses it, from bytes of which nothing is believed.

/// What is wrong with the bytes, in words.
pub(super) type Result<T> = std::result::Result<T, String>;

/// A reader of structures.
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Kinds of fields.
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;
/// How deep structures may be nested.
const DEPTH: usize = 12;

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes that were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(size).ok_or("a size beyond all bounds")?;
        let bytes = self.bytes.get(self.at..end).ok_or("a structure that is cut off")?;
        self.at = end;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    pub(super) fn varint(&mut self) -> Result<u64> {
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

    pub(super) fn integer(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// An integer that cannot be negative.
    pub(super) fn size(&mut self) -> Result<u64> {
        u64::try_from(self.integer()?).map_err(|_| "a negative size".into())
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let size = usize::try_from(self.varint()?).map_err(|_| "a text too long")?;
        Ok(String::from_utf8_lossy(self.take(size)?).into_owned())
    }

    /// Reads a structure: `each` reads the field of a kind and number, or says that it did not and it is skipped.
    pub(super) fn structure(&mut self, each: &mut dyn FnMut(&mut Self, u8, i64) -> Result<bool>) -> Result<()> {
        let mut last = 0_i64;
        loop {
            let byte = self.byte()?;
            let (kind, step) = (byte & 0x0f, byte >> 4);
            if kind == 0 {
                return Ok(());
            }
            last = if step == 0 { self.integer()? } else { last.saturating_add(step.into()) };
            if !each(self, kind, last)? {
                self.skip(kind, 0)?;
            }
        }
    }

    /// Reads a list of at most `most` elements, `each` an element.
    pub(super) fn list<T>(&mut self, most: usize, each: fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let (count, _) = self.count()?;
        if count > most as u64 {
            return Err(format!("a list of {count}, more than {most}"));
        }
        (0..count).map(|_| each(self)).collect()
    }

    /// Elements of a list, and their kind.
    fn count(&mut self) -> Result<(u64, u8)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        // Every element takes a byte at least.
        if count > (self.bytes.len() - self.at) as u64 {
            return Err("a list longer than the bytes that are left".into());
        }
        Ok((count, head & 0x0f))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err("structures nested too deep".into());
        }
        match kind {
            1 | 2 => Ok(()),
            3 => self.take(1).map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.take(8).map(drop),
            BINARY => {
                let size = usize::try_from(self.varint()?).map_err(|_| "a text too long")?;
                self.take(size).map(drop)
            }
            LIST | 10 => {
                let (count, kind) = self.count()?;
                (0..count).try_for_each(|_| match kind {
                    // Truth values take a byte each in lists, none in structures.
                    1 | 2 => self.take(1).map(drop),
                    kind => self.skip(kind, depth + 1),
                })
            }
            STRUCT => loop {
                let byte = self.byte()?;
                if byte & 0x0f == 0 {
                    return Ok(());
                }
                if byte >> 4 == 0 {
                    self.integer()?;
                }
                self.skip(byte & 0x0f, depth + 1)?;
            },
            _ => Err(format!("a field of kind {kind}")),
        }
    }
}
