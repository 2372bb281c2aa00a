//! Images as bytes, their splits, and batches of them.

use std::fmt;

use candle_core::{Device, Tensor};
use rand::Rng;
use vimae_spec::Parameter;
pub use vimae_spec::PixelRange;

use crate::{Error, Purpose, Result, Streams};

/// The shape of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageShape {
    /// Colour channels: 1 or 3.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageShape {
    /// Values in one image.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether an image has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for ImageShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.height, self.width, self.channels)
    }
}

/// What values the images of a data set take, in units of the \[0, 1\] interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Multiples of 1/255.
    Bytes,
    /// 0 and 1 alone.
    Binary,
    /// Any in \[0, 1\]: bytes with uniform noise.
    Continuous,
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    /// Trained on.
    Train,
    /// Chosen with.
    Validation,
    /// Reported on.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// Labelled images as bytes, channels first.
#[derive(Debug, Clone)]
pub struct ImageSet {
    shape: ImageShape,
    pixels: Vec<u8>,
    labels: Vec<u32>,
    redraw: Option<Redraw>,
}

/// What is drawn of the images of a set each time that training sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redraw {
    /// A pixel is 255 with the probability that a byte of these gray images says, `[N, C, H, W]`, else 0. The bytes of the set are
    /// one such draw.
    Binary(Vec<u8>),
    /// Uniform noise lies between the bytes of the set: (byte + u) / 256. Outside of training it is that of this seed.
    Uniform(u64),
}

/// The step of [`Purpose::Pixels`] for an image in an epoch, or in another part of a data set.
pub fn pixel_step(epoch: u64, image: usize) -> u64 {
    epoch << 32 | image as u64
}

/// Gray bytes as 255 with the probability byte / 255, else 0, by the draws of an image.
pub fn binary_draw(gray: &[u8], streams: &Streams, step: u64) -> Vec<u8> {
    let mut rng = streams.at(Purpose::Pixels, step);
    gray.iter().map(|&byte| if rng.random_range(0..255_u8) < byte { 255 } else { 0 }).collect()
}

impl ImageSet {
    /// Images of `shape`, one after another (`[N, C, H, W]`), and as many labels.
    ///
    /// # Errors
    /// [`Error::Shape`] where `pixels` does not hold exactly one image a label.
    pub fn new(shape: ImageShape, pixels: Vec<u8>, labels: Vec<u32>) -> Result<Self> {
        if pixels.len() != shape.len() * labels.len() {
            return Err(Error::shape("images", format!("{} labels of {} bytes each", labels.len(), shape.len()), &[pixels.len()]));
        }
        Ok(Self { shape, pixels, labels, redraw: None })
    }

    /// The same images, of which `redraw` draws.
    ///
    /// # Errors
    /// [`Error::Shape`] where gray images are not as many bytes as there are.
    pub fn redrawn(self, redraw: Redraw) -> Result<Self> {
        match &redraw {
            Redraw::Binary(gray) if gray.len() != self.pixels.len() => {
                Err(Error::shape("gray images", format!("{} bytes", self.pixels.len()), &[gray.len()]))
            }
            _ => Ok(Self { redraw: Some(redraw), ..self }),
        }
    }

    /// What is drawn of the images; nothing for most sets.
    pub fn redraw(&self) -> Option<&Redraw> {
        self.redraw.as_ref()
    }

    /// The shape of each image.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All bytes, `[N, C, H, W]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The label of every image.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The images at `indices` as a tensor `[N, C, H, W]` in `range`.
    ///
    /// # Errors
    /// [`Error::Data`] for an index out of range; [`Error::Tensor`] where the device fails.
    pub fn tensor(&self, indices: &[usize], range: PixelRange, device: &Device) -> Result<Tensor> {
        let once = match self.redraw {
            Some(Redraw::Uniform(seed)) => Some((Streams::new(seed).fold_in("dequantise"), 0)),
            _ => None,
        };
        self.drawn(indices, range, once, device)
    }

