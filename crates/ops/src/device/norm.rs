//! Batch norm, alone or with ReLU.

use super::launches::{Affine, BATCH_MEAN, BATCH_VAR, BETA_GRADIENT, COEFFICIENTS, CORRECTIONS, GAMMA_GRADIENT, Kernels, Passing};
use super::node::{self, Backward, Gradients};
use super::tensors::{row, tensor};
use crate::geometry::View;
use candle_core::{Error, Result, Tensor};

struct Back<K> {
    k: K,
    view: View,
    relu: bool,
    /// Whether the gradient flows through the statistics.
    batch: bool,
    coefficients: Tensor,
}

impl<K: Kernels> Backward for Back<K> {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn gradients(&self, inputs: &[&Tensor], _: &Tensor, grad: &Tensor) -> Result<Gradients> {
        let x = inputs.first().ok_or_else(|| Error::msg("batch_norm: an input is missing"))?;
        let wants_x = x.track_op();
        let x = x.detach();
        let &Self { k, view, relu, batch, ref coefficients } = self;
        let passing = Passing { x: &x, grad, coefficients, view, relu };
        let corrections = tensor(k.corrections(passing, batch)?, (CORRECTIONS, view.c));
        let dx = if wants_x { Some(tensor(k.norm_gradient(passing, &corrections)?, x.shape())) } else { None };
        Ok([dx, Some(row(&corrections, GAMMA_GRADIENT)?), Some(row(&corrections, BETA_GRADIENT)?)])
    }
}

/// With the batch's statistics: the result, and mean and unbiased variance `[c]`.
pub(crate) fn train<K: Kernels>(
    k: K,
    x: &Tensor,
    (gamma, beta): (&Tensor, &Tensor),
    eps: f64,
    relu: bool,
    view: View,
) -> Result<(Tensor, Tensor, Tensor)> {
    let (x, gamma, beta) = (x.contiguous()?, gamma.contiguous()?, beta.contiguous()?);
    let (values, given) = (x.detach(), (gamma.detach(), beta.detach()));
    let affine = Affine { gamma: &given.0, beta: &given.1, bias: None };
    let coefficients = tensor(k.moments(&values, view, affine, eps)?, (COEFFICIENTS, view.c));
    let y = k.normalise(&values, &coefficients, view, relu)?;
    let statistics = (row(&coefficients, BATCH_MEAN)?, row(&coefficients, BATCH_VAR)?);
    let back = Back { k, view, relu, batch: true, coefficients };
    Ok((node::apply(&[&x, &gamma, &beta], y, x.shape(), back)?, statistics.0, statistics.1))
}

/// With given statistics `[c]`, constants of the gradient.
pub(crate) fn eval<K: Kernels>(
    k: K,
    x: &Tensor,
    (gamma, beta): (&Tensor, &Tensor),
    (mean, var): (&Tensor, &Tensor),
    eps: f64,
    relu: bool,
    view: View,
) -> Result<Tensor> {
    let (x, gamma, beta) = (x.contiguous()?, gamma.contiguous()?, beta.contiguous()?);
    let (values, given) = (x.detach(), (gamma.detach(), beta.detach()));
    let affine = Affine { gamma: &given.0, beta: &given.1, bias: None };
    let coefficients = tensor(k.given(&mean.detach().contiguous()?, &var.detach().contiguous()?, affine, eps)?, (COEFFICIENTS, view.c));
    let y = k.normalise(&values, &coefficients, view, relu)?;
    node::apply(&[&x, &gamma, &beta], y, x.shape(), Back { k, view, relu, batch: false, coefficients })
}
