//! Images brought to the data set's shape, how many were enlarged or cut for it, and how many had what their pixels lack.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use vimae_core::ImageShape;

use crate::{Image, Result, image::Drops};

/// The least `size` that the setting takes.
const SMALLEST: usize = 4;

/// Counts of the images that were brought to one shape, as they are decoded.
#[derive(Debug)]
pub(super) struct Changed {
    shape: ImageShape,
    all: AtomicUsize,
    enlarged: AtomicUsize,
    cut: AtomicUsize,
    drops: Drops,
    /// Least and greatest shorter side of those that were enlarged.
    sides: [AtomicUsize; 2],
}

impl Changed {
    /// None so far. `shape` is a square.
    pub(super) fn to(shape: ImageShape) -> Self {
        let [all, enlarged, cut] = [0; 3].map(AtomicUsize::new);
        Self { shape, all, enlarged, cut, drops: Drops::default(), sides: [usize::MAX, 0].map(AtomicUsize::new) }
    }

    /// The shape of every image.
    pub(super) fn shape(&self) -> ImageShape {
        self.shape
    }

    /// The largest square in the middle of `image`, in this shape.
    pub(super) fn prepare(&self, image: Image) -> Result<Image> {
        let ImageShape { channels, height, width } = self.shape;
        let (longer, side) = (image.width().max(image.height()), image.width().min(image.height()));
        let dropped = image.dropped();
        let image = image.with_channels(channels).fit(width, height)?;
        self.drops.count(dropped);
        for (count, counts) in [(&self.all, true), (&self.enlarged, side < width), (&self.cut, longer > side)] {
            if counts {
                count.fetch_add(1, Relaxed);
            }
        }
        if side < width {
            let [least, greatest] = &self.sides;
            least.fetch_min(side, Relaxed);
            greatest.fetch_max(side, Relaxed);
        }
        Ok(image)
    }

    /// What a reader should know; nothing of images that were made smaller and no more.
    pub(super) fn notes(&self) -> Vec<String> {
        let ImageShape { height, width, .. } = self.shape;
        let all = self.all.load(Relaxed);
        let of = |count: &AtomicUsize| Some(count.load(Relaxed)).filter(|count| *count > 0);
        let images = |count: usize| format!("{count} of {all} image{}", if all == 1 { "" } else { "s" });
        let (is, was) = (|count: usize| if count == 1 { "is" } else { "are" }, |count: usize| if count == 1 { "was" } else { "were" });
        let enlarged = of(&self.enlarged).map(|count| {
            let (images, is, was) = (images(count), is(count), was(count));
            format!("{images} {is} smaller than {height} x {width} and {was} enlarged{}", self.way())
        });
        let cut = of(&self.cut).map(|count| format!("{} {} not square and {} cut to the middle", images(count), is(count), was(count)));
        enlarged.into_iter().chain(cut).chain(self.drops.notes()).collect()
    }

    /// The sizes of the images that were enlarged, and the size that enlarges none, where the setting takes it.
    fn way(&self) -> String {
        let [least, greatest] = self.sides.each_ref().map(|side| side.load(Relaxed));
        let sides = if least == greatest { least.to_string() } else { format!("{least} to {greatest}") };
        let size = if least < SMALLEST { String::new() } else { format!("; dataset.size = {least} enlarges none") };
        format!(": shorter sides of {sides} pixels{size}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Dropped;

    fn notes(sizes: &[(usize, usize)]) -> Vec<String> {
        let changed = Changed::to(ImageShape { channels: 1, height: 8, width: 8 });
        for &(width, height) in sizes {
            let image = changed.prepare(Image::new(width, height, 3, vec![7; width * height * 3]).unwrap()).unwrap();
            assert_eq!((image.width(), image.height(), image.bytes().len()), (8, 8, 64));
        }
        changed.notes()
    }

    #[test]
    fn what_was_enlarged_or_cut_is_counted_and_what_was_made_smaller_is_not() {
        assert_eq!(notes(&[(8, 8), (16, 16)]), [""; 0]);
        let small = "2 of 3 images are smaller than 8 x 8 and were enlarged: ";
        let said = |sizes: &[(usize, usize)]| notes(sizes)[0].strip_prefix(small).unwrap().to_owned();
        assert_eq!(said(&[(4, 4), (8, 8), (5, 5)]), "shorter sides of 4 to 5 pixels; dataset.size = 4 enlarges none");
        assert_eq!(said(&[(5, 5), (8, 8), (5, 5)]), "shorter sides of 5 pixels; dataset.size = 5 enlarges none");
        // The setting begins at 4.
        assert_eq!(said(&[(2, 2), (8, 8), (5, 5)]), "shorter sides of 2 to 5 pixels");
        assert_eq!(notes(&[(8, 8), (9, 8)]), ["1 of 2 images is not square and was cut to the middle"]);
        assert_eq!(notes(&[(4, 20)]).len(), 2);
    }

    #[test]
    fn what_pixels_lack_is_counted() {
        let changed = Changed::to(ImageShape { channels: 1, height: 8, width: 8 });
        for transparency in [true, false, true] {
            let dropped = Dropped { transparency, rotation: !transparency, frames: false };
            changed.prepare(Image::new(9, 9, 3, vec![7; 243]).unwrap().dropping(dropped)).unwrap();
        }
        let begins = ["2 images have transparent pixels", "1 image has a rotation in EXIF data"];
        let notes = changed.notes();
        assert!(notes.len() == 2 && notes.iter().zip(begins).all(|(note, begin)| note.starts_with(begin)), "{notes:?}");
    }
}
