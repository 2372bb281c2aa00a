//! Convolutions with TensorFlow's SAME padding, and their transposes.

use candle_core::{Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use crate::{Direction, conv::Call, layout::Channels};

/// A SAME convolution or its transpose, as a layer of a `ConvStack`.
#[derive(Clone, Debug)]
pub struct SameConv {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    pub(super) stride: usize,
    pub(super) direction: Direction,
}

impl SameConv {
    /// The weight: `[O, I, k, k]` of a convolution, `[I, O, k, k]` of a transposed one.
    #[must_use]
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The bias, `[O]`.
    #[must_use]
    pub fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// The stride, the same in both directions.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Whether it is a convolution or a transposed one.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The channels of its result.
    #[must_use]
    pub fn outputs(&self) -> usize {
        let dimension = match self.direction {
            Direction::Convolve => 0,
            Direction::Transpose => 1,
        };
        self.weight.dims().get(dimension).copied().unwrap_or(0)
    }

    /// The same layer on the same weights, which get no gradient from it: for whoever wants that of the input alone. It
    /// follows when the weights change.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self { weight: self.weight.detach(), bias: self.bias.as_ref().map(Tensor::detach), ..*self }
    }
}

impl SameConv {
    /// The layer on images that keep their channels there.
    pub(super) fn apply(&self, x: &Tensor, channels: Channels) -> Result<Tensor> {
        Ok(Call::same("SameConv", self.direction, self.stride, channels).apply(x, &self.weight, self.bias())?)
    }
}

impl Module for SameConv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.apply(x, Channels::First)
    }
}

/// A SAME convolution: `[N, I, H, W]` to `[N, O, ceil(H / stride), ceil(W / stride)]`.
#[derive(Clone, Debug)]
pub struct Conv2dSame(SameConv);

impl Conv2dSame {
    /// A layer of a weight `[O, I, kh, kw]` and a bias `[O]`.
    #[must_use]
    pub fn new(weight: Tensor, bias: Option<Tensor>, stride: usize) -> Self {
        Self(SameConv { weight, bias, stride, direction: Direction::Convolve })
    }
}

/// The exact adjoint of a SAME convolution: `[N, I, H, W]` to `[N, O, H stride, W stride]`.
#[derive(Clone, Debug)]
pub struct ConvTranspose2dSame(SameConv);

impl ConvTranspose2dSame {
    /// A layer of a weight `[I, O, kh, kw]` and a bias `[O]`.
    #[must_use]
    pub fn new(weight: Tensor, bias: Option<Tensor>, stride: usize) -> Self {
        Self(SameConv { weight, bias, stride, direction: Direction::Transpose })
    }
}

impl Module for Conv2dSame {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }
}

impl Module for ConvTranspose2dSame {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }
}

impl From<Conv2dSame> for SameConv {
    fn from(layer: Conv2dSame) -> Self {
        layer.0
    }
}

impl From<ConvTranspose2dSame> for SameConv {
    fn from(layer: ConvTranspose2dSame) -> Self {
        layer.0
    }
}

/// A convolution with `weight` and `bias` of `vb`.
///
/// New weights are normal with the standard deviation sqrt(2 / m) for the m = I k^2 values that an output is the sum of (He et
/// al., 2015); new biases are 0.
///
/// # Errors
/// Where `vb` has tensors of other shapes, or none.
pub fn conv2d_same(inputs: usize, outputs: usize, kernel: usize, stride: usize, vb: VarBuilder<'_>) -> Result<Conv2dSame> {
    let weight = vb.get_with_hints((outputs, inputs, kernel, kernel), "weight", he(inputs * kernel * kernel, 1))?;
    Ok(Conv2dSame::new(weight, Some(vb.get(outputs, "bias")?), stride))
}

/// A transposed convolution with `weight` and `bias` of `vb`. New ones begin as those of [`conv2d_same`], with
/// m = I k^2 / stride^2.
///
/// # Errors
/// As [`conv2d_same`].
pub fn conv_transpose2d_same(
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    vb: VarBuilder<'_>,
) -> Result<ConvTranspose2dSame> {
    let weight = vb.get_with_hints((inputs, outputs, kernel, kernel), "weight", he(inputs * kernel * kernel, stride * stride))?;
    Ok(ConvTranspose2dSame::new(weight, Some(vb.get(outputs, "bias")?), stride))
}

/// Normal with the standard deviation sqrt(2 / (`products` / `shared`)).
fn he(products: usize, shared: usize) -> Init {
    Init::Randn { mean: 0.0, stdev: (2.0 * shared as f64 / products as f64).sqrt() }
}
