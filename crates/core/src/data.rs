//! Images as bytes, their splits, and batches of them.

use std::fmt;

use candle_core::{Device, Tensor};
pub use vimae_spec::PixelRange;

use crate::{Error, Result};

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
        Ok(Self { shape, pixels, labels })
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
        let (scale, offset) = range.affine();
        let size = self.shape.len();
        let mut values = Vec::with_capacity(indices.len() * size);
        for &index in indices {
            let bytes = self
                .pixels
                .get(index * size..(index + 1) * size)
                .ok_or_else(|| Error::Data(format!("image {index} asked for, {} there", self.len())))?;
            values.extend(bytes.iter().map(|&b| f32::from(b) * scale + offset));
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