    /// The images at `indices` as training sees them in an epoch, `[N, C, H, W]` in `range`: those of [`tensor`](Self::tensor), drawn
    /// again where something is [drawn](Self::redraw) of them.
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor).
    pub fn training_tensor(
        &self,
        indices: &[usize],
        range: PixelRange,
        (streams, epoch): (&Streams, u64),
        device: &Device,
    ) -> Result<Tensor> {
        self.drawn(indices, range, Some((*streams, epoch)), device)
    }

    /// The bytes of an image of `pixels`, which are as many as the set's.
    fn image<'a>(&self, pixels: &'a [u8], index: usize) -> Result<&'a [u8]> {
        let size = self.shape.len();
        let bytes = pixels.get(index * size..(index + 1) * size);
        bytes.ok_or_else(|| Error::Data(format!("image {index} asked for, {} there", self.len())))
    }

    fn drawn(&self, indices: &[usize], range: PixelRange, draws: Option<(Streams, u64)>, device: &Device) -> Result<Tensor> {
        let (scale, offset) = range.affine();
        let size = self.shape.len();
        let mut values = Vec::with_capacity(indices.len() * size);
        for &index in indices {
            let in_range = |b: u8| f32::from(b) * scale + offset;
            match (&self.redraw, draws) {
                (Some(Redraw::Binary(gray)), Some((streams, epoch))) => {
                    values.extend(binary_draw(self.image(gray, index)?, &streams, pixel_step(epoch, index)).into_iter().map(in_range));
                }
                (Some(Redraw::Uniform(_)), Some((streams, epoch))) => {
                    let mut rng = streams.at(Purpose::Pixels, pixel_step(epoch, index));
                    // (byte + u) / 256, where a byte alone is byte / 255.
                    let mut between = |b: u8| (f32::from(b) + rng.random::<f32>()) * (255.0 / 256.0) * scale + offset;
                    values.extend(self.image(&self.pixels, index)?.iter().map(|&b| between(b)));
                }
                _ => values.extend(self.image(&self.pixels, index)?.iter().map(|&b| in_range(b))),
            }
        }
        let ImageShape { channels, height, width } = self.shape;
        Ok(Tensor::from_vec(values, (indices.len(), channels, height, width), device)?)
    }
}

/// Classes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they are called together.
    pub name: String,
    /// Their labels.
    pub classes: std::ops::Range<u32>,
}

/// A named collection of images with fixed splits and a digest.
pub trait Dataset: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// The interval of the pixels that networks see.
    fn range(&self) -> PixelRange;

    /// How many classes the labels of all splits distinguish; labels are below it.
    fn classes(&self) -> usize;

    /// Their names in the order of the labels; none where they have none but their numbers.
    fn class_names(&self) -> &[String] {
        &[]
    }

    /// Classes that belong together, where the data set knows of any: the alphabets of Omniglot.
    fn groups(&self) -> &[Group] {
        &[]
    }

    /// The SHA-256, in hex, of what determines every pixel, label and split.
    fn sha256(&self) -> &str;

    /// The images of a split.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the data set has no such split.
    fn split(&self, split: Split) -> Result<&ImageSet>;

    /// The file of each image of a split, its path below the folder or in the archive of all; none where images are no files.
    fn files(&self, _split: Split) -> &[String] {
        &[]
    }

    /// Images that there are to train on: more than those of the training split where settings take fewer or hold some out.
    ///
    /// # Errors
    /// As [`Dataset::split`] of the training split.
    fn all_train_images(&self) -> Result<usize> {
        Ok(self.split(Split::Train)?.len())
    }

    /// What values the images that networks see take.
    ///
    /// # Errors
    /// As [`Dataset::split`] of the training split.
    fn values(&self) -> Result<Values> {
        let train = self.split(Split::Train)?;
        if matches!(train.redraw(), Some(Redraw::Uniform(_))) {
            return Ok(Values::Continuous);
        }
        let binary = !train.is_empty() && train.pixels().iter().all(|byte| [0, 255].contains(byte));
        Ok(if binary { Values::Binary } else { Values::Bytes })
    }

    /// What was made of the data set's own pixels, as protocols of likelihoods name it: `binarise=stochastic`; nothing for most.
    fn pixel_protocol(&self) -> &[Parameter] {
        &[]
    }

    /// The shape of every image.
    ///
    /// # Errors
    /// As [`Dataset::split`] of the training split.
    fn shape(&self) -> Result<ImageShape> {
        Ok(self.split(Split::Train)?.shape())
    }
}

/// Images of one step.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[N, C, H, W]` in the data set's range.
    pub images: Tensor,
    /// One label per image.
    pub labels: Vec<u32>,
}

/// A stream of batches that can be entered at any step.
pub trait Batches {
    /// Batches in one epoch.
    fn per_epoch(&self) -> u64;

    /// The batch of global step `step`, counted from 0 over all epochs. Asking for steps in order is
    /// fast; any other order gives the same batches.
    ///
    /// # Errors
    /// Whatever the source reports.
    fn batch(&mut self, step: u64) -> Result<Batch>;
}

/// The brightness of a colour, as in Pillow's "L" (ITU-R 601-2, in integers).
pub fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19_595 + u32::from(g) * 38_470 + u32::from(b) * 7_471 + 0x8000) >> 16) as u8
}
