//! A file that fails once and is silent from then on.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write},
};

/// What an archive is written into. `ZipWriter` ends its archive when it is dropped, and prints where it cannot: after the first failure
/// this takes everything and keeps nothing.
#[derive(Debug)]
pub(super) struct Silent<W> {
    into: W,
    position: u64,
    end: u64,
    failed: bool,
}

impl<W> Silent<W> {
    pub(super) fn new(into: W) -> Self {
        Self { into, position: 0, end: 0, failed: false }
    }

    fn noted<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        // What was interrupted is tried again.
        self.failed |= result.as_ref().is_err_and(|error| error.kind() != ErrorKind::Interrupted);
        result
    }
}

impl Silent<BufWriter<File>> {
    /// The file with all that was written.
    ///
    /// # Errors
    /// Where some of it was not.
    pub(super) fn whole(self) -> io::Result<File> {
        if self.failed {
            return Err(io::Error::other("a part of it could not be written"));
        }
        self.into.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl<W: Write> Write for Silent<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = bytes.len();
        if !self.failed {
            let result = self.into.write(bytes);
            written = self.noted(result)?;
        }
        self.position += written as u64;
        self.end = self.end.max(self.position);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failed {
            return Ok(());
        }
        let result = self.into.flush();
        self.noted(result)
    }
}

impl<W: Seek> Seek for Silent<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        let position = position.ok_or_else(|| io::Error::other("no place of a file"))?;
        if !self.failed {
            let result = self.into.seek(SeekFrom::Start(position));
            self.noted(result)?;
        }
        self.position = position;
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A disk with room for so many bytes.
    struct Small(Cursor<Vec<u8>>, u64);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = self.0.position() + bytes.len() as u64 <= self.1;
            if fits { self.0.write(bytes) } else { Err(ErrorKind::StorageFull.into()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Small {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn an_archive_on_a_full_disk_fails_once_and_ends_in_silence() {
        let mut writer = zip::ZipWriter::new(Silent::new(Small(Cursor::default(), 200)));
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("images.npy", options).unwrap();
        assert_eq!(writer.write_all(&[7; 300]).unwrap_err().kind(), ErrorKind::StorageFull);
        // A `ZipWriter` that is dropped does the same, and prints what fails.
        let silent = writer.finish().unwrap();
        assert!(silent.failed && silent.into.0.get_ref().len() < 200);
    }

    #[test]
    fn what_an_archive_holds_is_where_it_was_written() {
        let mut writer = zip::ZipWriter::new(Silent::new(Cursor::new(Vec::new())));
        writer.start_file("x", zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&[7; 300]).unwrap();
        let silent = writer.finish().unwrap();
        assert!(!silent.failed && silent.end == silent.into.get_ref().len() as u64);
        let mut archive = zip::ZipArchive::new(silent.into).unwrap();
        let mut read = Vec::new();
        io::copy(&mut archive.by_name("x").unwrap(), &mut read).unwrap();
        assert_eq!(read, [7; 300]);
    }

    #[test]
    fn a_file_that_lacks_a_part_is_not_whole() {
        let file = || BufWriter::new(tempfile::tempfile().unwrap());
        assert!(Silent::new(file()).whole().is_ok());
        assert!(Silent { failed: true, ..Silent::new(file()) }.whole().is_err());
    }
}
