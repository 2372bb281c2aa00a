//! The stack as a candle operation.
//!
//! candle's custom operations take at most three tensors, so the parameters enter through a chain of ports: each port
//! takes a parameter and passes a token on. The backward pass of the stack leaves the gradients of the parameters in a
//! shared store. The ports come later in the backward pass and hand these gradients to candle, or to `gradients::backward`.

use super::backward::backward;
use super::forward::{Stored, forward};
use super::layer::{Finish, Layer};
use crate::gradients::hand_over;
use crate::norm::BatchStatistics;
use crate::real::{Real, contiguous, with_slice};
use candle_core::{CpuStorage, CustomOp2, Device, Error, Layout, Result, Shape, Tensor};
use std::sync::{Arc, Mutex, PoisonError};

/// Weight, bias, gamma, beta of every layer; absent ones are `None`.
type Parameters = Vec<Option<Tensor>>;

/// Gradients on their way from the stack to the ports.
type Gradients = Arc<Mutex<Vec<Option<Tensor>>>>;

struct Port {
    index: usize,
    gradients: Gradients,
}

impl CustomOp2 for Port {
    fn name(&self) -> &'static str {
        "stack-parameter"
    }
    fn cpu_fwd(&self, token: &CpuStorage, lt: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((token.clone(), lt.shape().clone()))
    }
    fn bwd(&self, _: &Tensor, parameter: &Tensor, next: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut gradients = self.gradients.lock().unwrap_or_else(PoisonError::into_inner);
        let gradient = gradients.get_mut(self.index).and_then(Option::take);
        Ok((Some(grad.clone()), gradient.and_then(|gradient| hand_over(next, parameter, gradient))))
    }
}

struct Stack<T> {
    layers: Vec<Layer>,
    parameters: Parameters,
    stored: Stored<T>,
    gradients: Gradients,
}

impl<T: Real> CustomOp2 for Stack<T> {
    fn name(&self) -> &'static str {
        "conv-stack"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        let last = self.layers.last().ok_or_else(|| Error::msg("conv-stack: no layer"))?;
        let (h, w, c) = last.result();
        let values = self.stored.take_result()?;
        Ok((T::to_cpu_storage_owned(values), Shape::from((last.geometry.n, c, h, w))))
    }

    fn bwd(&self, x: &Tensor, token: &Tensor, y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let wants_x = x.track_op();
        let (dx, gradients) = with_slice::<T, _>(x, |xs| {
            with_slice(y, |ys| {
                with_slice(grad, |grad| {
                    with_parameters(&self.parameters, |p| backward(&self.layers, p, &self.stored, xs, ys, grad, wants_x))
                })
            })
        })?;
        let tensors = gradients
            .into_iter()
            .zip(&self.parameters)
            .map(|(gradient, parameter)| match (gradient, parameter) {
                (Some(gradient), Some(parameter)) => Tensor::from_vec(gradient, parameter.shape(), &Device::Cpu).map(Some),
                _ => Ok(None),
            })
            .collect::<Result<Vec<_>>>()?;
        *self.gradients.lock().unwrap_or_else(PoisonError::into_inner) = tensors;
        let dx = dx.map(|dx| Tensor::from_vec(dx, x.shape(), &Device::Cpu)).transpose()?;
        Ok((dx, Some(token.zeros_like()?)))
    }
}

/// Calls `f` with the elements of all parameters.
fn with_parameters<T: Real, R>(parameters: &[Option<Tensor>], f: impl FnOnce(&[&[T]]) -> Result<R>) -> Result<R> {
    let guards: Vec<_> = parameters.iter().map(|p| p.as_ref().map(Tensor::storage_and_layout)).collect();
    let slices = guards
        .iter()
        .map(|guard| match guard {
            None => Ok(&[][..]),
            Some((storage, layout)) => match &**storage {
                candle_core::Storage::Cpu(cpu) => contiguous::<T>(cpu, layout),
                _ => Err(Error::msg("vimae-ops: a parameter of a stack on the CPU is not there")),
            },
        })
        .collect::<Result<Vec<_>>>()?;
    f(&slices)
}

pub(super) fn run<T: Real>(
    x: &Tensor,
    layers: Vec<Layer>,
    tensors: Vec<Option<&Tensor>>,
    eps: f64,
) -> Result<(Tensor, Vec<BatchStatistics>)> {
    let x = x.contiguous()?;
    let gradients = Gradients::default();
    let mut token = Tensor::zeros(1, x.dtype(), &Device::Cpu)?;
    let mut parameters = Vec::with_capacity(tensors.len());
    for (index, tensor) in tensors.into_iter().enumerate() {
        let tensor = tensor.map(Tensor::contiguous).transpose()?;
        if let Some(tensor) = &tensor {
            token = token.apply_op2(tensor, Port { index, gradients: Arc::clone(&gradients) })?;
        }
        parameters.push(tensor.map(|t| t.detach()));
    }
    let stored = with_slice::<T, _>(&x, |xs| with_parameters(&parameters, |p| forward(&layers, p, xs, eps)))?;
    let mut statistics = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        if layer.finish == Finish::Norm {
            let (h, w, c) = layer.result();
            let (mean, var) = stored.statistics(i, layer.geometry.n * h * w);
            let vector = |values: Vec<f64>| Tensor::from_vec(values, c, &Device::Cpu)?.to_dtype(x.dtype());
            let bias = parameters.get(4 * i + 1).and_then(Option::as_ref);
            let mean = vector(mean)?;
            let mean = bias.map(|bias| mean.broadcast_add(bias)).transpose()?.unwrap_or(mean);
            statistics.push(BatchStatistics { mean, var_unbiased: vector(var)? });
        }
    }
    let y = x.apply_op2(&token, Stack { layers, parameters, stored, gradients })?;
    Ok((y, statistics))
}
