//! A data set without labels as one of four classes: by how far its images are turned.
//!
//! What a network learns to tell the turns by are objects and their parts (Gidaris, Singh and Komodakis, "Unsupervised
//! Representation Learning by Predicting Image Rotations", 2018): features of the data set's own images where nobody
//! named their classes.

use vimae_core::{Dataset, Error, ImageSet, PixelRange, Result, Split};

/// Images of the training split that are turned, at most.
const MOST: usize = 4_000;

/// The training split, every image in four turns.
pub(crate) struct Rotations {
    name: String,
    range: PixelRange,
    sha256: String,
    turned: ImageSet,
}

impl Rotations {
    /// The first images of the training split of `dataset`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for images that are not square.
    pub(crate) fn of(dataset: &dyn Dataset) -> Result<Self> {
        let set = dataset.split(Split::Train)?;
        let shape = set.shape();
        if shape.height != shape.width {
            let what = format!("a classifier of turned images of {}", dataset.name());
            return Err(Error::Unsupported { what, reason: format!("they are {shape}, not square") });
        }
        let count = set.len().min(MOST);
        let mut pixels = Vec::with_capacity(4 * count * shape.len());
        for image in set.pixels().chunks_exact(shape.len().max(1)).take(count) {
            let mut turned = image.to_vec();
            for _ in 0..4 {
                pixels.extend_from_slice(&turned);
                turned = quarter(&turned, shape.width);
            }
        }
        let labels = (0..count).flat_map(|_| 0..4).collect();
        Ok(Self {
            name: format!("{}.rotations", dataset.name()),
            range: dataset.range(),
            sha256: dataset.sha256().into(),
            turned: ImageSet::new(shape, pixels, labels)?,
        })
    }
}

/// An image `[C, side, side]` turned counter-clockwise by 90 degrees.
fn quarter(image: &[u8], side: usize) -> Vec<u8> {
    let channels = image.chunks_exact((side * side).max(1));
    channels.flat_map(|plane| (0..side).flat_map(move |row| (0..side).map(move |column| plane[column * side + side - 1 - row]))).collect()
}

impl Dataset for Rotations {
    fn name(&self) -> &str {
        &self.name
    }

    fn range(&self) -> PixelRange {
        self.range
    }

    fn classes(&self) -> usize {
        4
    }

    fn sha256(&self) -> &str {
        &self.sha256
    }

    fn split(&self, split: Split) -> Result<&ImageSet> {
        match split {
            Split::Train => Ok(&self.turned),
            _ => Err(Error::Unsupported {
                what: format!("split \"{split}\" of \"{}\"", self.name),
                reason: "only training images are turned".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_right_corner_goes_to_the_top_left_in_every_channel() {
        let image = [1, 2, 3, 4, 11, 12, 13, 14];
        assert_eq!(quarter(&image, 2), [2, 4, 1, 3, 12, 14, 11, 13]);
        let four = (0..4).fold(image.to_vec(), |turned, _| quarter(&turned, 2));
        assert_eq!(four, image);
    }
}
