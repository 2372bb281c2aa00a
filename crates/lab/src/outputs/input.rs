//! Images on their way into a network: read a few at a time, each brought to the network's shape.

use candle_core::Tensor;
use rayon::prelude::*;
use vimae_core::ImageShape;
use vimae_datasets::Image;
use vimae_metrics::images::OwnedImage;

use crate::{Error, Model, Progress, Result, Shelf, counted::counted, images_of, pretrained::binarised};

/// Images that go through a network at once.
pub(super) const BATCH: usize = 200;

/// Which images: whatever [`fid`](crate::fid()) takes as a set.
#[derive(Debug, Clone)]
pub struct Images {
    /// A folder, an archive, an array, a run (its samples), or `NAME:SPLIT` of a data set.
    pub place: String,
    /// The first so many; all where absent.
    pub count: Option<usize>,
    /// Leave out images that cannot be decoded.
    pub skip_broken: bool,
}

/// A set of images that is open.
pub(super) struct Input {
    set: images_of::Opened,
    asked: Option<usize>,
    shape: ImageShape,
    /// The network was trained on binary pixels.
    binary: bool,
}

/// What is done with a batch: the place of each image, their bytes `[C, H, W]`, and all of them as a tensor `[N, C, H, W]`.
pub(super) type Each<'a> = dyn FnMut(&[usize], &[Vec<u8>], &Tensor) -> Result<()> + 'a;

impl Input {
    /// Opens images for this model.
    ///
    /// # Errors
    /// As [`images_of::open`].
    pub(super) fn open(images: &Images, model: &Model, shelf: &mut Shelf) -> Result<Self> {
        let (count, skip_broken) = (images.count.unwrap_or(usize::MAX), images.skip_broken);
        let choice = images_of::Choice { count, skip_broken, deep: model.deep_grayscale() };
        shelf.read_as(model.dataset());
        let set = images_of::open(&images.place, choice, shelf)?;
        Ok(Self { set, asked: images.count, shape: model.network().image_shape(), binary: model.takes_binary() })
    }

    pub(super) fn len(&self) -> usize {
        self.set.images.len()
    }

    /// The name of an image: its path in a folder or archive, its number elsewhere.
    pub(super) fn name(&self, place: usize) -> String {
        self.set.names.get(place).cloned().unwrap_or_else(|| format!("{place:05}"))
    }

    /// The label of every image, where a data set has them.
    pub(super) fn labels(&self) -> Option<&[u32]> {
        self.set.labels.as_deref()
    }

    /// What a reader should know: images left out, and images that were not of the network's shape.
    pub(super) fn notes(&self) -> Vec<String> {
        let left_out = self.set.broken.iter().map(|(_, problem)| format!("left out {problem}"));
        let shapes: Vec<ImageShape> = self.set.images.census().images().iter().map(|seen| seen.shape).collect();
        let reshaped = reshaped(&shapes, self.shape);
        let passed_over = (!self.set.passed_over.is_empty()).then(|| format!("passed over: {}", self.set.passed_over));
        let fewer = self.asked.filter(|asked| *asked > self.len()).map(|asked| format!("{asked} were asked for, there are {}", self.len()));
        let binary = self.binary.then(|| "the network was trained on binary pixels: those below 128 became 0, all others 255".to_owned());
        left_out.chain(passed_over).chain(fewer).chain(reshaped).chain(binary).collect()
    }

    /// Calls `each` with every image once, a batch at a time, in whatever order they come cheapest.
    ///
    /// # Errors
    /// For an image that cannot be read; whatever `each` returns.
    pub(super) fn visit(&self, model: &Model, what: &str, progress: &dyn Progress, each: &mut Each<'_>) -> Result<()> {
        let (shape, binary) = (self.shape, self.binary);
        let mut waiting: (Vec<usize>, Vec<Vec<u8>>) = Default::default();
        let (mut done, mut failed) = (0, None);
        let mut flush = |(places, images): &mut (Vec<usize>, Vec<Vec<u8>>)| -> Result<()> {
            if !places.is_empty() {
                each(places, images, &model.tensor(images)?)?;
                done += places.len();
                progress.working(what, done, self.len());
            }
            places.clear();
            images.clear();
            Ok(())
        };
        let visited = self.set.images.visit(&mut |places, images| {
            let prepared: vimae_datasets::Result<Vec<Vec<u8>>> =
                images.into_par_iter().map(|image| prepare(image, shape, binary)).collect();
            let step = || -> Result<()> {
                for (place, bytes) in places.iter().zip(prepared?) {
                    waiting.0.push(*place);
                    waiting.1.push(bytes);
                    if waiting.0.len() == BATCH {
                        flush(&mut waiting)?;
                    }
                }
                Ok(())
            };
            step().map_err(|error| {
                let stopped = vimae_core::Error::Data(error.to_string());
                failed = Some(error);
                stopped
            })
        });
        match (failed, visited) {
            (Some(error), _) => Err(error),
            (None, visited) => {
                visited?;
                flush(&mut waiting)
            }
        }
    }

