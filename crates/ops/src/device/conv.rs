//! A convolution or its adjoint on `[n, c, h, w]`, and the three gradients.

use super::launches::{Convolutions, Function};
use super::node::{self, Backward, Gradients};
use super::plan::{Plan, Window};
use super::tensors::{image_view, tensor};
use crate::geometry::{Direction, Geometry};
use candle_core::{Result, Storage, Tensor};

/// A convolution as the device computes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    geometry: Geometry,
    direction: Direction,
    plan: Plan,
}

impl Layer {
    pub(crate) fn new(geometry: Geometry, direction: Direction) -> Self {
        Self { geometry, direction, plan: Plan::of(&geometry) }
    }

    /// `[n, c, h, w]` of the result.
    pub(super) fn result_dims(&self) -> [usize; 4] {
        let g = &self.geometry;
        match self.direction {
            Direction::Convolve => [g.n, g.o, g.oh, g.ow],
            Direction::Transpose => [g.n, g.c, g.h, g.w],
        }
    }

    fn input_dims(&self) -> [usize; 4] {
        let g = &self.geometry;
        match self.direction {
            Direction::Convolve => [g.n, g.c, g.h, g.w],
            Direction::Transpose => [g.n, g.o, g.oh, g.ow],
        }
    }

    /// The big side as the library takes it.
    fn framed<K: Convolutions>(&self, k: K, big: &Tensor) -> Result<Tensor> {
        if !self.plan.framed {
            return Ok(big.clone());
        }
        let window = Window::into_frame(&self.geometry, &self.plan);
        Ok(tensor(k.window(big, &window, None, Function::None)?, &window.dims()))
    }

    /// The small side from the big one.
    fn down<K: Convolutions>(&self, k: K, big: &Tensor, weight: &Tensor, bias: Option<&Tensor>, function: Function) -> Result<Storage> {
        let small = k.convolve(&self.plan, &self.framed(k, big)?, weight)?;
        if bias.is_none() && function == Function::None {
            return Ok(small);
        }
        let [n, c, h, w] = self.plan.small_dims();
        k.window(&tensor(small, &[n, c, h, w]), &Window::whole(n, c, (h, w)), bias, function)
    }

    /// The big side from the small one.
    fn up<K: Convolutions>(&self, k: K, small: &Tensor, weight: &Tensor, bias: Option<&Tensor>, function: Function) -> Result<Storage> {
        let big = k.adjoint(&self.plan, small, weight)?;
        if !self.plan.framed && bias.is_none() && function == Function::None {
            return Ok(big);
        }
        let window = Window::out_of_frame(&self.geometry, &self.plan);
        let window = if self.plan.framed { window } else { Window::whole(window.n, window.c, window.to) };
        k.window(&tensor(big, &self.plan.big_dims()), &window, bias, function)
    }

    /// `function(layer(x) + bias)`.
    pub(super) fn forward<K: Convolutions>(
        &self,
        k: K,
        x: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
        function: Function,
    ) -> Result<Storage> {
        match self.direction {
            Direction::Convolve => self.down(k, x, weight, bias, function),
            Direction::Transpose => self.up(k, x, weight, bias, function),
        }
    }

    /// The gradients to input and weight, of the result without bias and function.
    pub(super) fn backward<K: Convolutions>(
        &self,
        k: K,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
        (wants_x, wants_weight): (bool, bool),
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (mut dx, mut dw) = (None, None);
        match self.direction {
            Direction::Convolve => {
                if wants_x {
                    dx = Some(self.up(k, grad, weight, None, Function::None)?);
                }
                if wants_weight {
                    dw = Some(k.weight_gradient(&self.plan, &self.framed(k, x)?, grad)?);
                }
            }
            Direction::Transpose => {
                let grad = self.framed(k, grad)?;
                if wants_x {
                    dx = Some(k.convolve(&self.plan, &grad, weight)?);
                }
                if wants_weight {
                    dw = Some(k.weight_gradient(&self.plan, &grad, x)?);
                }
            }
        }
        Ok((dx.map(|dx| tensor(dx, &self.input_dims())), dw.map(|dw| tensor(dw, &self.plan.weight_dims()))))
    }

    /// The bias's gradient, `[channels]`.
    pub(super) fn bias_gradient<K: Convolutions>(&self, k: K, grad: &Tensor) -> Result<Tensor> {
        let [n, c, h, w] = self.result_dims();
        Ok(tensor(k.channel_sums(grad, image_view(n, c, (h, w)))?, c))
    }
}

struct Back<K> {
    k: K,
    layer: Layer,
}

impl<K: Convolutions> Backward for Back<K> {
    fn name(&self) -> &'static str {
        match self.layer.direction {
            Direction::Convolve => "conv2d",
            Direction::Transpose => "conv_transpose2d",
        }
    }

    fn gradients(&self, inputs: &[&Tensor], _: &Tensor, grad: &Tensor) -> Result<Gradients> {
        let &[x, weight, ref bias @ ..] = inputs else {
            return Err(candle_core::Error::msg("conv2d: an input is missing"));
        };
        let wanted = (x.track_op(), weight.track_op());
        let (x, weight) = (x.detach().contiguous()?, weight.detach().contiguous()?);
        let (dx, dw) = self.layer.backward(self.k, &x, &weight, grad, wanted)?;
        let db = bias.iter().find(|b| b.track_op()).map(|_| self.layer.bias_gradient(self.k, grad)).transpose()?;
        Ok([dx, dw, db])
    }
}

/// The layer as an operation of candle's graph. No batch may be empty.
pub(crate) fn apply<K: Convolutions>(k: K, layer: Layer, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (x, weight, bias) = (x.contiguous()?, weight.contiguous()?, bias.map(Tensor::contiguous).transpose()?);
    let result = layer.forward(k, &x.detach(), &weight.detach(), bias.as_ref().map(Tensor::detach).as_ref(), Function::None)?;
    let back = Back { k, layer };
    match &bias {
        Some(bias) => node::apply(&[&x, &weight, bias], result, &layer.result_dims(), back),
        None => node::apply(&[&x, &weight], result, &layer.result_dims(), back),
    }
}
