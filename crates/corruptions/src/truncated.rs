//! Normal noise redrawn beyond two standard deviations: `x + v`, `|v| <= 2 std`.
//!
//! The reading of "pixel-wise Gaussian noise truncated at 0.01" (appendix of the paper) that is the default here.

use candle_core::Tensor;
use vimae_core::{Corruption, Entry, Purpose, Result, Streams, settings::Schema};

use crate::{BuildCorruption, normal};

/// The catalogue entry.
pub const ENTRY: Entry<BuildCorruption> = Entry {
    name: "truncated",
    summary: "Gaussian noise redrawn beyond two standard deviations",
    source: "Appendix of the VIMAE paper",
    settings: Schema::of::<Truncated>,
    build: |settings| Ok(Box::new(settings.read::<Truncated>()?)),
};

vimae_core::settings! {
    /// The corruption.
    struct Truncated {
        /// standard deviation before truncation, in pixel units
        std: f64 = 0.01, from 0.0, to 1.0;
    }
}

impl Corruption for Truncated {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn apply(&self, images: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        normal::add(images, streams.truncated_normal(purpose, step, images.elem_count(), 2.0), self.std)
    }

    fn at(&self, strength: f64) -> Box<dyn Corruption> {
        Box::new(Self { std: strength })
    }
}
