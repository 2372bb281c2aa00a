//! Random pixels set to one value, in all their channels: `m x + (1 - m) fill`, `m ~ Bernoulli(1 - p)` for each pixel.

use candle_core::Tensor;
use rand::Rng;
use vimae_core::{Corruption, Entry, Purpose, Result, Streams, settings::Schema};

use crate::BuildCorruption;

/// The catalogue entry.
pub const ENTRY: Entry<BuildCorruption> = Entry {
    name: "mask",
    summary: "Random pixels set to one value",
    source: "Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008",
    settings: Schema::of::<Mask>,
    build: |settings| Ok(Box::new(settings.read::<Mask>()?)),
};

vimae_core::settings! {
    /// The corruption.
    struct Mask {
        /// share of the pixels
        p: f64 = 0.25, from 0.0, to 1.0;
        /// their value, in pixel units
        fill: f64 = 0.0, from -1.0, to 1.0;
    }
}

impl Corruption for Mask {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn apply(&self, images: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        let (n, _, h, w) = images.dims4()?;
        let keep = streams.fill(purpose, step, n * h * w, |rng| u8::from(rng.random::<f64>() >= self.p));
        let keep = Tensor::from_vec(keep, (n, 1, h, w), images.device())?.broadcast_as(images.shape())?;
        let fill = Tensor::new(self.fill, images.device())?.to_dtype(images.dtype())?.broadcast_as(images.shape())?;
        Ok(keep.where_cond(images, &fill)?)
    }

    fn strengths(&self) -> &'static [f64] {
        &[0.2, 0.5]
    }

    fn at(&self, strength: f64) -> Box<dyn Corruption> {
        Box::new(Self { p: strength, fill: self.fill })
    }

    fn filled_with(&self, fill: f64) -> Option<Box<dyn Corruption>> {
        Some(Box::new(Self { p: self.p, fill }))
    }
}
