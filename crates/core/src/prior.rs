//! Distributions of codes.

use candle_core::Tensor;
use rand::RngCore;

use crate::{Code, Purpose, Result, Streams};

/// A distribution of codes of any number of dimensions.
pub trait Prior: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// `count` codes of `size` dimensions, row by row; a function of the stream alone.
    fn sample(&self, streams: &Streams, purpose: Purpose, step: u64, count: usize, size: usize) -> Vec<f32>;

    /// Log density in nats of codes `[N, d]`: `[N]`, differentiable.
    ///
    /// # Errors
    /// Where `codes` is not `[N, d]`.
    fn log_density(&self, codes: &Tensor) -> Result<Tensor>;

    /// KL(N(mean, exp(log_var)) || prior) in nats for each row of a Gaussian head's code: `[N]`,
    /// differentiable.
    ///
    /// # Errors
    /// [`Unsupported`](crate::Error::Unsupported) for a code without log-variance, whose rate is infinite.
    fn rate(&self, code: &Code) -> Result<Tensor>;

    /// The distribution of one dimension, where the dimensions are independent and alike.
    fn marginal(&self) -> Option<&dyn Univariate>;
}

/// A distribution on the real line.
pub trait Univariate: Send + Sync {
    /// One draw.
    fn sample(&self, rng: &mut dyn RngCore) -> f64;

    /// Log density in nats.
    fn log_density(&self, x: f64) -> f64;

    /// Probability of a draw at most `x`.
    fn cdf(&self, x: f64) -> f64;

    /// The inverse of the cdf, for `p` in (0, 1).
    fn quantile(&self, p: f64) -> f64;

    /// Differential entropy in nats.
    fn entropy(&self) -> f64;

    /// Variance.
    fn variance(&self) -> f64;
}
