//! A classifier of images of one size on images of any.

use rayon::prelude::*;
use vimae_core::{Error, ImageShape, Result};
use vimae_datasets::Image;
use vimae_metrics::{
    classifier::Classifier,
    features::{FeatureNetwork, ImageView, Outputs, Source},
    images::OwnedImage,
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
