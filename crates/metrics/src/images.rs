//! Sets of images that features are extracted from.

use std::ops::Range;

use sha2::{Digest, Sha256};
use vimae_core::{Error, ImageSet, ImageShape, Result};

use crate::{digest::hex, resize::ImageView};

/// A image that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedImage {
    /// Its shape; one channel or three.
    pub shape: ImageShape,
    /// `[C, H, W]`
    pub bytes: Vec<u8>,
}

impl OwnedImage {
    /// The image to look at.
    pub fn borrow(&self) -> ImageView<'_> {
        ImageView { shape: self.shape, bytes: &self.bytes }
    }
}

/// A set of images, of one shape or many.
pub trait ImageSource {
    /// How many.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256, in hex, of all images in order: see [`ImagesDigest`].
    fn sha256(&self) -> &str;

    /// Some of them.
    ///
    /// # Errors
    /// Where one cannot be had, naming it.
    fn batch(&self, range: Range<usize>) -> Result<Vec<OwnedImage>>;
}

/// The digest of a set of images: of the shape and bytes of each in turn, whatever file they came from.
#[derive(Debug, Clone, Default)]
pub struct ImagesDigest(Sha256);

impl ImagesDigest {
    /// Adds a image.
    pub fn add(&mut self, image: &ImageView<'_>) {
        self.0.update(format!("{}\n", image.shape));
        self.0.update(image.bytes);
    }

    /// The digest, in hex.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Images in memory.
#[derive(Debug, Clone)]
pub struct ImagesInMemory {
    images: Vec<OwnedImage>,
    sha256: String,
}

impl ImagesInMemory {
    /// These images.
    ///
    /// # Errors
    /// [`Error::Shape`] for one with other than one or three channels, no pixels, or other bytes than its shape says.
    pub fn new(images: Vec<OwnedImage>) -> Result<Self> {
        let mut digest = ImagesDigest::default();
        for (i, image) in images.iter().enumerate() {
            let ImageShape { channels, height, width } = image.shape;
            if !matches!(channels, 1 | 3) || image.shape.is_empty() || image.bytes.len() != image.shape.len() {
                let expected = format!("1 or 3 channels and {channels} x {height} x {width} bytes");
                return Err(Error::shape(format!("image {i}"), expected, &[image.bytes.len()]));
            }
            digest.add(&image.borrow());
        }
        Ok(Self { images, sha256: digest.finish() })
    }

    /// The images of `set`, at most the first `count`.
    ///
    /// # Errors
    /// As [`ImagesInMemory::new`].
    pub fn of(set: &ImageSet, count: usize) -> Result<Self> {
        let size = set.shape().len().max(1);
        let images = set.pixels().chunks_exact(size).take(count);
        Self::new(images.map(|bytes| OwnedImage { shape: set.shape(), bytes: bytes.to_vec() }).collect())
    }
}

impl ImageSource for ImagesInMemory {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn batch(&self, range: Range<usize>) -> Result<Vec<OwnedImage>> {
        let batch = self.images.get(range.clone());
        Ok(batch.ok_or_else(|| Error::Data(format!("images {range:?} asked for, {} there", self.len())))?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_covers_shapes_bytes_and_order() {
        let image = |height, width, bytes: &[u8]| OwnedImage { shape: ImageShape { channels: 1, height, width }, bytes: bytes.to_vec() };
        let digest = |images: &[OwnedImage]| ImagesInMemory::new(images.to_vec()).unwrap().sha256().to_owned();
        let (a, b) = (image(1, 2, &[1, 2]), image(1, 2, &[3, 4]));
        let base = digest(&[a.clone(), b.clone()]);
        assert_ne!(base, digest(&[b.clone(), a.clone()]));
        assert_ne!(base, digest(&[image(2, 1, &[1, 2]), b.clone()]));
        assert_eq!(base, digest(&[a.clone(), b]));
        let set = ImageSet::new(a.shape, vec![1, 2, 3, 4], vec![0, 0]).unwrap();
        assert_eq!(base, ImagesInMemory::of(&set, 9).unwrap().sha256());
        assert_eq!(ImagesInMemory::of(&set, 1).unwrap().len(), 1);
        assert!(ImagesInMemory::new(vec![image(1, 2, &[1])]).is_err());
        assert!(ImagesInMemory::of(&set, 2).unwrap().batch(1..3).is_err());
    }
}
