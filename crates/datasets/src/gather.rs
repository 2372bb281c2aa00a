//! Encoded images in, bytes of one shape out: decoded in parallel, in the order they came.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use vimae_core::ImageShape;

use crate::{DeepGrayscale, Error, Image, Result, stack::Stack, stream};

/// An image that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Which.
    pub file: String,
    /// Why.
    pub problem: String,
}

impl Broken {
    /// The image of `file`, left out for `error`, where `skip_broken` allows it.
    ///
    /// # Errors
    /// [`Error::BrokenImage`] where it does not.
    pub(crate) fn of(file: String, error: Error, skip_broken: bool) -> Result<Self> {
        if skip_broken { Ok(Self { file, problem: error.to_string() }) } else { Err(Error::BrokenImage(Box::new(error))) }
    }
}

/// How a decoded image becomes one of the data set's shape.
pub(crate) type Prepare<'a> = &'a (dyn Fn(Image) -> Result<Image> + Sync);

/// Images as they come.
pub(crate) struct Gather<'a> {
    prepare: Prepare<'a>,
    skip_broken: bool,
    deep: DeepGrayscale,
    /// What to do about an image of another size, after a semicolon; may be empty.
    way: &'static str,
    /// What is said of an image without bytes.
    empty: String,
    stack: Stack,
    skipped: Vec<Broken>,
}

impl<'a> Gather<'a> {
    /// Images of `shape`, each made by `prepare`; `expected` of them, where that is known.
    pub(crate) fn new(shape: ImageShape, expected: usize, skip_broken: bool, prepare: Prepare<'a>) -> Self {
        let (pixels, labels) = (Vec::with_capacity(expected * shape.len()), Vec::with_capacity(expected));
        let (deep, empty) = (DeepGrayscale::HighByte, "is empty".to_owned());
        Self { prepare, skip_broken, deep, way: "", empty, stack: Stack { shape, pixels, labels }, skipped: Vec::new() }
    }

    /// The same with grayscale of 16 bits by `deep`.
    pub(crate) fn deep(self, deep: DeepGrayscale) -> Self {
        Self { deep, ..self }
    }

    /// The same with what to do about an image of another size.
    pub(crate) fn advising(self, way: &'static str) -> Self {
        Self { way, ..self }
    }

    /// The same with what to say of an image without bytes.
    pub(crate) fn without_bytes(self, empty: String) -> Self {
        Self { empty, ..self }
    }

    /// Decodes encoded images with their labels; `name` names image `i` of these in errors.
    ///
    /// # Errors
    /// [`Error::BrokenImage`] for the first image that cannot be decoded, unless those are left out.
    pub(crate) fn add<B: AsRef<[u8]> + Sync>(&mut self, batch: &[(B, u32)], name: &dyn Fn(usize) -> String) -> Result<()> {
        let (shape, deep, way) = (self.stack.shape, self.deep, self.way);
        let (prepare, empty) = (self.prepare, self.empty.clone());
        let decode = |bytes: &[u8], file: &str| -> Result<Vec<u8>> {
            if bytes.is_empty() {
                return Err(Error::damaged(file, &empty));
            }
            let image = prepare(Image::decode_deep(bytes, file, deep)?)?.with_channels(shape.channels);
            if (image.width(), image.height()) != (shape.width, shape.height) {
                // Rows first, as in a shape.
                let problem = format!("an image of {}x{} among {shape}{way}", image.height(), image.width());
                return Err(Error::damaged(file, problem));
            }
            Ok(image.into_planes())
        };
        let decoded: Vec<Option<Vec<u8>>> = batch.par_iter().map(|(bytes, _)| decode(bytes.as_ref(), "").ok()).collect();
        stream::grow(&mut self.stack.pixels, decoded.iter().flatten().count() * shape.len());
        for (i, (decoded, (bytes, label))) in decoded.iter().zip(batch).enumerate() {
            let Some(pixels) = decoded else {
                // Once more, for an error with the name: no name is made for the many that are well.
                let file = name(i);
                if let Err(error) = decode(bytes.as_ref(), &file) {
                    self.leave_out(file, error)?;
                }
                continue;
            };
            self.stack.pixels.extend_from_slice(pixels);
            self.stack.labels.push(*label);
        }
        Ok(())
    }

    /// Leaves out the image of `file`, where that is allowed.
    ///
    /// # Errors
    /// [`Error::BrokenImage`] where it is not.
    pub(crate) fn leave_out(&mut self, file: String, error: Error) -> Result<()> {
        self.skipped.push(Broken::of(file, error, self.skip_broken)?);
        Ok(())
    }

    /// All images, and those that were left out.
    pub(crate) fn finish(mut self) -> (Stack, Vec<Broken>) {
        self.stack.pixels.shrink_to_fit();
        (self.stack, self.skipped)
    }
}
