//! A classifier of images of one size on images of any.

use std::{cmp::Reverse, collections::BTreeMap, path::Path};

use rayon::prelude::*;
use vimae_core::{Error, ImageShape, Result};
use vimae_datasets::Image;
use vimae_metrics::{
    classifier::Classifier,
    features::{FeatureNetwork, ImageView, Outputs, Source},
    images::{Census, OwnedImage},
};

use super::side::Side;

/// The sets that are compared, by what notes call them.
pub(super) type Sides<'a> = [(&'static str, Option<&'a Side>); 2];

/// A classifier that sees the middle of images of other sizes, resized as a data set's images are.
struct Fitted {
    classifier: Classifier,
    source: Source,
}

/// The classifier as it is where all images have its size; else one that brings them to it, under another name in protocols,
/// with a note for each set.
pub(super) fn fitted(classifier: Classifier, sides: &Sides<'_>) -> (Box<dyn FeatureNetwork>, Vec<String>) {
    let ImageShape { height, width, .. } = classifier.shape();
    let note = |(name, side): &(&str, Option<&Side>)| {
        let set = side.as_ref()?.images()?;
        let other = set.images.census().images().iter().filter(|seen| (seen.shape.height, seen.shape.width) != (height, width)).count();
        let all = set.images.len();
        (other > 0)
            .then(|| format!("{name}: {other} of {all} images are not {height} x {width}, and the classifier sees their middle, resized"))
    };
    let notes: Vec<String> = sides.iter().filter_map(note).collect();
    if notes.is_empty() {
        return (Box::new(classifier), notes);
    }
    let source = Source::new(format!("{}.fitted", classifier.source().network()), classifier.source().sha256());
    (Box::new(Fitted { classifier, source }), notes)
}

/// The classifier of a file, as [`fitted`] has it. The file does not say what size its images have: where these are of several, it is
/// the most frequent one of the reference that the weights fit, else of the generated images, and a note names it.
///
/// # Errors
/// As [`Classifier::open_for`].
pub(super) fn of_file(file: &Path, sides: &Sides<'_>) -> Result<(Box<dyn FeatureNetwork>, Vec<String>)> {
    let sets = sides.iter().filter_map(|(_, side)| side.as_ref()?.images());
    let mut shapes: Vec<ImageShape> = Vec::new();
    for shape in sets.flat_map(|set| by_frequency(set.images.census())) {
        if !shapes.iter().any(|known| (known.height, known.width) == (shape.height, shape.width)) {
            shapes.push(shape);
        }
    }
    let classifier = Classifier::open_for(file, &shapes)?;
    let ImageShape { height, width, .. } = classifier.shape();
    let (network, mut notes) = fitted(classifier, sides);
    if !notes.is_empty() {
        let file = file.display();
        notes.insert(0, format!("{file} does not say what size its images have: {height} x {width}, which its weights fit, is taken"));
    }
    Ok((network, notes))
}

/// A shape for each size of a set's images, the most frequent first and of equally frequent ones the one that comes first.
fn by_frequency(census: &Census) -> Vec<ImageShape> {
    let mut found: BTreeMap<(usize, usize), (usize, usize, ImageShape)> = BTreeMap::new();
    for (place, seen) in census.images().iter().enumerate() {
        found.entry((seen.shape.height, seen.shape.width)).or_insert((0, place, seen.shape)).0 += 1;
    }
    let mut found: Vec<(usize, usize, ImageShape)> = found.into_values().collect();
    found.sort_by_key(|(count, place, _)| (Reverse(*count), *place));
    found.into_iter().map(|(.., shape)| shape).collect()
}

impl Fitted {
    /// The image in rows and columns of the classifier, in its own channels.
    fn fit(&self, image: &ImageView<'_>) -> Result<OwnedImage> {
        let ImageShape { height, width, .. } = self.classifier.shape();
        if (image.shape.height, image.shape.width) == (height, width) {
            return Ok(OwnedImage { shape: image.shape, bytes: image.bytes.to_vec() });
        }
        let fitted = Image::of_planes(image.shape, image.bytes).and_then(|image| image.fit(width, height));
        let fitted = fitted.map_err(|error| Error::Data(error.to_string()))?;
        Ok(OwnedImage { shape: ImageShape { height, width, ..image.shape }, bytes: fitted.into_planes() })
    }
}

impl FeatureNetwork for Fitted {
    fn source(&self) -> &Source {
        &self.source
    }

    fn size(&self) -> usize {
        self.classifier.size()
    }

    fn channels(&self) -> Option<usize> {
        self.classifier.channels()
    }

    fn run(&self, images: &[ImageView<'_>]) -> Result<Outputs> {
        let images: Vec<OwnedImage> = images.par_iter().map(|image| self.fit(image)).collect::<Result<_>>()?;
        self.classifier.run(&images.iter().map(OwnedImage::borrow).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use vimae_metrics::images::Seen;

    use super::*;

    #[test]
    fn sizes_come_by_how_many_images_have_them() {
        let sizes = |of: &[(usize, usize)]| {
            let seen = |(height, width): &(usize, usize)| Seen {
                shape: ImageShape { channels: 1, height: *height, width: *width },
                grayscale: true,
                sha256: [0; 32],
            };
            let shapes = by_frequency(&Census::new(of.iter().map(seen).collect()));
            shapes.into_iter().map(|shape| (shape.height, shape.width)).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[(9, 9), (28, 28), (28, 28)]), [(28, 28), (9, 9)]);
        // Of equally many the first, whichever is larger.
        assert_eq!(sizes(&[(9, 9), (4, 4), (28, 28), (4, 4), (9, 9)]), [(9, 9), (4, 4), (28, 28)]);
        assert!(sizes(&[]).is_empty());
    }
}
