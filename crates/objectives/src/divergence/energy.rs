//! The energy distance, 2 E|q - p| - E|q - q'| - E|p - p'|.
//!
//! Zero for equal laws alone, for laws with a mean (Székely & Rizzo, "Energy statistics", 2013); the MMD of the kernel
//! -|x - y|, with no width to choose. Unbiased, symmetric; it may be negative. Two rows at one place have no
//! gradient between them.

use candle_core::Tensor;
use vimae_core::{Divergence, Entry, NoSettings, Result, settings::Schema};

use super::{
    BuildDivergence,
    pairs::{self, Radial},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "energy",
    summary: "The energy distance, unbiased: an MMD without a width",
    source: "Székely & Rizzo, Energy statistics, 2013",
    settings: Schema::of::<NoSettings>,
    build: |_, _| Ok(Box::new(Energy)),
};

/// The energy distance.
#[derive(Debug, Clone, Copy)]
pub struct Energy;

impl Divergence for Energy {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        pairs::estimate(Negative, q, p)
    }
}

/// The negative distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Negative;

/// Added to squared distances where the root is a tensor operation, whose slope at zero is infinite.
const GUARD: f64 = 1e-12;

impl Radial for Negative {
    fn at(&self, squared: f64) -> (f64, f64) {
        let distance = squared.sqrt();
        (-distance, if distance > 0.0 { -0.5 / distance } else { 0.0 })
    }

    fn values(&self, squared: &Tensor) -> Result<Tensor> {
        Ok(((squared + GUARD)?.sqrt()? - GUARD.sqrt())?.neg()?)
    }
}
