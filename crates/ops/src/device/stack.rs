//! A whole stack of convolutions with batch norm and ReLU as one operation of candle's graph.
//!
//! candle adds the gradient of every input of every operation to a fresh tensor of zeros. Layer by layer, this passes over
//! each activation four times more than needed; in a stack it happens at the two ends alone. An operation has at most
//! three inputs, so the parameters enter through a chain of ports, as in `stack::op`. Each port takes two parameters and
//! passes on a token of one element.

use super::conv::Layer;
use super::launches::{
    Affine, BATCH_MEAN, BATCH_VAR, BETA_GRADIENT, COEFFICIENTS, CORRECTIONS, Convolutions, Function, GAMMA_GRADIENT, Passing,
};
use super::node::{self, Backward, Gradients};
use super::tensors::{image_view, row, tensor};
use crate::real::dispatch;
use candle_core::backend::BackendDevice;
use candle_core::{DType, Device, Error, Result, Storage, Tensor, WithDType};
use std::sync::{Arc, Mutex, PoisonError};

/// What follows a convolution.
pub(crate) enum Finish {
    /// Batch norm and ReLU: gamma and beta `[c]`.
    Norm(Tensor, Tensor),
    /// Bias and function.
    Function(Function),
}

/// A checked layer with its parameters.
pub(crate) struct StackLayer {
    pub(crate) layer: Layer,
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
    pub(crate) finish: Finish,
}

/// Parameters a layer has room for in the store: weight, bias, gamma, beta.
const PARAMETERS: usize = 4;

/// Gradients on their way from the stack to the ports.
type Store = Arc<Mutex<Vec<Option<Tensor>>>>;

struct Port {
    first: usize,
    store: Store,
}

impl Backward for Port {
    fn name(&self) -> &'static str {
        "stack-parameters"
    }

    fn gradients(&self, _: &[&Tensor], _: &Tensor, grad: &Tensor) -> Result<Gradients> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let mut take = |index: usize| store.get_mut(index).and_then(Option::take);
        Ok([Some(grad.clone()), take(self.first), take(self.first + 1)])
    }
}

/// What the way back reads of a layer.
struct Kept {
    layer: Layer,
    weight: Tensor,
    input: Tensor,
    finish: KeptFinish,
}

enum KeptFinish {
    /// The convolution's result without bias, and the coefficients of batch norm.
    Norm {
        y: Tensor,
        coefficients: Tensor,
    },
    Function(Function),
}

struct Back<K> {
    k: K,
    kept: Vec<Kept>,
    store: Store,
}

impl<K: Convolutions> Backward for Back<K> {
    fn name(&self) -> &'static str {
        "conv-stack"
    }

    fn gradients(&self, inputs: &[&Tensor], result: &Tensor, grad: &Tensor) -> Result<Gradients> {
        let k = self.k;
        let &[x, token] = inputs else {
            return Err(Error::msg("conv-stack: an input is missing"));
        };
        let mut gradients: Vec<Option<Tensor>> = vec![None; PARAMETERS * self.kept.len()];
        let mut grad = Some(grad.clone());
        for (i, kept) in self.kept.iter().enumerate().rev() {
            let behind = grad.take().ok_or_else(|| Error::msg("conv-stack: a gradient is missing"))?;
            let [n, c, h, w] = kept.layer.result_dims();
            let mut set = |which: usize, gradient: Tensor| {
                if let Some(place) = gradients.get_mut(PARAMETERS * i + which) {
                    *place = Some(gradient);
                }
            };
            let dy = match &kept.finish {
                KeptFinish::Norm { y, coefficients } => {
                    let passing = Passing { x: y, grad: &behind, coefficients, view: image_view(n, c, (h, w)), relu: true };
                    let corrections = tensor(k.corrections(passing, true)?, (CORRECTIONS, c));
                    // Batch norm subtracts what the bias adds.
                    set(1, Tensor::zeros(c, y.dtype(), y.device())?);
                    set(2, row(&corrections, GAMMA_GRADIENT)?);
                    set(3, row(&corrections, BETA_GRADIENT)?);
                    tensor(k.norm_gradient(passing, &corrections)?, y.shape())
                }
                KeptFinish::Function(function) => {
                    let dy = tensor(k.function_gradient(&result.detach(), &behind, *function)?, result.shape());
                    set(1, kept.layer.bias_gradient(k, &dy)?);
                    dy
                }
            };
            let (dx, dw) = kept.layer.backward(k, &kept.input, &kept.weight, &dy, (i > 0 || x.track_op(), true))?;
            if let Some(dw) = dw {
                set(0, dw);
            }
            grad = dx;
        }
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = gradients;
        Ok([grad, Some(token.zeros_like()?), None])
    }
}