    /// The images at these places, `[C, H, W]` each, in this order.
    ///
    /// # Errors
    /// [`Error::Images`] for a place that the set does not have; as [`Input::visit`].
    pub(super) fn at(&self, wanted: &[usize], model: &Model, progress: &dyn Progress) -> Result<Vec<Vec<u8>>> {
        if let Some(beyond) = wanted.iter().find(|place| **place >= self.len()) {
            let problem = format!("image {beyond} was asked for, counted from 0; there are {}", self.len());
            return Err(Error::Images { place: self.set.kind.clone(), problem });
        }
        let mut found: Vec<Vec<u8>> = vec![Vec::new(); wanted.len()];
        self.visit(model, "images", progress, &mut |places, images, _| {
            for (slot, place) in found.iter_mut().zip(wanted) {
                if let Some((_, image)) = places.iter().zip(images).find(|(here, _)| *here == place) {
                    slot.clone_from(image);
                }
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// What was done to the images that were not of the network's `shape`, and to how many; nothing where all were.
fn reshaped(images: &[ImageShape], shape: ImageShape) -> Option<String> {
    let others: Vec<&ImageShape> = images.iter().filter(|image| **image != shape).collect();
    let any = |was: &dyn Fn(&ImageShape) -> bool| others.iter().any(|image| was(image));
    let cut = |image: &ImageShape| image.height * shape.width != image.width * shape.height;
    // What is cut may have the size already.
    let resized = |image: &ImageShape| {
        let by_width = image.height == shape.height && image.width >= shape.width;
        let by_height = image.width == shape.width && image.height >= shape.height;
        !by_width && !by_height
    };
    let recoloured = |image: &ImageShape| image.channels != shape.channels;
    let steps = [
        (any(&cut), "cut to the middle".to_owned()),
        (any(&resized), "resized".to_owned()),
        (any(&recoloured), format!("brought to {}", counted(shape.channels, "channel"))),
    ];
    let steps: Vec<String> = steps.into_iter().filter_map(|(done, step)| done.then_some(step)).collect();
    let (last, before) = steps.split_last()?;
    let done = if before.is_empty() { last.clone() } else { format!("{} and {last}", before.join(", ")) };
    Some(format!("{done} for {shape}: {} of {}", others.len(), counted(images.len(), "image")))
}

/// An image as the network takes it, with two levels where it was trained on `binary` pixels.
fn prepare(image: OwnedImage, shape: ImageShape, binary: bool) -> vimae_datasets::Result<Vec<u8>> {
    let mut bytes = shaped(image, shape)?;
    if binary {
        bytes.iter_mut().for_each(|byte| *byte = binarised(*byte));
    }
    Ok(bytes)
}

/// An image in the network's shape: the middle in its proportions, resized as every data set's images are, in its channels.
fn shaped(image: OwnedImage, shape: ImageShape) -> vimae_datasets::Result<Vec<u8>> {
    if image.shape == shape {
        return Ok(image.bytes);
    }
    let image = Image::of_planes(image.shape, &image.bytes)?.with_channels(shape.channels);
    Ok(image.fit(shape.width, shape.height)?.into_planes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_on_images_of_another_shape_counts_them_and_says_what_was_done() {
        let of = |height: usize, width: usize, channels: usize| ImageShape { channels, height, width };
        let said = |images: &[ImageShape]| reshaped(images, of(28, 28, 1)).unwrap_or_default();
        assert_eq!(said(&[of(28, 28, 1)]), "");
        assert_eq!(said(&[of(28, 28, 3)]), "brought to 1 channel for 28x28x1: 1 of 1 image");
        assert_eq!(said(&[of(28, 28, 1), of(56, 56, 1), of(9, 9, 1)]), "resized for 28x28x1: 2 of 3 images");
        assert_eq!(said(&[of(28, 40, 1)]), "cut to the middle for 28x28x1: 1 of 1 image");
        assert_eq!(said(&[of(28, 20, 1)]), "cut to the middle and resized for 28x28x1: 1 of 1 image");
        assert_eq!(said(&[of(40, 30, 3)]), "cut to the middle, resized and brought to 1 channel for 28x28x1: 1 of 1 image");
    }

    #[test]
    fn images_of_another_shape_are_cut_resized_and_recoloured() {
        let grey = ImageShape { channels: 1, height: 2, width: 4 };
        let image = |shape: ImageShape, bytes: &[u8]| OwnedImage { shape, bytes: bytes.to_vec() };
        let two = prepare(image(grey, &[0, 127, 128, 4, 255, 6, 7, 200]), grey, true).unwrap();
        assert_eq!(two, [0, 0, 255, 0, 255, 0, 0, 255]);
        let same = prepare(image(grey, &[1, 2, 3, 4, 5, 6, 7, 8]), grey, false).unwrap();
        assert_eq!(same, [1, 2, 3, 4, 5, 6, 7, 8]);
        // The middle square, each value three times.
        let square = ImageShape { channels: 3, height: 2, width: 2 };
        let colour = prepare(image(grey, &[1, 2, 3, 4, 5, 6, 7, 8]), square, false).unwrap();
        assert_eq!(colour, [2, 3, 6, 7, 2, 3, 6, 7, 2, 3, 6, 7]);
        let one = prepare(image(square, &[9; 12]), ImageShape { channels: 1, height: 5, width: 3 }, false).unwrap();
        assert_eq!(one, [9; 15]);
    }
}
