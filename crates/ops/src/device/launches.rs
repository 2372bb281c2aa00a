//! What a device launches: the two traits, and what their methods take.

use super::plan::{Plan, Window};
use crate::geometry::View;
use candle_core::{Result, Storage, Tensor};

/// A point-wise function at the end of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    None,
    Relu,
    Sigmoid,
    Tanh,
}

/// The rows of a table of coefficients `[6, c]`: scale, shift, mean, 1 / standard deviation, and, of a
/// batch, what the running statistics take: mean (with the layer's bias) and unbiased variance.
pub(crate) const COEFFICIENTS: usize = 6;
/// The row of the batch's mean, bias included.
pub(crate) const BATCH_MEAN: usize = 4;
/// The row of the batch's unbiased variance.
pub(crate) const BATCH_VAR: usize = 5;

/// The rows of a table of corrections `[4, c]`: slope and offset of the gradient through the statistics,
/// the gradients to gamma and to beta.
pub(crate) const CORRECTIONS: usize = 4;
/// The row of the gradient to gamma.
pub(crate) const GAMMA_GRADIENT: usize = 2;
/// The row of the gradient to beta; without batch norm the sum of a channel's gradients.
pub(crate) const BETA_GRADIENT: usize = 3;

/// Gamma, beta and the bias in front of them, `[c]` each.
#[derive(Clone, Copy)]
pub(crate) struct Affine<'a> {
    pub(crate) gamma: &'a Tensor,
    pub(crate) beta: &'a Tensor,
    /// Only moves the reported mean: batch norm subtracts what it adds.
    pub(crate) bias: Option<&'a Tensor>,
}

/// The gradient at a layer with batch norm: its input, the gradient of its result, its coefficients.
#[derive(Clone, Copy)]
pub(crate) struct Passing<'a> {
    pub(crate) x: &'a Tensor,
    pub(crate) grad: &'a Tensor,
    pub(crate) coefficients: &'a Tensor,
    pub(crate) view: View,
    pub(crate) relu: bool,
}

/// Kernels of our own. All tensors are contiguous, of one dtype and on one device.
pub(crate) trait Kernels: Copy + Send + Sync + 'static {
    /// `function(window of x + bias)`, bias `[c]`.
    fn window(&self, x: &Tensor, window: &Window, bias: Option<&Tensor>, function: Function) -> Result<Storage>;
    /// `grad` times the derivative of `function`, by its result `y`.
    fn function_gradient(&self, y: &Tensor, grad: &Tensor, function: Function) -> Result<Storage>;
    /// The coefficients `[6, c]` of batch norm with the statistics of `x`.
    fn moments(&self, x: &Tensor, view: View, affine: Affine<'_>, eps: f64) -> Result<Storage>;
    /// The same with given mean and variance `[c]`.
    fn given(&self, mean: &Tensor, var: &Tensor, affine: Affine<'_>, eps: f64) -> Result<Storage>;
    /// scale x + shift, then ReLU where `relu`.
    fn normalise(&self, x: &Tensor, coefficients: &Tensor, view: View, relu: bool) -> Result<Storage>;
    /// The corrections `[4, c]`; `batch` says that the statistics are those of `x` itself.
    fn corrections(&self, passing: Passing<'_>, batch: bool) -> Result<Storage>;
    /// The gradient to `x`: scale g + slope (x - mean) + offset, g being what passes ReLU.
    fn norm_gradient(&self, passing: Passing<'_>, corrections: &Tensor) -> Result<Storage>;
    /// The sum of each channel, `[c]`.
    fn channel_sums(&self, x: &Tensor, view: View) -> Result<Storage>;
}

/// Convolutions of a library. Tensors as for [`Kernels`], shapes as the plan says.
pub(crate) trait Convolutions: Kernels {
    /// Big side to small side.
    fn convolve(&self, plan: &Plan, big: &Tensor, weight: &Tensor) -> Result<Storage>;
    /// Small side to big side.
    fn adjoint(&self, plan: &Plan, small: &Tensor, weight: &Tensor) -> Result<Storage>;
    /// Both sides to the weight's gradient.
    fn weight_gradient(&self, plan: &Plan, big: &Tensor, small: &Tensor) -> Result<Storage>;
}
