//! The idx format of MNIST: big-endian sizes, then bytes; packed with gzip or not.

use std::io::{BufRead, Read};

use vimae_core::ImageShape;

use crate::{Error, Result, stack::Stack, stream};

/// The most bytes of images that one file may hold (MNIST's training file holds 47 million).
const LIMIT: u64 = 256 << 20;

/// Grayscale images `[N, 1, H, W]` of a `images-idx3-ubyte` file, and their shape.
///
/// # Errors
/// [`Error::Damaged`] for another format, sizes of zero, too few or too many bytes; [`Error::TooLarge`]
/// where the header claims more than 256 MiB.
pub fn images(reader: impl BufRead, file: &str) -> Result<(ImageShape, Vec<u8>)> {
    let mut reader = stream::plain(reader, file)?;
    let [count, height, width] = header(&mut reader, 0x0000_0803, file)?;
    if count == 0 || height == 0 || width == 0 {
        return Err(Error::damaged(file, format!("header says {count} images of {height}x{width}")));
    }
    let size = size(&[count, height, width], file)?;
    let pixels = body(&mut reader, size, file)?;
    Ok((ImageShape { channels: 1, height: height as usize, width: width as usize }, pixels))
}

/// The labels of a `labels-idx1-ubyte` file.
///
/// # Errors
/// As [`images`].
pub fn labels(reader: impl BufRead, file: &str) -> Result<Vec<u32>> {
    let mut reader = stream::plain(reader, file)?;
    let [count] = header(&mut reader, 0x0000_0801, file)?;
    let size = size(&[count], file)?;
    Ok(body(&mut reader, size, file)?.into_iter().map(u32::from).collect())
}

/// Images with their labels, each from a reader and the name of its file.
///
/// # Errors
/// As [`images`]; [`Error::Damaged`] where there are not as many labels as images.
pub(crate) fn both(pixels_of: (impl BufRead, &str), classes: (impl BufRead, &str)) -> Result<Stack> {
    let (shape, pixels) = images(pixels_of.0, pixels_of.1)?;
    let labels = labels(classes.0, classes.1)?;
    let count = pixels.len() / shape.len();
    if labels.len() != count {
        return Err(Error::damaged(classes.1, format!("has {} labels for the {count} images of {}", labels.len(), pixels_of.1)));
    }
    Ok(Stack { shape, pixels, labels })
}

fn header<const N: usize>(reader: &mut impl Read, magic: u32, file: &str) -> Result<[u32; N]> {
    let mut word = || -> Result<u32> {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|e| Error::damaged(file, format!("no idx header: {e}")))?;
        Ok(u32::from_be_bytes(bytes))
    };
    let found = word()?;
    if found != magic {
        return Err(Error::damaged(file, format!("no idx file of this kind: begins with {found:#010x}, not {magic:#010x}")));
    }
    let mut sizes = [0; N];
    for size in &mut sizes {
        *size = word()?;
    }
    Ok(sizes)
}

fn size(sizes: &[u32], file: &str) -> Result<usize> {
    let size = sizes.iter().try_fold(1_u64, |size, &n| size.checked_mul(n.into())).unwrap_or(u64::MAX);
    if size > LIMIT {
        return Err(Error::TooLarge { file: file.into(), what: "content", unit: "bytes", size, limit: LIMIT });
    }
    Ok(size as usize)
}

fn body(reader: &mut impl Read, size: usize, file: &str) -> Result<Vec<u8>> {
    let bytes = stream::exactly(reader, size, file)?;
    stream::ended(reader, file)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn file(sizes: &[u32], body: &[u8]) -> Vec<u8> {
        let magic = 0x800 + sizes.len() as u32;
        let mut bytes: Vec<u8> = [&[magic], sizes].concat().iter().flat_map(|n| n.to_be_bytes()).collect();
        bytes.extend(body);
        bytes
    }

    fn problem(bytes: &[u8]) -> Error {
        images(bytes, "f").unwrap_err()
    }

    #[test]
    fn packed_or_not_the_images_are_the_same() {
        let bytes = file(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let (shape, pixels) = images(&bytes[..], "f").unwrap();
        assert_eq!((shape.height, shape.width, shape.channels), (1, 3, 1));
        assert_eq!(pixels, [1, 2, 3, 4, 5, 6]);
        assert_eq!(images(&gzip(&bytes)[..], "f").unwrap().1, pixels);
        assert_eq!(labels(&file(&[3], &[7, 0, 9])[..], "f").unwrap(), [7, 0, 9]);
    }

    #[test]
    fn headers_that_lie_are_refused_without_taking_memory() {
        for (sizes, claimed) in [([1 << 31, 28, 28], 1_683_627_180_032), ([u32::MAX; 3], u64::MAX)] {
            let error = problem(&file(&sizes, &[0; 100]));
            assert!(matches!(error, Error::TooLarge { size, limit: 268_435_456, .. } if size == claimed), "{error}");
        }
        // Cut short, empty, too long.
        for (sizes, body) in [([300_000, 28, 28], 100), ([0, 28, 28], 0), ([1, 1, 1], 2)] {
            let error = problem(&file(&sizes, &vec![0; body]));
            assert!(matches!(&error, Error::Damaged { file, .. } if file == "f"), "{sizes:?}: {error}");
        }
    }

    #[test]
    fn other_formats_and_torn_files_are_refused() {
        for other in [&file(&[3], &[7, 0, 9])[..], b"\x89PNG", b""] {
            let error = problem(other);
            assert!(matches!(&error, Error::Damaged { file, .. } if file == "f"), "{error}");
        }
        let packed = gzip(&file(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]));
        for end in 2..packed.len() {
            assert!(images(&packed[..end], "f").is_err(), "{end}");
        }
        let mut flipped = packed.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 1;
        assert!(images(&flipped[..], "f").is_err(), "a wrong checksum");
    }
}
