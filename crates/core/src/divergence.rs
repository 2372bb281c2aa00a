//! How far apart two sets of codes are.

use candle_core::Tensor;

use crate::Result;

/// A differentiable estimate of a divergence between the distributions of two samples.
pub trait Divergence: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// The estimate, a scalar, from samples `[N, d]` of q and `[M, d]` of p.
    ///
    /// # Errors
    /// Where the shapes do not fit or a sample is too small.
    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor>;
}