/// One element on the device, for the ports to pass on.
fn token(device: &Device, dtype: DType) -> Result<Storage> {
    match device {
        Device::Cpu => dispatch!(dtype, T => Ok(Storage::Cpu(T::to_cpu_storage_owned(vec![T::default()])))),
        Device::Cuda(device) => Ok(Storage::Cuda(device.zeros_impl(&1.into(), dtype)?)),
        Device::Metal(device) => Ok(Storage::Metal(device.zeros_impl(&1.into(), dtype)?)),
    }
}

/// The result, and mean and unbiased variance `[c]` of every layer with batch norm. The layers fit each
/// other, there is at least one, and no batch is empty.
pub(crate) fn run<K: Convolutions>(k: K, x: &Tensor, layers: Vec<StackLayer>, eps: f64) -> Result<(Tensor, Vec<(Tensor, Tensor)>)> {
    let x = x.contiguous()?;
    let store = Store::default();
    let mut chain = tensor(token(x.device(), x.dtype())?, 1);
    let mut enter = |first: usize, a: &Tensor, b: &Tensor| -> Result<(Tensor, Tensor)> {
        let (a, b) = (a.contiguous()?, b.contiguous()?);
        let port = Port { first, store: Arc::clone(&store) };
        chain = node::apply(&[&chain, &a, &b], token(x.device(), x.dtype())?, 1, port)?;
        Ok((a.detach(), b.detach()))
    };
    let (mut kept, mut statistics) = (Vec::with_capacity(layers.len()), Vec::new());
    let mut input = x.detach();
    let mut result: Option<(Storage, [usize; 4])> = None;
    for (i, StackLayer { layer, weight, bias, finish }) in layers.into_iter().enumerate() {
        let (weight, bias) = enter(PARAMETERS * i, &weight, &bias)?;
        if let Some((before, dims)) = result.take() {
            input = tensor(before, &dims);
        }
        let dims = layer.result_dims();
        let [n, c, h, w] = dims;
        let (y, finish) = match finish {
            Finish::Norm(gamma, beta) => {
                let (gamma, beta) = enter(PARAMETERS * i + 2, &gamma, &beta)?;
                let view = image_view(n, c, (h, w));
                let y = tensor(layer.forward(k, &input, &weight, None, Function::None)?, &dims);
                let affine = Affine { gamma: &gamma, beta: &beta, bias: Some(&bias) };
                let coefficients = tensor(k.moments(&y, view, affine, eps)?, (COEFFICIENTS, c));
                statistics.push((row(&coefficients, BATCH_MEAN)?, row(&coefficients, BATCH_VAR)?));
                (k.normalise(&y, &coefficients, view, true)?, KeptFinish::Norm { y, coefficients })
            }
            Finish::Function(function) => (layer.forward(k, &input, &weight, Some(&bias), function)?, KeptFinish::Function(function)),
        };
        kept.push(Kept { layer, weight, input: input.clone(), finish });
        result = Some((y, dims));
    }
    let (y, dims) = result.ok_or_else(|| Error::msg("conv-stack: no layer"))?;
    let y = node::apply(&[&x, &chain], y, &dims, Back { k, kept, store })?;
    Ok((y, statistics))
}
