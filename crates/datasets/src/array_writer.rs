//! One NumPy array written a piece at a time: a `.npy` file, or a `.npz` with that array alone. It appears whole or not at all.

mod silent;

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{Error, Result, npz::header};
use silent::Silent;

/// What the numbers of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `|u1`
    Byte,
    /// `<f4`
    Single,
}

impl Element {
    fn descr(self) -> &'static str {
        match self {
            Self::Byte => "|u1",
            Self::Single => "<f4",
        }
    }

    fn width(self) -> u64 {
        match self {
            Self::Byte => 1,
            Self::Single => 4,
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct ArrayWriter {
    place: PathBuf,
    beside: PathBuf,
    /// None once the file has its name.
    file: Option<Target>,
    /// Bytes to come.
    left: u64,
}

#[derive(Debug)]
enum Target {
    Npy(BufWriter<File>),
    Npz(Box<zip::ZipWriter<Silent<BufWriter<File>>>>),
}

impl ArrayWriter {
    /// Begins the file at `place`: `.npz` with an array called `name`, `.npy` otherwise.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(place: &Path, name: &str, element: Element, shape: &[usize]) -> Result<Self> {
        let wrong = |e: io::Error| Error::io(place.display(), e);
        let left = shape.iter().fold(element.width(), |bytes, n| bytes.saturating_mul(*n as u64));
        let folder = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(wrong)?;
        let beside = folder.join(format!(".{}.{}.part", place.file_name().unwrap_or_default().to_string_lossy(), std::process::id()));
        let mut file = BufWriter::new(File::create(&beside).map_err(wrong)?);
        let header = header(element.descr(), shape);
        let begun = if place.extension().is_some_and(|end| end.eq_ignore_ascii_case("npz")) {
            let mut writer = zip::ZipWriter::new(Silent::new(file));
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored)
                .last_modified_time(zip::DateTime::default())
                .large_file(left >= u64::from(u32::MAX) - (1 << 16));
            let begun = writer.start_file(format!("{name}.npy"), options).map_err(io::Error::other);
            begun.and_then(|()| writer.write_all(&header)).map(|()| Target::Npz(Box::new(writer)))
        } else {
            file.write_all(&header).map(|()| Target::Npy(file))
        };
        match begun {
            Ok(file) => Ok(Self { place: place.into(), beside, file: Some(file), left }),
            Err(error) => {
                drop(fs::remove_file(&beside));
                Err(wrong(error))
            }
        }
    }

    /// Adds numbers, as bytes in little-endian order, the last index fastest.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] for more than the shape holds.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or_else(|| Error::damaged(self.place.display(), "more numbers than its shape holds"))?;
        match &mut self.file {
            Some(Target::Npy(file)) => file.write_all(bytes),
            Some(Target::Npz(file)) => file.write_all(bytes),
            None => Ok(()),
        }
        .map_err(|e| Error::io(self.place.display(), e))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] for fewer numbers than the shape holds.
    pub fn finish(mut self) -> Result<()> {
        if self.left > 0 {
            return Err(Error::damaged(self.place.display(), "fewer numbers than its shape holds"));
        }
        let ended = match self.file.take() {
            Some(Target::Npy(file)) => file.into_inner().map_err(io::IntoInnerError::into_error),
            Some(Target::Npz(file)) => file.finish().map_err(io::Error::other).and_then(Silent::whole),
            None => return Ok(()),
        };
        let named = ended.and_then(|file| file.sync_all()).and_then(|()| fs::rename(&self.beside, &self.place));
        named.map_err(|e| {
            drop(fs::remove_file(&self.beside));
            Error::io(self.place.display(), e)
        })
    }
}

impl Drop for ArrayWriter {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        if let Target::Npz(archive) = file {
            // Dropped without this, it would print where it cannot end.
            drop(archive.finish());
        }
        drop(fs::remove_file(&self.beside));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npz;

    #[test]
    fn what_is_written_in_pieces_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x.npy", "x.npz"] {
            let path = folder.path().join(name);
            let mut writer = ArrayWriter::create(&path, "images", Element::Byte, &[2, 3]).unwrap();
            writer.write(&[1, 2, 3, 4]).unwrap();
            assert!(!path.exists());
            writer.write(&[5, 6]).unwrap();
            assert!(matches!(writer.write(&[7]), Err(Error::Damaged { .. })));
            let mut writer = ArrayWriter::create(&path, "images", Element::Byte, &[2, 3]).unwrap();
            writer.write(&[1, 2, 3, 4, 5, 6]).unwrap();
            writer.finish().unwrap();
            let stored = npz::names(&path).unwrap();
            let read = npz::read(&path, &stored[0].0, 6).unwrap().unwrap();
            assert_eq!((read.shape, read.values), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
    }

    #[test]
    fn a_file_that_is_not_ended_does_not_appear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        let mut writer = ArrayWriter::create(&path, "codes", Element::Single, &[2]).unwrap();
        writer.write(&1_f32.to_le_bytes()).unwrap();
        assert!(matches!(writer.finish(), Err(Error::Damaged { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
