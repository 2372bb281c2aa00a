//! A whole stack of convolutions with batch norm and ReLU as one differentiable operation.
//!
//! Only the result of each convolution is stored. The next layer applies batch norm and ReLU while it reads that result;
//! the backward pass applies their gradients in the same way. candle sees one node, so it accumulates gradients (zeros,
//! then an addition) at the two ends alone.

mod backward;
mod forward;
mod layer;
mod op;

use crate::activation::{sigmoid, tanh};
use crate::conv::{conv_transpose2d_same, conv2d_same, image_dims, same_geometry};
use crate::error::{Error, Result, check_vector};
use crate::geometry::Direction;
use crate::layout::Channels;
use crate::norm::{BatchStatistics, batch_norm_relu_train};
use crate::real::dispatch;
use candle_core::Tensor;

/// What follows a convolution in a stack.
#[derive(Clone, Copy, Debug)]
pub enum Finish<'a> {
    /// Batch norm with the statistics of the batch, then ReLU. `gamma` and `beta` `[O]`.
    BatchNormRelu {
        /// The scale.
        gamma: &'a Tensor,
        /// The shift.
        beta: &'a Tensor,
    },
    /// The bias, then the sigmoid. Only for the last layer.
    Sigmoid,
    /// The bias, then tanh. Only for the last layer.
    Tanh,
}

/// A SAME convolution or its transpose, and what follows it.
#[derive(Clone, Copy, Debug)]
pub struct StackLayer<'a> {
    /// The weight: OIHW for a convolution, IOHW for a transposed one.
    pub weight: &'a Tensor,
    /// The bias `[O]`. In front of batch norm it only shifts the mean, and its gradient is exactly zero.
    pub bias: &'a Tensor,
    /// The stride, the same in both directions.
    pub stride: usize,
    /// Whether it is a convolution or a transposed one.
    pub direction: Direction,
    /// What follows.
    pub finish: Finish<'a>,
}

/// Applies the layers in turn, with batch norm in training mode.
///
/// `x` `[N, C, H, W]`; returns `[N, C', H', W']` and the batch statistics of every layer with batch norm. Differentiable in
/// `x` and in all tensors of the layers.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match, if a channel has fewer than two values, if a layer before
/// the last one ends without batch norm, or if there is no layer.
pub fn conv_stack_train(x: &Tensor, layers: &[StackLayer<'_>], eps: f64) -> Result<(Tensor, Vec<BatchStatistics>)> {
    const OP: &str = "conv_stack_train";
    // With cuDNN whole stacks run on CUDA, too.
    let whole = x.device().is_cpu() || (cfg!(feature = "cudnn") && x.device().is_cuda() && x.elem_count() > 0);
    if !whole {
        return composed(x, layers, eps);
    }
    if !(eps >= 0.0 && eps.is_finite()) {
        return Err(parameter("eps", eps.to_string(), "must be finite and not negative"));
    }
    let mut side = image_dims(OP, x, Channels::First)?;
    let mut checked = Vec::with_capacity(layers.len());
    for (i, layer) in layers.iter().enumerate() {
        let geometry = same_geometry(OP, side, x, layer.weight, layer.stride, layer.direction)?;
        let (h, w, c) = geometry.result(layer.direction);
        check_vector(OP, "bias", layer.bias, c, x)?;
        let finish = match layer.finish {
            Finish::BatchNormRelu { gamma, beta } => {
                check_vector(OP, "gamma", gamma, c, x)?;
                check_vector(OP, "beta", beta, c, x)?;
                if geometry.n * h * w < 2 {
                    return Err(Error::TooFewValues { op: OP, got: geometry.n * h * w });
                }
                layer::Finish::Norm
            }
            _ if i + 1 < layers.len() => {
                return Err(parameter("finish", format!("of layer {i}"), "only the last layer may end without batch norm"));
            }
            Finish::Sigmoid => layer::Finish::Sigmoid,
            Finish::Tanh => layer::Finish::Tanh,
        };
        checked.push(layer::Layer { geometry, direction: layer.direction, finish });
        side = (geometry.n, h, w, c);
    }
    if checked.is_empty() {
        return Err(parameter("layers", "0".to_owned(), "must be at least 1"));
    }
    #[cfg(feature = "cudnn")]
    if x.device().is_cuda() {
        return on_cuda(x, layers, &checked, eps);
    }
    let tensors = layers.iter().flat_map(|layer| {
        let (gamma, beta) = match layer.finish {
            Finish::BatchNormRelu { gamma, beta } => (Some(gamma), Some(beta)),
            _ => (None, None),
        };
        [Some(layer.weight), Some(layer.bias), gamma, beta]
    });
    crate::memory::keep_freed_memory_once();
    Ok(dispatch!(x.dtype(), T => op::run::<T>(x, checked, tensors.collect(), eps))?)
}

fn parameter(parameter: &'static str, value: String, reason: &'static str) -> Error {
    Error::Parameter { op: "conv_stack_train", parameter, value, reason }
}

/// By cuDNN and kernels of our own.
#[cfg(feature = "cudnn")]
fn on_cuda(x: &Tensor, layers: &[StackLayer<'_>], checked: &[layer::Layer], eps: f64) -> Result<(Tensor, Vec<BatchStatistics>)> {
    use crate::device::{self, launches::Function};
    let describe = |(layer, checked): (&StackLayer<'_>, &layer::Layer)| device::StackLayer {
        layer: device::Layer::new(checked.geometry, checked.direction),
        weight: layer.weight.clone(),
        bias: layer.bias.clone(),
        finish: match layer.finish {
            Finish::BatchNormRelu { gamma, beta } => device::Finish::Norm(gamma.clone(), beta.clone()),
            Finish::Sigmoid => device::Finish::Function(Function::Sigmoid),
            Finish::Tanh => device::Finish::Function(Function::Tanh),
        },
    };
    let layers = layers.iter().zip(checked).map(describe).collect();
    let (y, statistics) = device::stack(crate::cuda::Cuda, x, layers, eps)?;
    Ok((y, statistics.into_iter().map(|(mean, var_unbiased)| BatchStatistics { mean, var_unbiased }).collect()))
}

/// Layer by layer, for devices without a kernel for stacks.
fn composed(x: &Tensor, layers: &[StackLayer<'_>], eps: f64) -> Result<(Tensor, Vec<BatchStatistics>)> {
    let (mut x, mut statistics) = (x.clone(), Vec::new());
    for layer in layers {
        let (weight, bias) = (layer.weight, Some(layer.bias));
        let y = match layer.direction {
            Direction::Convolve => conv2d_same(&x, weight, bias, layer.stride)?,
            Direction::Transpose => conv_transpose2d_same(&x, weight, bias, layer.stride)?,
        };
        x = match layer.finish {
            Finish::BatchNormRelu { gamma, beta } => {
                let (y, s) = batch_norm_relu_train(&y, gamma, beta, eps)?;
                statistics.push(s);
                y
            }
            Finish::Sigmoid => sigmoid(&y)?,
            Finish::Tanh => tanh(&y)?,
        };
    }
    Ok((x, statistics))
}
