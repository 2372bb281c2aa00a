//! The image operations for tensors `[N, H, W, C]`.
//!
//! This is the layout the kernels compute in: a network that keeps its activations channels last
//! saves the two transpositions that each channels-first call makes. Weights keep their
//! channels-first shapes (OIHW and IOHW). Batch norm and linear layers need no variant: the
//! functions here take the channels from the last dimension.

use crate::conv::{Channels, ConvParams, ConvTransposeParams, Padding, convolution, transposed};
use crate::error::Result;
use crate::norm::{self, BatchStatistics};
use candle_core::Tensor;

/// [`crate::conv2d`] for `x` `[N, H, W, C]`; returns `[N, H', W', O]`.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, (0, 0));
    convolution("channels_last::conv2d", x, w, b, params.stride, padding, Channels::Last)
}

/// [`crate::conv2d_same`] for `x` `[N, H, W, C]`; returns `[N, ceil(H / stride), ceil(W / stride), O]`.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    let op = "channels_last::conv2d_same";
    convolution(op, x, w, b, (stride, stride), Padding::Same, Channels::Last)
}

/// [`crate::conv_transpose2d`] for `x` `[N, H, W, I]`; returns `[N, H', W', O]`.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv_transpose2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvTransposeParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, params.output_padding);
    let op = "channels_last::conv_transpose2d";
    transposed(op, x, w, b, params.stride, padding, Channels::Last)
}

/// [`crate::conv_transpose2d_same`] for `x` `[N, H, W, I]`; returns `[N, H stride, W stride, O]`.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv_transpose2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    let op = "channels_last::conv_transpose2d_same";
    transposed(op, x, w, b, (stride, stride), Padding::Same, Channels::Last)
}

/// [`crate::batch_norm_train`] over all dimensions of `x` but the last.
///
/// # Errors
/// Shapes or kinds of numbers that do not fit together; fewer than two values per channel.
pub fn batch_norm_train(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    norm::train("channels_last::batch_norm_train", x, gamma, beta, eps, false, Channels::Last)
}

/// [`crate::batch_norm_relu_train`] over all dimensions of `x` but the last.
///
/// # Errors
/// Shapes or kinds of numbers that do not fit together; fewer than two values per channel.
pub fn batch_norm_relu_train(x: &Tensor, gamma: &Tensor, beta: &Tensor, eps: f64) -> Result<(Tensor, BatchStatistics)> {
    norm::train("channels_last::batch_norm_relu_train", x, gamma, beta, eps, true, Channels::Last)
}

/// [`crate::batch_norm_eval`] with the channels in the last dimension of `x`.
///
/// # Errors
/// Shapes or kinds of numbers that do not fit together.
pub fn batch_norm_eval(x: &Tensor, gamma: &Tensor, beta: &Tensor, running_mean: &Tensor, running_var: &Tensor, eps: f64) -> Result<Tensor> {
    let running = (running_mean, running_var);
    norm::eval("channels_last::batch_norm_eval", x, gamma, beta, running, eps, false, Channels::Last)
}

/// [`crate::batch_norm_relu_eval`] with the channels in the last dimension of `x`.
///
/// # Errors
/// Shapes or kinds of numbers that do not fit together.
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
