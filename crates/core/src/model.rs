//! Encoders, decoders and the codes between them.

use candle_core::Tensor;
pub use vimae_spec::Head;

use crate::{EncoderNoise, Error, ImageShape, Parameters, Result, Work};

/// Whether batch norm uses the batch's statistics and updates the running ones, or the running ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics; running statistics are updated.
    Train,
    /// Running statistics.
    Evaluate,
}

/// What an encoder gives for a batch.
#[derive(Debug, Clone)]
pub struct Code {
    /// `[N, d]`: the mean of a Gaussian head, or the code.
    pub mean: Tensor,
    /// `[N, d]`: the log-variance of a Gaussian head.
    pub log_var: Option<Tensor>,
}

impl Code {
    /// A draw of the code: `mean + exp(log_var / 2) * noise`, or the mean of a deterministic head.
    ///
    /// # Errors
    /// Where `noise`, standard normal, is not `[N, d]`.
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        match &self.log_var {
            Some(log_var) => Ok((&self.mean + ((log_var * 0.5)?.exp()? * noise)?)?),
            None => Ok(self.mean.clone()),
        }
    }

    /// The code with `f` done to its mean and to its log-variance.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn map(&self, f: impl Fn(&Tensor) -> candle_core::Result<Tensor>) -> Result<Self> {
        Ok(Self { mean: f(&self.mean)?, log_var: self.log_var.as_ref().map(f).transpose()? })
    }

    /// The log-variance, for `what` is to be computed from it: `rate`, `density`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a deterministic code, [`Error::Shape`] where its shape is not the mean's.
    pub fn log_variance(&self, what: &str) -> Result<&Tensor> {
        let log_var = self.log_var.as_ref().ok_or_else(|| Error::Unsupported {
            what: format!("{what} of a deterministic code"),
            reason: "without a log-variance it is infinite".into(),
        })?;
        if log_var.dims() != self.mean.dims() {
            return Err(Error::shape("log-variance", format!("{:?}", self.mean.dims()), log_var.dims()));
        }
        Ok(log_var)
    }
}

/// Images to codes.
pub trait Encoder: Send + Sync {
    /// Encodes images `[N, C, H, W]`.
    ///
    /// # Errors
    /// Where the shape does not fit.
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code>;
}

/// Codes to images.
pub trait Decoder: Send + Sync {
    /// Decodes codes `[N, d]` to images `[N, C, H, W]` in the data's range.
    ///
    /// # Errors
    /// Where the shape does not fit.
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor>;
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

    /// What one image costs; a network with more than fully connected layers adds what those do.
    fn work(&self) -> Work {
        Work::of_linear(self.parameters())
    }
}
