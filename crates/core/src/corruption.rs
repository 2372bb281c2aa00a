//! What is done to images on purpose: noise on what an encoder sees while it trains, and on test images.

use candle_core::Tensor;

use crate::{Purpose, Result, Streams};

/// A corruption of images, chosen by name.
pub trait Corruption: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// Images `[N, C, H, W]`, corrupted by the draws of `step` of `purpose`.
    ///
    /// # Errors
    /// Where the device fails, or the images have another rank.
    fn apply(&self, images: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor>;

    /// The strengths at which evaluations measure the accuracy under it, as `accuracy.NAME_STRENGTH`; none by default.
    fn strengths(&self) -> &'static [f64] {
        &[]
    }

    /// The same at another strength.
    fn at(&self, strength: f64) -> Box<dyn Corruption>;

    /// The same with another value, in pixel units, in the place of what it takes away; none where it takes nothing away.
    fn filled_with(&self, fill: f64) -> Option<Box<dyn Corruption>> {
        let _ = fill;
        None
    }
}

/// Images `[N, C, H, W]`, each corrupted by draws of its own: image `i` draws from step `first + i` of
/// [`Purpose::Corruption`], so that its corruption depends on its place in the data set alone, not on how the set is cut
/// into batches.
///
/// # Errors
/// As [`Corruption::apply`].
pub fn each(corruption: &dyn Corruption, images: &Tensor, streams: &Streams, first: usize) -> Result<Tensor> {
    let one = |i: usize| corruption.apply(&images.narrow(0, i, 1)?, streams, Purpose::Corruption, (first + i) as u64);
    let corrupted: Vec<Tensor> = (0..images.dim(0)?).map(one).collect::<Result<_>>()?;
    Ok(Tensor::cat(&corrupted, 0)?)
}
