//! Reading bytes of which nothing is believed: sizes are checked before memory is taken.

use std::io::{BufRead, Read};

use crate::{Error, Result, gzip};

/// The most that a buffer grows at once, bytes.
const STEP: usize = 4 << 20;

/// `reader`, unpacked to the end of its last member where it begins like a gzip file.
///
/// # Errors
/// [`Error::Io`] where it cannot be read.
pub(crate) fn plain<'a>(mut reader: impl BufRead + 'a, file: &str) -> Result<Box<dyn Read + 'a>> {
    let gzip = reader.fill_buf().map_err(|e| Error::io(file, e))?.starts_with(&gzip::MAGIC);
    Ok(if gzip { Box::new(gzip::Members::new(reader)) } else { Box::new(reader) })
}

/// Exactly `size` bytes of `reader`. Memory is taken as bytes arrive: a size that lies costs nothing.
///
/// # Errors
/// [`Error::Damaged`] where the bytes end before, or cannot be unpacked.
pub(crate) fn exactly(reader: &mut impl Read, size: usize, file: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < size {
        let step = (size - bytes.len()).min(STEP.max(bytes.len() / 8));
        bytes.reserve_exact(step);
        let read = reader.take(step as u64).read_to_end(&mut bytes).map_err(|e| Error::damaged(file, e))?;
        if read < step {
            return Err(Error::damaged(file, format!("ends after {} of {size} bytes", bytes.len())));
        }
    }
    Ok(bytes)
}

/// Makes room for `more` bytes, and for an eighth of what is there: doubling would cost as much memory again.
pub(crate) fn grow(bytes: &mut Vec<u8>, more: usize) {
    if bytes.capacity() - bytes.len() < more {
        bytes.reserve_exact(more.max(bytes.len() / 8));
    }
}

/// Refuses a `reader` that has bytes left.
///
/// # Errors
/// [`Error::Damaged`].
pub(crate) fn ended(reader: &mut impl Read, file: &str) -> Result<()> {
    match reader.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(Error::damaged(file, "has more bytes than its header says")),
        Err(e) => Err(Error::damaged(file, e)),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_size_that_lies_takes_no_memory() {
        let error = exactly(&mut io::Cursor::new([1, 2, 3]), usize::MAX / 2, "x").unwrap_err();
        assert!(matches!(&error, Error::Damaged { file, .. } if file == "x"), "{error}");
    }

    #[test]
    fn long_streams_are_read_whole() {
        let size = 3 * STEP + 17;
        let bytes = exactly(&mut io::repeat(7), size, "x").unwrap();
        assert!(bytes.len() == size && bytes.capacity() <= size + size / 8 && bytes.iter().all(|&b| b == 7));
    }
}
