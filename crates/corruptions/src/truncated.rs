//! Normal noise redrawn beyond two standard deviations: `x + v`, `|v| <= 2 std`.
//!
//! The reading of "pixel-wise Gaussian noise truncated at 0.01" (appendix of the paper) that is the default here.

use candle_core::Tensor;
use vimae_core::{Corruption, Entry, Key, Purpose, Result, Streams};

use crate::{BuildCorruption, normal};

/// The catalogue entry.
pub const ENTRY: Entry<BuildCorruption> = Entry {
    name: "truncated",
    summary: "Gaussian noise redrawn beyond two standard deviations",
    source: "Appendix of the VIMAE paper",
    keys: &[Key::number("std", 0.01, 0.0, 1.0, "standard deviation before truncation, in pixel units")],
    build: |settings| Ok(Box::new(Truncated { std: settings.number("std")? })),
};

struct Truncated {
    std: f64,
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
