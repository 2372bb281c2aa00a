//! Sets of images that features are extracted from.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use vimae_core::{Error, ImageSet, ImageShape, Result, subset::drawn};

use crate::{digest::hex, resize::ImageView};

/// An image that owns its bytes.
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

/// What is done with a portion of a set: the place of each image in the set's order, and the images.
pub type Visit<'a> = dyn FnMut(&[usize], Vec<OwnedImage>) -> Result<()> + 'a;

/// A set of images, of one shape or many. Not all of them have to be in memory at once.
pub trait ImageSource {
    /// Every image, looked at once.
    fn census(&self) -> &Census;

    /// Calls `visit` with every image once, a few at a time, in whatever order they come cheapest.
    ///
    /// # Errors
    /// Where one cannot be had, naming it; whatever `visit` returns.
    fn visit(&self, visit: &mut Visit<'_>) -> Result<()>;

    /// How many.
    fn len(&self) -> usize {
        self.census().images().len()
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256, in hex, of all images in order: see [`Census::sha256`].
    fn sha256(&self) -> &str {
        self.census().sha256()
    }
}

/// What is kept of an image that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its shape.
    pub shape: ImageShape,
    /// Whether it has one channel, or three that are the same.
    pub grayscale: bool,
    /// SHA-256 of shape and bytes; of one channel where it is grayscale, however it was saved.
    pub sha256: [u8; 32],
}

impl Seen {
    /// Looks at an image.
    pub fn of(image: &ImageView<'_>) -> Self {
        let grayscale = image.is_grayscale();
        let channels = if grayscale { 1 } else { image.shape.channels };
        let bytes = image.with_channels(channels).unwrap_or(image.bytes.into());
        let mut hash = Sha256::new();
        hash.update(format!("{}\n", ImageShape { channels, ..image.shape }));
        hash.update(bytes);
        Self { shape: image.shape, grayscale, sha256: hash.finalize().into() }
    }
}

/// A set's images, each looked at once: what can be said of them without looking again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    images: Vec<Seen>,
    sha256: String,
}

impl Census {
    /// Of the images of a set in order.
    pub fn new(images: Vec<Seen>) -> Self {
        let mut hash = Sha256::new();
        images.iter().for_each(|image| hash.update(image.sha256));
        Self { images, sha256: hex(&hash.finalize()) }
    }

    /// The images in order.
    pub fn images(&self) -> &[Seen] {
        &self.images
    }

    /// SHA-256, in hex, of the digests of all images in order: the same whatever files they came from, and whether
    /// grayscale images were saved with one channel or three.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How many images are grayscale.
    pub fn grayscale(&self) -> usize {
        self.images.iter().filter(|i| i.grayscale).count()
    }

    /// How many of them were saved with three channels.
    pub fn grayscale_as_rgb(&self) -> usize {
        self.images.iter().filter(|i| i.grayscale && i.shape.channels == 3).count()
    }

    /// How many images differ from all before them.
    pub fn distinct(&self) -> usize {
        self.digests().len()
    }

    /// How many images of `other` are, to the byte, among these.
    pub fn shared(&self, other: &Self) -> usize {
        let own = self.digests();
        other.images.iter().filter(|i| own.contains(&i.sha256)).count()
    }

    fn digests(&self) -> BTreeSet<&[u8; 32]> {
        self.images.iter().map(|i| &i.sha256).collect()
    }
}

/// Images in memory.
#[derive(Debug, Clone)]
pub struct ImagesInMemory {
    images: Vec<OwnedImage>,
    census: Census,
}

/// Images of one call of a visit.
const PORTION: usize = 48;

impl ImagesInMemory {
    /// These images.
    ///
    /// # Errors
    /// [`Error::Shape`] for one with other than one or three channels, no pixels, or other bytes than its shape says.
    pub fn new(images: Vec<OwnedImage>) -> Result<Self> {
        for (i, image) in images.iter().enumerate() {
            let ImageShape { channels, height, width } = image.shape;
            if !matches!(channels, 1 | 3) || image.shape.is_empty() || image.bytes.len() != image.shape.len() {
                let expected = format!("1 or 3 channels and {channels} x {height} x {width} bytes");
                return Err(Error::shape(format!("image {i}"), expected, &[image.bytes.len()]));
            }
        }
        let census = Census::new(images.iter().map(|image| Seen::of(&image.borrow())).collect());
        Ok(Self { images, census })
    }

