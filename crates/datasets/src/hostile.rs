//! Every reader as a function of bytes alone, as strangers may have made them.
//!
//! The fuzz targets in `fuzz/` and the mutation test in `tests/hostile.rs` call these: whatever the bytes, they return
//! images or an error without a panic, and take at most 512 MB for a file of a megabyte or less.

use std::{io::Cursor, sync::Arc};

use crate::{Error, Image, ImageArray, Result, array_file, celeba, container, idx, omniglot, parquet, pickle, prepared};

/// A reader of bytes: how much it made of them.
pub type Reader = fn(&[u8]) -> Result<usize>;

/// The readers by name.
pub const READERS: [(&str, Reader); 16] = [
    ("bmp", image),
    ("codec", codec),
    ("encoding", encoding),
    ("gzip", gzip),
    ("idx", gzip),
    ("jpeg", image),
    ("npy", arrays),
    ("npz", arrays),
    ("parquet", table),
    ("pickle", values),
    ("png", image),
    ("prepared", cached),
    ("tar", tar),
    ("tiff", image),
    ("webp", image),
    ("zip", zip),
];

/// Reads `bytes` with the reader of that name; nothing where there is none.
///
/// # Errors
/// The reader's.
pub fn read(name: &str, bytes: &[u8]) -> Result<usize> {
    READERS.iter().find(|(n, _)| *n == name).map_or(Ok(0), |(_, read)| read(bytes))
}

/// An idx file of images or of labels, packed with gzip or not.
fn gzip(bytes: &[u8]) -> Result<usize> {
    idx::images(bytes, "input").map(|(_, pixels)| pixels.len()).or_else(|_| idx::labels(bytes, "input").map(|labels| labels.len()))
}

/// An image of any format, prepared as faces and as drawings are.
fn image(bytes: &[u8]) -> Result<usize> {
    let image = Image::decode(bytes, "input")?;
    let drawing = omniglot::prepare(image.clone())?;
    Ok(drawing.bytes().len() + celeba::prepare(image)?.bytes().len())
}

/// Arrays of images and of classes, in a file of one or in a zip of several.
fn arrays(bytes: &[u8]) -> Result<usize> {
    let place = array_file::Place::Bytes(bytes.into());
    let classes: usize = array_file::arrays(&place)?.iter().filter_map(|array| array.numbers().ok()).map(|n| n.len()).sum();
    Ok(classes + ImageArray::only(&place)?.read()?.len())
}

/// A pickle, with all that is read of a batch of CIFAR-10.
fn values(bytes: &[u8]) -> Result<usize> {
    let pickle = pickle::Pickle::read(bytes, "input")?;
    let mut count = 0;
    for id in pickle.names()?.into_values() {
        count += pickle.numbers(id)?.map_or(0, |numbers| numbers.len());
        count += pickle.array(id)?.map_or(0, |array| array.bytes.len());
    }
    Ok(count)
}

/// A parquet file of images, with the columns of MNIST.
fn table(bytes: &[u8]) -> Result<usize> {
    let mut count = 0;
    let columns = parquet::Columns { image: "image.bytes", label: Some("label"), rows: 1_000 };
    parquet::read_from(Cursor::new(bytes), "input", &columns, &mut |rows| {
        count += rows.iter().filter(|(bytes, _)| image(bytes.as_ref()).is_ok()).count();
        Ok(())
    })?;
    Ok(count)
}

/// A page of a parquet file: its codec in one byte, the size that its header claims in four (little-endian), the page.
fn codec(bytes: &[u8]) -> Result<usize> {
    let Some(([codec, a, b, c, d], page)) = bytes.split_first_chunk() else { return Ok(0) };
    let size = u64::from(u32::from_le_bytes([*a, *b, *c, *d])).min(parquet::PAGE);
    let unpacked = parquet::codecs::unpack((*codec).into(), page.into(), size);
    unpacked.map(|page| page.len()).map_err(|e| Error::damaged("input", e))
}

/// The values of a page that is unpacked: encoding, type (0, 1, 2, 6; 7 for three bytes each) and count in one byte each.
/// A quarter of the page is the dictionary, too.
fn encoding(bytes: &[u8]) -> Result<usize> {
    use parquet::values::{Kind, decode};
    let Some(([encoding, kind, count], page)) = bytes.split_first_chunk() else { return Ok(0) };
    let kind = match kind {
        0 => Kind::Boolean,
        1 => Kind::Int32,
        2 => Kind::Int64,
        6 => Kind::Bytes,
        _ => Kind::Fixed(3),
    };
    let dictionary = decode(0, kind, &Arc::new(page.to_vec()), page.len() / 4 * 3, 2, None).ok();
    // Counts of up to 65 025, so that runs of many values are met.
    let counts = [u64::from(*count), u64::from(*count) * u64::from(*count)];
    let mut read = counts.iter().map(|&count| decode((*encoding).into(), kind, &Arc::new(page.to_vec()), 0, count, dictionary.as_deref()));
    let values = read.find_map(std::result::Result::ok).ok_or_else(|| Error::damaged("input", "no values"))?;
    Ok(values.iter().map(|v| v.as_ref().len()).sum())
}

/// Images in a zip.
fn zip(bytes: &[u8]) -> Result<usize> {
    members(|visit| container::zip(Cursor::new(bytes), "input", &|_| true, visit))
}

/// Images in a tar, packed with gzip or not.
fn tar(bytes: &[u8]) -> Result<usize> {
    members(|visit| container::tar(Cursor::new(bytes), "input", &|_| true, visit))
}

fn members(read: impl FnOnce(&mut container::Visit) -> Result<container::Passed>) -> Result<usize> {
    let mut count = 0;
    read(&mut |_, bytes| {
        count += usize::from(bytes.is_ok_and(|bytes| image(&bytes).is_ok()));
        Ok(())
    })?;
    Ok(count)
}

/// A file of the cache of prepared images.
fn cached(bytes: &[u8]) -> Result<usize> {
    prepared::read(bytes, vimae_core::ImageShape { channels: 3, height: 2, width: 2 }).map(|(set, _)| set.len())
}
