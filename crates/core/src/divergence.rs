//! How far apart two sets of codes are.

use candle_core::Tensor;

use crate::{Parameters, Prior, Result};

/// A differentiable estimate of a divergence between the distributions of two samples.
pub trait Divergence: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// What it is called in the log of a run: every MMD `mmd`, so that kernels stand in one figure.
    fn term(&self) -> &'static str {
        "divergence"
    }

    /// The estimate, a scalar, from samples `[N, d]` of q and `[M, d]` of p.
    ///
    /// # Errors
    /// Where the shapes do not fit or a sample is too small.
    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor>;

    /// Why it makes no sense with this prior, where it makes none; it takes all unless it says so.
    fn refuses(&self, prior: &dyn Prior) -> Option<String> {
        let _ = prior;
        None
    }

    /// What the divergence itself trains, by an optimiser of its own; nothing unless it says so. Names begin
    /// with `divergence.`.
    fn parameters(&self) -> Option<&Parameters> {
        None
    }

    /// What those parameters minimise, a scalar, on the same samples as [`estimate`](Self::estimate); gradients
    /// reach the divergence's parameters alone. `None` for a divergence that has none.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate).
    fn critic_loss(&self, q: &Tensor, p: &Tensor) -> Result<Option<Tensor>> {
        let _ = (q, p);
        Ok(None)
    }
}
