//! Every reader as a function of bytes alone, as strangers may have made them.
//!
//! The fuzz targets in `fuzz/` and the mutation test in `tests/hostile.rs` call these: whatever the bytes, they return
//! images or an error, without a panic and within 512 MB.

use std::io::Cursor;

use crate::{Error, Image, Result, celeba, container, idx, omniglot, parquet, prepared};

/// A reader of bytes: how much it made of them.
pub type Reader = fn(&[u8]) -> Result<usize>;

/// The readers by name.
pub const READERS: [(&str, Reader); 8] =
    [("gzip", gzip), ("idx", gzip), ("jpeg", image), ("parquet", table), ("png", image), ("prepared", cached), ("tar", tar), ("zip", zip)];

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

/// A PNG or JPEG, prepared as faces and as drawings are.
fn image(bytes: &[u8]) -> Result<usize> {
    let image = Image::decode(bytes, "input")?;
    let drawing = omniglot::prepare(image.clone())?;
    Ok(drawing.bytes().len() + celeba::prepare(image)?.bytes().len())
}

/// A parquet file of images, with the columns of MNIST.
fn table(bytes: &[u8]) -> Result<usize> {
    let mut count = 0;
    let columns = parquet::Columns { image: "image.bytes", label: "label", rows: 1_000 };
    parquet::read_from(Cursor::new(bytes), "input", &columns, &mut |rows| {
        count += rows.iter().filter(|(bytes, _)| image(bytes.as_ref()).is_ok()).count();
        Ok(())
    })?;
    Ok(count)
}

/// Images in a zip.
fn zip(bytes: &[u8]) -> Result<usize> {
    members(|visit| container::zip(Cursor::new(bytes), "input", &|_| true, visit))
}

/// Images in a tar, packed with gzip or not.
fn tar(bytes: &[u8]) -> Result<usize> {
    members(|visit| container::tar(bytes, "input", &|_| true, visit))
}

fn members(read: impl FnOnce(&mut container::Visit) -> std::result::Result<(), Error>) -> Result<usize> {
    let mut count = 0;
    read(&mut |_, bytes| {
        count += usize::from(image(&bytes).is_ok());
        Ok(())
    })?;
    Ok(count)
}

/// A file of the cache of prepared images.
fn cached(bytes: &[u8]) -> Result<usize> {
    prepared::read(bytes, vimae_core::ImageShape { channels: 3, height: 2, width: 2 }).map(|(set, _)| set.len())
}