    /// The images of `set`, at most `count`, [`drawn`] of all.
    ///
    /// # Errors
    /// As [`ImagesInMemory::new`].
    pub fn of(set: &ImageSet, count: usize) -> Result<Self> {
        Self::at(set, drawn(set.len(), count))
    }

    /// The first `count` images of `set`.
    ///
    /// # Errors
    /// As [`ImagesInMemory::new`].
    pub fn first(set: &ImageSet, count: usize) -> Result<Self> {
        Self::at(set, 0..set.len().min(count))
    }

    fn at(set: &ImageSet, places: impl IntoIterator<Item = usize>) -> Result<Self> {
        let size = set.shape().len().max(1);
        let images = places.into_iter().filter_map(|place| set.pixels().get(place * size..(place + 1) * size));
        Self::new(images.map(|bytes| OwnedImage { shape: set.shape(), bytes: bytes.to_vec() }).collect())
    }
}

impl ImageSource for ImagesInMemory {
    fn census(&self) -> &Census {
        &self.census
    }

    fn visit(&self, visit: &mut Visit<'_>) -> Result<()> {
        let places: Vec<usize> = (0..self.images.len()).collect();
        places.chunks(PORTION).zip(self.images.chunks(PORTION)).try_for_each(|(places, images)| visit(places, images.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: usize, height: usize, width: usize, bytes: &[u8]) -> OwnedImage {
        OwnedImage { shape: ImageShape { channels, height, width }, bytes: bytes.to_vec() }
    }

    #[test]
    fn the_digest_covers_shapes_bytes_and_order() {
        let digest = |images: &[OwnedImage]| ImagesInMemory::new(images.to_vec()).unwrap().sha256().to_owned();
        let (a, b) = (image(1, 1, 2, &[1, 2]), image(1, 1, 2, &[3, 4]));
        let base = digest(&[a.clone(), b.clone()]);
        assert_ne!(base, digest(&[b.clone(), a.clone()]));
        assert_ne!(base, digest(&[image(1, 2, 1, &[1, 2]), b.clone()]));
        assert_eq!(base, digest(&[a.clone(), b.clone()]));
        // Saved as RGB they are the same images, in colour they are not.
        assert_eq!(base, digest(&[image(3, 1, 2, &[1, 2, 1, 2, 1, 2]), b.clone()]));
        assert_ne!(base, digest(&[image(3, 1, 2, &[1, 2, 1, 2, 1, 3]), b]));
        let set = ImageSet::new(a.shape, vec![1, 2, 3, 4], vec![0, 0]).unwrap();
        assert_eq!(base, ImagesInMemory::of(&set, 9).unwrap().sha256());
        assert_eq!(ImagesInMemory::of(&set, 1).unwrap().len(), 1);
        assert_eq!(ImagesInMemory::first(&set, 1).unwrap().sha256(), digest(&[a]));
        assert_eq!(base, ImagesInMemory::first(&set, 9).unwrap().sha256());
        assert!(ImagesInMemory::new(vec![image(1, 1, 2, &[1])]).is_err());
    }

    #[test]
    fn a_census_counts_copies_and_what_two_sets_share() {
        let (a, b, colour) = (image(1, 1, 1, &[1]), image(1, 1, 1, &[2]), image(3, 1, 1, &[1, 2, 3]));
        let set = |images: &[&OwnedImage]| ImagesInMemory::new(images.iter().map(|&i| i.clone()).collect()).unwrap();
        let rgb = image(3, 1, 1, &[1, 1, 1]);
        let (first, second) = (set(&[&a, &a, &b, &colour, &rgb]), set(&[&colour, &rgb, &rgb]));
        let (first, second) = (first.census(), second.census());
        assert_eq!((first.distinct(), first.grayscale(), first.grayscale_as_rgb()), (3, 4, 1));
        assert_eq!((first.shared(second), second.shared(first)), (3, 4));
    }

    #[test]
    fn every_image_is_visited_once_at_its_place() {
        let images: Vec<OwnedImage> = (0..100).map(|i| image(1, 1, 1, &[i])).collect();
        let mut seen = Vec::new();
        let set = ImagesInMemory::new(images).unwrap();
        set.visit(&mut |places, images| {
            assert!(places.len() == images.len() && images.len() <= PORTION);
            seen.extend(places.iter().zip(&images).map(|(place, image)| (*place, image.bytes[0])));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..100).map(|i| (i, i as u8)).collect::<Vec<_>>());
    }
}
