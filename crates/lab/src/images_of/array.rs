//! Images in an array of NumPy's as a set, read a portion at a time.

use vimae_core::Error as CoreError;
use vimae_datasets::{Error as DataError, ImageArray};
use vimae_metrics::images::{Census, ImageSource, OwnedImage, Seen, Visit};

use super::opened::{Opened, inward, outward};
use crate::Result;

/// The most images of a portion, and about the most bytes.
const PORTION: usize = 48;
const BYTES: usize = 32 << 20;

/// The first `count` images of `array`.
///
/// # Errors
/// [`crate::Error::Data`] for a file that is torn.
pub(super) fn open(array: ImageArray, count: usize) -> Result<Opened> {
    let kind = format!("array {} of {} images of {}", array.name(), array.len(), array.shape());
    let mut set = Array { count: count.min(array.len()), array, census: Census::new(Vec::new()) };
    let mut seen = Vec::with_capacity(set.count);
    set.each(&mut |_, images| {
        seen.extend(images.iter().map(|image| Seen::of(&image.borrow())));
        Ok(())
    })?;
    set.census = Census::new(seen);
    Ok(Opened::whole(set, kind))
}

struct Array {
    array: ImageArray,
    count: usize,
    census: Census,
}

impl Array {
    fn each(&self, visit: &mut Visit<'_>) -> vimae_datasets::Result<()> {
        let shape = self.array.shape();
        let portion = (BYTES / shape.len().max(1)).clamp(1, PORTION);
        let mut done = 0;
        let outcome = self.array.batches(portion, &mut |levels| {
            let images = levels.chunks_exact(shape.len().max(1)).take(self.count - done);
            let images: Vec<OwnedImage> = images.map(|bytes| OwnedImage { shape, bytes: bytes.to_vec() }).collect();
            let places: Vec<usize> = (done..done + images.len()).collect();
            done += images.len();
            visit(&places, images).map_err(inward)?;
            // What follows is not wanted; an error is the way to stop a reader.
            if done == self.count && done < self.array.len() { Err(enough()) } else { Ok(()) }
        });
        match outcome {
            Err(DataError::Refused { reason, .. }) if reason == ENOUGH => Ok(()),
            outcome => outcome,
        }
    }
}

const ENOUGH: &str = "enough images";

fn enough() -> DataError {
    DataError::Refused { file: String::new(), reason: ENOUGH.into() }
}

impl ImageSource for Array {
    fn census(&self) -> &Census {
        &self.census
    }

    fn visit(&self, visit: &mut Visit<'_>) -> vimae_core::Result<()> {
        let outcome = self.each(&mut |places, images| {
            let same = |(place, image): (&usize, &OwnedImage)| self.census.images().get(*place) == Some(&Seen::of(&image.borrow()));
            if !places.iter().zip(&images).all(same) {
                return Err(CoreError::Data(format!("array {} changed while it was read", self.array.name())));
            }
            visit(places, images)
        });
        outcome.map_err(outward)
    }
}
