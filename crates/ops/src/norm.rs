//! Batch normalisation (Ioffe and Szegedy, arXiv:1502.03167), alone or fused with ReLU.

mod composed;
pub(crate) mod kernel;
mod op;
mod statistics;

pub use statistics::BatchStatistics;

use crate::error::{Error, Result, check_float, check_vector, shape_error};
use crate::geometry::View;
use crate::layout::Channels;
use crate::real::{dispatch, with_slice};
use candle_core::{Device, Tensor};
use op::NormOp;

/// Batch norm with the statistics of the batch.
///
/// `x` `[N, C, ...]` (rank 2 or more), `gamma` and `beta` `[C]`. Returns
/// gamma (x - mean) / sqrt(var + eps) + beta, where var has the divisor count, and the statistics.
/// Differentiable in `x`, `gamma` and `beta`. The statistics carry no gradient.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match, or if a channel has fewer than two values.
pub fn batch_norm_train(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    train("batch_norm_train", x, gamma, beta, eps, false, Channels::First)
}

/// [`batch_norm_train`], then ReLU, in one pass each way.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match, or if a channel has fewer than two values.
pub fn batch_norm_relu_train(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    train("batch_norm_relu_train", x, gamma, beta, eps, true, Channels::First)
}

/// Batch norm with given statistics `[C]`, which get no gradient.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match.
pub fn batch_norm_eval(x: &Tensor, gamma: &Tensor, beta: &Tensor, running_mean: &Tensor, running_var: &Tensor, eps: f64) -> Result<Tensor> {
    let running = (running_mean, running_var);
    eval("batch_norm_eval", x, gamma, beta, running, eps, false, Channels::First)
}

/// [`batch_norm_eval`], then ReLU.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match.
pub fn batch_norm_relu_eval(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    running_mean: &Tensor,
    running_var: &Tensor,
    eps: f64,
) -> Result<Tensor> {
    let running = (running_mean, running_var);
    eval("batch_norm_relu_eval", x, gamma, beta, running, eps, true, Channels::First)
}

/// Where the channels of `x` are, after checking that the arguments fit.
fn view(op: &'static str, x: &Tensor, vectors: &[(&'static str, &Tensor)], eps: f64, channels: Channels) -> Result<View> {
    check_float(op, "x", x)?;
    let dims = x.dims();
    let view = match (dims, channels) {
        (&[n, c, ref rest @ ..], Channels::First) => View { outer: n, c, inner: rest.iter().product() },
        (&[ref rest @ .., c], Channels::Last) if !rest.is_empty() => View { outer: rest.iter().product(), c, inner: 1 },
        _ => return Err(shape_error(op, "x", "of rank 2 or more", x)),
    };
    for (name, vector) in vectors {
        check_vector(op, name, vector, view.c, x)?;
    }
    if !(eps >= 0.0 && eps.is_finite()) {
        return Err(Error::Parameter { op, parameter: "eps", value: eps.to_string(), reason: "must be finite and not negative" });
    }
    Ok(view)
}

pub(crate) fn train(
    op: &'static str,
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f64,
    relu: bool,
    channels: Channels,
) -> Result<(Tensor, BatchStatistics)> {
    let view = view(op, x, &[("gamma", gamma), ("beta", beta)], eps, channels)?;
    let count = view.outer * view.inner;
    if count < 2 {
        return Err(Error::TooFewValues { op, got: count });
    }
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() {
        let (y, mean, var_unbiased) = crate::device::train(crate::cuda::Cuda, x, (gamma, beta), eps, relu, view)?;
        return Ok((y, BatchStatistics { mean, var_unbiased }));
    }
    if !matches!(x.device(), Device::Cpu) {
        return composed::train(x, gamma, beta, eps, relu, view);
    }
    let x = x.contiguous()?;
    let moments = dispatch!(x.dtype(), T => with_slice::<T, _>(&x, |x| Ok(kernel::moments(view, x))))?;
    let unbias = count as f64 / (count as f64 - 1.0);
    let vector = |values: Vec<f64>| Tensor::from_vec(values, view.c, &Device::Cpu)?.to_dtype(x.dtype());
    let statistics = BatchStatistics {
        mean: vector(moments.iter().map(|m| m.mean).collect())?,
        var_unbiased: vector(moments.iter().map(|m| m.var * unbias).collect())?,
    };
    let op = NormOp { view, moments, eps, relu, batch: true };
    let y = x.apply_op3(&gamma.contiguous()?, &beta.contiguous()?, op)?;
    Ok((y, statistics))
}

#[expect(clippy::too_many_arguments, reason = "the seven public functions funnel into this one")]
pub(crate) fn eval(
    op: &'static str,
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    (mean, var): (&Tensor, &Tensor),
    eps: f64,
    relu: bool,
    channels: Channels,
) -> Result<Tensor> {
    let vectors = [("gamma", gamma), ("beta", beta), ("running_mean", mean), ("running_var", var)];
    let view = view(op, x, &vectors, eps, channels)?;
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() && x.elem_count() > 0 {
        return Ok(crate::device::eval(crate::cuda::Cuda, x, (gamma, beta), (mean, var), eps, relu, view)?);
    }
    if !matches!(x.device(), Device::Cpu) {
        return composed::apply(x, gamma, beta, &mean.detach(), &var.detach(), eps, relu, view);
    }
    let elements = |v: &Tensor| v.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>();
    let moments = elements(mean)?.into_iter().zip(elements(var)?).map(|(mean, var)| kernel::Moments { mean, var }).collect();
    let op = NormOp { view, moments, eps, relu, batch: false };
    Ok(x.contiguous()?.apply_op3(&gamma.contiguous()?, &beta.contiguous()?, op)?)
}
