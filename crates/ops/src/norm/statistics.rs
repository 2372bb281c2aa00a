//! The statistics of a batch.

use candle_core::Tensor;

/// The statistics of a batch per channel, `[C]`, for the running statistics.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// The mean over the batch and all positions.
    pub mean: Tensor,
    /// The variance with the divisor count - 1, which belongs into the running variance.
    pub var_unbiased: Tensor,
}
