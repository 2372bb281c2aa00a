//! Normal noise on every value, without bound: `x + v`, `v ~ N(0, std^2)`. Not clipped.

use candle_core::Tensor;
use vimae_core::{Corruption, Entry, Purpose, Result, Streams, settings::Schema};

use crate::{BuildCorruption, normal};

/// The catalogue entry.
pub const ENTRY: Entry<BuildCorruption> = Entry {
    name: "gaussian",
    summary: "Gaussian noise on every value",
    source: "Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008",
    settings: Schema::of::<Gaussian>,
    build: |settings| Ok(Box::new(settings.read::<Gaussian>()?)),
};

vimae_core::settings! {
    /// The corruption.
    struct Gaussian {
        /// standard deviation, in pixel units
        std: f64 = 0.3, from 0.0, to 10.0;
    }
}

impl Corruption for Gaussian {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn apply(&self, images: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        normal::add(images, streams.normal(purpose, step, images.elem_count()), self.std)
    }

    fn strengths(&self) -> &'static [f64] {
        &[0.2, 0.3, 0.4]
    }

    fn at(&self, strength: f64) -> Box<dyn Corruption> {
        Box::new(Self { std: strength })
    }
}
