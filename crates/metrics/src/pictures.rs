//! Sets of pictures that features are extracted from.

use std::ops::Range;

use sha2::{Digest, Sha256};
use vimae_core::{Error, ImageSet, ImageShape, Result};

use crate::{digest::hex, resize::Picture};

/// A picture that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedPicture {
    /// Its shape; one channel or three.
    pub shape: ImageShape,
    /// `[C, H, W]`
    pub bytes: Vec<u8>,
}

impl OwnedPicture {
    /// The picture to look at.
    pub fn borrow(&self) -> Picture<'_> {
        Picture { shape: self.shape, bytes: &self.bytes }
    }
}

/// A set of pictures, of one shape or many.
pub trait Pictures {
    /// How many.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256, in hex, of all pictures in order: see [`PicturesDigest`].
    fn sha256(&self) -> &str;

    /// Some of them.
    ///
    /// # Errors
    /// Where one cannot be had, naming it.
    fn batch(&self, range: Range<usize>) -> Result<Vec<OwnedPicture>>;
}

/// The digest of a set of pictures: of the shape and bytes of each in turn, whatever file they came from.
#[derive(Debug, Clone, Default)]
pub struct PicturesDigest(Sha256);

impl PicturesDigest {
    /// Adds a picture.
    pub fn add(&mut self, picture: &Picture<'_>) {
        self.0.update(format!("{}\n", picture.shape));
        self.0.update(picture.bytes);
    }

    /// The digest, in hex.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Pictures in memory.
#[derive(Debug, Clone)]
pub struct PicturesInMemory {
    pictures: Vec<OwnedPicture>,
    sha256: String,
}

impl PicturesInMemory {
    /// These pictures.
    ///
    /// # Errors
    /// [`Error::Shape`] for one with other than one or three channels, no pixels, or other bytes than its shape says.
    pub fn new(pictures: Vec<OwnedPicture>) -> Result<Self> {
        let mut digest = PicturesDigest::default();
        for (i, picture) in pictures.iter().enumerate() {
            let ImageShape { channels, height, width } = picture.shape;
            if !matches!(channels, 1 | 3) || picture.shape.is_empty() || picture.bytes.len() != picture.shape.len() {
                let expected = format!("1 or 3 channels and {channels} x {height} x {width} bytes");
                return Err(Error::shape(format!("picture {i}"), expected, &[picture.bytes.len()]));
            }
            digest.add(&picture.borrow());
        }
        Ok(Self { pictures, sha256: digest.finish() })
    }

    /// The pictures of `set`, at most the first `count`.
    ///
    /// # Errors
    /// As [`PicturesInMemory::new`].
    pub fn of(set: &ImageSet, count: usize) -> Result<Self> {
        let size = set.shape().len().max(1);
        let pictures = set.pixels().chunks_exact(size).take(count);
        Self::new(pictures.map(|bytes| OwnedPicture { shape: set.shape(), bytes: bytes.to_vec() }).collect())
    }
}

impl Pictures for PicturesInMemory {
    fn len(&self) -> usize {
        self.pictures.len()
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn batch(&self, range: Range<usize>) -> Result<Vec<OwnedPicture>> {
        let batch = self.pictures.get(range.clone());
        Ok(batch.ok_or_else(|| Error::Data(format!("pictures {range:?} asked for, {} there", self.len())))?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_covers_shapes_bytes_and_order() {
        let picture =
            |height, width, bytes: &[u8]| OwnedPicture { shape: ImageShape { channels: 1, height, width }, bytes: bytes.to_vec() };
        let digest = |pictures: &[OwnedPicture]| PicturesInMemory::new(pictures.to_vec()).unwrap().sha256().to_owned();
        let (a, b) = (picture(1, 2, &[1, 2]), picture(1, 2, &[3, 4]));
        let base = digest(&[a.clone(), b.clone()]);
        assert_ne!(base, digest(&[b.clone(), a.clone()]));
        assert_ne!(base, digest(&[picture(2, 1, &[1, 2]), b.clone()]));
        assert_eq!(base, digest(&[a.clone(), b]));
        let set = ImageSet::new(a.shape, vec![1, 2, 3, 4], vec![0, 0]).unwrap();
        assert_eq!(base, PicturesInMemory::of(&set, 9).unwrap().sha256());
        assert_eq!(PicturesInMemory::of(&set, 1).unwrap().len(), 1);
        assert!(PicturesInMemory::new(vec![picture(1, 2, &[1])]).is_err());
        assert!(PicturesInMemory::of(&set, 2).unwrap().batch(1..3).is_err());
    }
}
