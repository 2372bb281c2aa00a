//! ReLU that keeps NaN, which candle's own makes 0.

use candle_core::Tensor;
use vimae_core::{Error, Result};

/// max(0, x) of every element; differentiable, with the slope 0 at 0.
///
/// # Errors
/// Where the device fails.
pub(super) fn relu(x: &Tensor) -> Result<Tensor> {
    vimae_ops::relu(x).map_err(|e| Error::Tensor(candle_core::Error::wrap(e)))
}
