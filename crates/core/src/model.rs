//! Encoders and decoders.

use candle_core::Tensor;
use vimae_spec::Head;

use crate::{Code, EncoderNoise, ImageShape, Likelihood, Parameters, Result, Work};

/// Whether batch norm uses the batch's statistics and updates the running ones, or the running ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics; running statistics are updated.
    Train,
    /// Running statistics.
    Evaluate,
}

/// Images to codes.
pub trait Encoder: Send + Sync {
    /// Encodes images `[N, C, H, W]`. In both modes gradients reach the images and every weight: a prior may be made from the codes
    /// of an evaluation.
    ///
    /// # Errors
    /// Where the shape does not fit.
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code>;
}

/// Codes to images.
pub trait Decoder: Send + Sync {
    /// Decodes codes `[N, d]` to images `[N, C, H, W]` in the data's range. In evaluation gradients need to reach the codes alone.
    ///
    /// # Errors
    /// Where the shape does not fit.
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor>;

    /// What the last layer gives for codes `[N, d]`: the numbers that a [`Likelihood`] reads, `[N, P C, H, W]`; the images
    /// unless a likelihood is put on the network.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_output(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        self.decode(codes, mode)
    }
}

/// An encoder and a decoder with their parameters.
pub trait AutoEncoder: Encoder + Decoder {
    /// All weights and running statistics, by name.
    fn parameters(&self) -> &Parameters;

    /// Dimensions of the code.
    fn code_size(&self) -> usize;

    /// The shape of the images.
    fn image_shape(&self) -> ImageShape;

    /// What the encoder ends in: whether its codes have a log-variance.
    fn head(&self) -> Head;

    /// What makes the encoder random beside its head; nothing unless it says so.
    fn noise(&self) -> Option<&dyn EncoderNoise> {
        None
    }

    /// The distribution of images that the decoder's output stands for; without one the output is images, and their distance is
    /// the squared error.
    fn likelihood(&self) -> Option<&dyn Likelihood> {
        None
    }

    /// What one image costs; a network with more than fully connected layers adds what those do.
    fn work(&self) -> Work {
        Work::of_linear(self.parameters())
    }
}
