//! Log densities of diagonal Gaussians and stable sums of exponentials.

use candle_core::{D, Tensor};
use vimae_core::{Code, Error, Result};

/// `log N(z; mean, exp(log_var))` in nats by dimension, for any shapes that broadcast together.
pub(crate) fn log_density_each(z: &Tensor, mean: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    let distance = z.broadcast_sub(mean)?.sqr()?.broadcast_mul(&log_var.neg()?.exp()?)?;
    Ok(distance.broadcast_add(log_var)?.affine(-0.5, -0.5 * std::f64::consts::TAU.ln())?)
}

/// `log q(z|x)` in nats of each row of `z` under its own code: `[N]`.
///
/// # Errors
/// [`Error::Unsupported`] for a code without log-variance.
pub(crate) fn log_density(z: &Tensor, code: &Code) -> Result<Tensor> {
    Ok(log_density_each(z, &code.mean, log_var(code)?)?.sum(D::Minus1)?)
}

/// The log-variance of a code.
///
/// # Errors
/// [`Error::Unsupported`] where it has none.
pub(crate) fn log_var(code: &Code) -> Result<&Tensor> {
    code.log_var.as_ref().ok_or_else(|| Error::Unsupported {
        what: "density of a deterministic code".into(),
        reason: "without a log-variance it has none".into(),
    })
}

/// `log sum exp` over dimension `dim`, which goes.
pub(crate) fn log_sum_exp(values: &Tensor, dim: usize) -> Result<Tensor> {
    // The largest value is a constant to the gradient: it cancels.
    let largest = values.detach().max_keepdim(dim)?;
    let sum = values.broadcast_sub(&largest)?.exp()?.sum(dim)?;
    Ok((sum.log()? + largest.squeeze(dim)?)?)
}
