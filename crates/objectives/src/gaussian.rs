//! Log densities of diagonal Gaussians.

use candle_core::{D, Tensor};
use vimae_core::{Code, Result};

/// `log N(z; mean, exp(log_var))` in nats by dimension, for any shapes that broadcast together.
pub(crate) fn log_density_each(z: &Tensor, mean: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    let distance = z.broadcast_sub(mean)?.sqr()?.broadcast_mul(&log_var.neg()?.exp()?)?;
    Ok(distance.broadcast_add(log_var)?.affine(-0.5, -0.5 * std::f64::consts::TAU.ln())?)
}

/// `log q(z|x)` in nats of each row of `z` under its own code: `[N]`.
///
/// # Errors
/// [`Unsupported`](vimae_core::Error::Unsupported) for a code without log-variance.
pub(crate) fn log_density(z: &Tensor, code: &Code) -> Result<Tensor> {
    Ok(log_density_each(z, &code.mean, code.log_variance("density")?)?.sum(D::Minus1)?)
}
