//! A whole stack of convolutions with batch norm and ReLU as one differentiable operation.
//!
//! Between its layers nothing is stored but each convolution's result: batch norm and ReLU are
//! applied where the next layer reads it, their gradients where the layer before does. candle sees
//! one node, so its accumulation of gradients (zeros, then add) touches the two ends alone.

mod backward;
mod forward;
mod op;

use crate::conv::{Channels, Geometry, image_dims, same_geometry};
use crate::error::{Error, Result, check_vector};
use crate::norm::BatchStatistics;
use crate::real::dispatch;
use candle_core::Tensor;

pub use crate::conv::Direction;

/// What follows a convolution of a stack.
#[derive(Clone, Copy, Debug)]
pub enum Finish<'a> {
    /// Batch norm with the batch's statistics, then ReLU; `gamma` and `beta` `[O]`.
    BatchNormRelu {
        /// The scale.
        gamma: &'a Tensor,
        /// The shift.
        beta: &'a Tensor,
    },
    /// The bias, then 1 / (1 + exp(-x)). For the last layer.
    Sigmoid,
    /// The bias, then tanh. For the last layer.
    Tanh,
}

/// A SAME convolution or its transpose, with what follows it.
#[derive(Clone, Copy, Debug)]
pub struct StackLayer<'a> {
    /// OIHW for a convolution, IOHW for a transposed one.
    pub weight: &'a Tensor,
    /// `[O]`. Its gradient in front of batch norm is exactly zero: it shifts the mean alone.
    pub bias: &'a Tensor,
    /// The step between pixels of the small side.
    pub stride: usize,
    /// Which way it goes.
    pub direction: Direction,
    /// What follows.
    pub finish: Finish<'a>,
}

/// The layers in turn, in training.
///
/// `x` `[N, C, H, W]`; returns `[N, C', H', W']` and the batch statistics of every layer with batch
/// norm. Differentiable in `x` and all tensors of the layers, as the same layers one by one are.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together; fewer than two values a channel;
/// an activation other than batch norm and ReLU before the last layer; no layer.
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
                op::Finish::Norm
            }
            _ if i + 1 < layers.len() => {
                return Err(parameter("finish", format!("of layer {i}"), "only the last layer may end without batch norm"));
            }
            Finish::Sigmoid => op::Finish::Sigmoid,
            Finish::Tanh => op::Finish::Tanh,
        };
        checked.push(op::Layer { geometry, direction: layer.direction, finish });
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
fn on_cuda(x: &Tensor, layers: &[StackLayer<'_>], checked: &[op::Layer], eps: f64) -> Result<(Tensor, Vec<BatchStatistics>)> {
    use crate::device::{self, Function};
    let describe = |(layer, checked): (&StackLayer<'_>, &op::Layer)| device::StackLayer {
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

/// Layer by layer, for devices without this operation.
fn composed(x: &Tensor, layers: &[StackLayer<'_>], eps: f64) -> Result<(Tensor, Vec<BatchStatistics>)> {
    let (mut x, mut statistics) = (x.clone(), Vec::new());
    for layer in layers {
        let (weight, bias) = (layer.weight, Some(layer.bias));
        let y = match layer.direction {
            Direction::Convolve => crate::conv2d_same(&x, weight, bias, layer.stride)?,
            Direction::Transpose => crate::conv_transpose2d_same(&x, weight, bias, layer.stride)?,
        };
        x = match layer.finish {
            Finish::BatchNormRelu { gamma, beta } => {
                let (y, s) = crate::batch_norm_relu_train(&y, gamma, beta, eps)?;
                statistics.push(s);
                y
            }
            Finish::Sigmoid => crate::sigmoid(&y)?,
            Finish::Tanh => crate::tanh(&y)?,
        };
    }
    Ok((x, statistics))
}

impl Geometry {
    /// (height, width, channels) of the result.
    fn result(&self, direction: Direction) -> (usize, usize, usize) {
        match direction {
            Direction::Convolve => (self.oh, self.ow, self.o),
            Direction::Transpose => (self.h, self.w, self.c),
        }
    }

    /// (height, width, channels) of the input.
    fn input(&self, direction: Direction) -> (usize, usize, usize) {
        match direction {
            Direction::Convolve => (self.h, self.w, self.c),
            Direction::Transpose => (self.oh, self.ow, self.o),
        }
    }
}
