//! Normal noise clipped at one standard deviation: `x + v`, `|v| <= std`.
//!
//! Another reading of "pixel-wise Gaussian noise truncated at 0.01" (appendix of the paper).

use candle_core::Tensor;
use rand::Rng;
use vimae_core::{Corruption, Entry, Purpose, Result, Streams, settings::Schema};

use crate::{BuildCorruption, normal};

/// The catalogue entry.
pub const ENTRY: Entry<BuildCorruption> = Entry {
    name: "clipped",
    summary: "Gaussian noise clipped at one standard deviation",
    source: "Appendix of the VIMAE paper",
    settings: Schema::of::<Clipped>,
    build: |settings| Ok(Box::new(settings.read::<Clipped>()?)),
};

vimae_core::settings! {
    /// The corruption.
    struct Clipped {
        /// standard deviation and bound, in pixel units
        std: f64 = 0.01, from 0.0, to 1.0;
    }
}

impl Corruption for Clipped {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn apply(&self, images: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        let draw = |rng: &mut rand_chacha::ChaCha8Rng| rng.sample::<f32, _>(rand_distr::StandardNormal).clamp(-1.0, 1.0);
        normal::add(images, streams.fill(purpose, step, images.elem_count(), draw), self.std)
    }

    fn at(&self, strength: f64) -> Box<dyn Corruption> {
        Box::new(Self { std: strength })
    }
}
