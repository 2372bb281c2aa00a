//! A deterministic encoder that sees noisy images while it trains.

use vimae_core::{EncoderNoise, PixelNoise};

/// Noise on the encoder's input; the distortion is taken against the clean image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pixels {
    pub(crate) name: &'static str,
    pub(crate) noise: PixelNoise,
}

impl EncoderNoise for Pixels {
    fn name(&self) -> &str {
        self.name
    }

    fn pixels(&self) -> PixelNoise {
        self.noise
    }
}
