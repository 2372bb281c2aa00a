//! Operations on images `[N, H, W, C]`.
//!
//! The kernels compute in this layout. A network that keeps its activations channels last saves the two transpositions of
//! each channels-first call. Weights keep their channels-first shapes, OIHW and IOHW.

use crate::conv::{Call, ConvParams, ConvTransposeParams, Padding};
use crate::error::Result;
use crate::geometry::Direction;
use crate::layout::Channels;
use crate::norm::{self, BatchStatistics};
use candle_core::Tensor;

/// [`crate::conv2d`] for `x` `[N, H, W, C]`; returns `[N, H', W', O]`.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, (0, 0));
    let (op, direction) = ("channels_last::conv2d", Direction::Convolve);
    Call { op, direction, stride: params.stride, padding, channels: Channels::Last }.apply(x, w, b)
}

/// [`crate::conv2d_same`] for `x` `[N, H, W, C]`; returns `[N, ceil(H / stride), ceil(W / stride), O]`.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    Call::same("channels_last::conv2d_same", Direction::Convolve, stride, Channels::Last).apply(x, w, b)
}

/// [`crate::conv_transpose2d`] for `x` `[N, H, W, I]`; returns `[N, H', W', O]`.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv_transpose2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvTransposeParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, params.output_padding);
    let (op, direction) = ("channels_last::conv_transpose2d", Direction::Transpose);
    Call { op, direction, stride: params.stride, padding, channels: Channels::Last }.apply(x, w, b)
}

/// [`crate::conv_transpose2d_same`] for `x` `[N, H, W, I]`; returns `[N, H stride, W stride, O]`.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv_transpose2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    Call::same("channels_last::conv_transpose2d_same", Direction::Transpose, stride, Channels::Last).apply(x, w, b)
}

/// [`crate::batch_norm_train`] over all dimensions of `x` but the last.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match, or if a channel has fewer than two values.
pub fn batch_norm_train(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    norm::train("channels_last::batch_norm_train", x, gamma, beta, eps, false, Channels::Last)
}

/// [`crate::batch_norm_relu_train`] over all dimensions of `x` but the last.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match, or if a channel has fewer than two values.
pub fn batch_norm_relu_train(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    norm::train("channels_last::batch_norm_relu_train", x, gamma, beta, eps, true, Channels::Last)
}

/// [`crate::batch_norm_eval`] with the channels in the last dimension of `x`.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match.
pub fn batch_norm_eval(x: &Tensor, gamma: &Tensor, beta: &Tensor, running_mean: &Tensor, running_var: &Tensor, eps: f64) -> Result<Tensor> {
    let running = (running_mean, running_var);
    norm::eval("channels_last::batch_norm_eval", x, gamma, beta, running, eps, false, Channels::Last)
}

/// [`crate::batch_norm_relu_eval`] with the channels in the last dimension of `x`.
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
    norm::eval("channels_last::batch_norm_relu_eval", x, gamma, beta, running, eps, true, Channels::Last)
}
