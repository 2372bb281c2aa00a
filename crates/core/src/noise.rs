//! Noise on the pixels that the encoder sees while training.

use candle_core::Tensor;

use crate::{Purpose, Result, Streams};

/// How the encoder's input is disturbed in training; the distortion is taken against the clean image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PixelNoise {
    /// Not at all.
    None,
    /// Normal with this standard deviation, redrawn beyond two standard deviations.
    Truncated(f64),
    /// Normal with this standard deviation, clipped at one standard deviation.
    Clipped(f64),
}

impl PixelNoise {
    /// Noise of the shape of `images` for `step`; `None` where there is none.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn draw(self, images: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Option<Tensor>> {
        let count = images.elem_count();
        let (mut values, std) = match self {
            Self::None => return Ok(None),
            Self::Truncated(std) => (streams.truncated_normal(purpose, step, count, 2.0), std),
            Self::Clipped(std) => (
                streams.fill(purpose, step, count, |rng| rand::Rng::sample::<f32, _>(rng, rand_distr::StandardNormal).clamp(-1.0, 1.0)),
                std,
            ),
        };
        values.iter_mut().for_each(|v| *v *= std as f32);
        Ok(Some(Tensor::from_vec(values, images.shape(), images.device())?.to_dtype(images.dtype())?))
    }
}
