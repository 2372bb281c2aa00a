//! The launches as loops on the CPU, in `f64`. They follow the same indices as the kernels, and tests run the layers with
//! them.

use super::grid::{self, Reduction};
use super::launches::{Affine, Convolutions, Function, Kernels, Passing};
use super::plan::{Plan, Window};
use super::reductions::{merge, piece_moments};
use crate::conv::{ConvParams, ConvTransposeParams};
use crate::geometry::View;
use candle_core::{CpuStorage, Error, Result, Storage, Tensor};

#[derive(Clone, Copy)]
pub(super) struct Emulated;

fn elements(x: &Tensor) -> Result<Vec<f64>> {
    assert!(x.is_contiguous() && !x.track_op(), "the kernels take contiguous tensors without history");
    x.flatten_all()?.to_vec1()
}

fn storage(values: Vec<f64>) -> Result<Storage> {
    Ok(Storage::Cpu(CpuStorage::F64(values)))
}

fn owned(x: &Tensor) -> Result<Storage> {
    storage(x.flatten_all()?.to_vec1()?)
}

fn value(function: Function, v: f64) -> f64 {
    match function {
        Function::None => v,
        Function::Relu => v.max(0.),
        Function::Sigmoid => 1. / (1. + (-v).exp()),
        Function::Tanh => v.tanh(),
    }
}

/// Calls `f` with row and place for every element, as a launch over rows does.
fn over_rows(outer: usize, row: usize, mut f: impl FnMut(usize, usize)) {
    let extent = grid::rows(outer, row).expect("small enough");
    let step = (extent.grid.1 * extent.block.1) as usize;
    for first in 0..step {
        for place in 0..(extent.grid.0 * extent.block.0) as usize {
            if place < row {
                (first..outer).step_by(step).for_each(|n| f(n, place));
            }
        }
    }
}

/// Address of element `e` of `channel`, as the reductions count.
fn address(view: View, channel: usize, e: usize) -> usize {
    (e / view.inner * view.c + channel) * view.inner + e % view.inner
}

impl Kernels for Emulated {
    fn window(&self, x: &Tensor, window: &Window, bias: Option<&Tensor>, function: Function) -> Result<Storage> {
        let (source, bias) = (elements(x)?, bias.map(elements).transpose()?);
        let &Window { n, c, from, to, dy, dx } = window;
        assert_eq!(source.len(), n * c * from.0 * from.1);
        let mut out = vec![f64::NAN; n * c * to.0 * to.1];
        over_rows(n, c * to.0 * to.1, |n, place| {
            let (channel, pixel) = (place / (to.0 * to.1), place % (to.0 * to.1));
            let (y, x) = ((pixel / to.1) as isize + dy, (pixel % to.1) as isize + dx);
            let inside = y >= 0 && y < from.0 as isize && x >= 0 && x < from.1 as isize;
            let v = if inside { source[((n * c + channel) * from.0 + y as usize) * from.1 + x as usize] } else { 0. };
            out[n * (c * to.0 * to.1) + place] = value(function, v + bias.as_ref().map_or(0., |b| b[channel]));
        });
        storage(out)
    }

    fn function_gradient(&self, y: &Tensor, grad: &Tensor, function: Function) -> Result<Storage> {
        let derivative = |y: f64| match function {
            Function::None => 1.,
            Function::Relu => f64::from(u8::from(y > 0.)),
            Function::Sigmoid => y * (1. - y),
            Function::Tanh => 1. - y * y,
        };
        storage(elements(y)?.into_iter().zip(elements(grad)?).map(|(y, g)| g * derivative(y)).collect())
    }

    fn moments(&self, x: &Tensor, view: View, affine: Affine<'_>, eps: f64) -> Result<Storage> {
        let x = elements(x)?;
        let count = view.outer * view.inner;
        let r = Reduction::of(view.c, count).expect("small enough");
        let moments = |channel: usize| {
            let pieces = (0..r.splits as usize).map(|split| {
                let first = split * r.per_split as usize;
                let end = (first + r.per_split as usize).min(count);
                piece_moments((first..end).map(|e| x[address(view, channel, e)]))
            });
            let total = merge(pieces);
            (total.mean, total.squares / total.count, total.squares / (total.count - 1.))
        };
        coefficients((0..view.c).map(moments), affine, eps)
    }

    fn given(&self, mean: &Tensor, var: &Tensor, affine: Affine<'_>, eps: f64) -> Result<Storage> {
        coefficients(elements(mean)?.into_iter().zip(elements(var)?).map(|(mean, var)| (mean, var, var)), affine, eps)
    }

    fn normalise(&self, x: &Tensor, coefficients: &Tensor, view: View, relu: bool) -> Result<Storage> {
        let (x, table) = (elements(x)?, coefficients.to_vec2::<f64>()?);
        let mut out = vec![f64::NAN; x.len()];
        over_rows(view.outer, view.c * view.inner, |n, place| {
            let (at, channel) = (n * view.c * view.inner + place, place / view.inner);
            let v = x[at] * table[0][channel] + table[1][channel];
            out[at] = if relu { v.max(0.) } else { v };
        });
        storage(out)
    }

    fn corrections(&self, passing: Passing<'_>, batch: bool) -> Result<Storage> {
        let (x, grad, view) = (elements(passing.x)?, elements(passing.grad)?, passing.view);
        let table = passing.coefficients.to_vec2::<f64>()?;
        let count = view.outer * view.inner;
        let mut out = vec![0.; 4 * view.c];
        for channel in 0..view.c {
            let [scale, shift, mean, inverse] = [0, 1, 2, 3].map(|row| table[row][channel]);
            let (mut sum, mut product) = (0., 0.);
            for e in 0..count {
                let at = address(view, channel, e);
                let g = if passing.relu && x[at] * scale + shift <= 0. { 0. } else { grad[at] };
                sum += g;
                product += g * (x[at] - mean);
            }
            let through = if batch { -scale / count as f64 } else { 0. };
            let gamma_gradient = product * inverse;
            let values = [through * gamma_gradient * inverse, through * sum, gamma_gradient, sum];
            values.into_iter().enumerate().for_each(|(row, v)| out[row * view.c + channel] = v);
        }
        storage(out)
    }

    fn norm_gradient(&self, passing: Passing<'_>, corrections: &Tensor) -> Result<Storage> {
        let (x, grad, view) = (elements(passing.x)?, elements(passing.grad)?, passing.view);
        let (table, more) = (passing.coefficients.to_vec2::<f64>()?, corrections.to_vec2::<f64>()?);
        let mut out = vec![f64::NAN; x.len()];
        over_rows(view.outer, view.c * view.inner, |n, place| {
            let (at, c) = (n * view.c * view.inner + place, place / view.inner);
            let g = if passing.relu && x[at] * table[0][c] + table[1][c] <= 0. { 0. } else { grad[at] };
            out[at] = g * table[0][c] + (x[at] - table[2][c]) * more[0][c] + more[1][c];
        });
        storage(out)
    }

    fn channel_sums(&self, x: &Tensor, view: View) -> Result<Storage> {
        let x = elements(x)?;
        storage((0..view.c).map(|c| (0..view.outer * view.inner).map(|e| x[address(view, c, e)]).sum()).collect())
    }
}

/// The table `[6, c]` from mean, variance and unbiased variance of every channel.
fn coefficients(moments: impl Iterator<Item = (f64, f64, f64)>, affine: Affine<'_>, eps: f64) -> Result<Storage> {
    let (gamma, beta) = (elements(affine.gamma)?, elements(affine.beta)?);
    let bias = affine.bias.map(elements).transpose()?;
    let c = gamma.len();
    let mut out = vec![f64::NAN; 6 * c];
    for (i, (mean, var, unbiased)) in moments.enumerate() {
        let inverse = 1. / (var + eps).sqrt();
        let scale = gamma[i] * inverse;
        let values = [scale, beta[i] - mean * scale, mean, inverse, mean + bias.as_ref().map_or(0., |b| b[i]), unbiased];
        values.into_iter().enumerate().for_each(|(row, v)| out[row * c + i] = v);
    }
    storage(out)
}

impl Convolutions for Emulated {
    fn convolve(&self, plan: &Plan, big: &Tensor, weight: &Tensor) -> Result<Storage> {
        assert_eq!((big.dims(), weight.dims()), (&plan.big_dims()[..], &plan.weight_dims()[..]));
        let (ph, pw) = plan.padding;
        let y = crate::conv2d(big, weight, None, ConvParams { stride: plan.stride, padding: [ph, ph, pw, pw] }).map_err(Error::wrap)?;
        assert_eq!(y.dims(), plan.small_dims());
        owned(&y)
    }

    fn adjoint(&self, plan: &Plan, small: &Tensor, weight: &Tensor) -> Result<Storage> {
        assert_eq!((small.dims(), weight.dims()), (&plan.small_dims()[..], &plan.weight_dims()[..]));
        let (ph, pw) = plan.padding;
        let unseen = |size: usize, pad: usize, kernel: usize, stride: usize| (size + 2 * pad - kernel) % stride;
        let output_padding = (unseen(plan.h, ph, plan.kernel.0, plan.stride.0), unseen(plan.w, pw, plan.kernel.1, plan.stride.1));
        let params = ConvTransposeParams { stride: plan.stride, padding: [ph, ph, pw, pw], output_padding };
        let y = crate::conv_transpose2d(small, weight, None, params).map_err(Error::wrap)?;
        assert_eq!(y.dims(), plan.big_dims());
        owned(&y)
    }

    fn weight_gradient(&self, plan: &Plan, big: &Tensor, small: &Tensor) -> Result<Storage> {
        let weight = candle_core::Var::zeros(&plan.weight_dims(), big.dtype(), big.device())?;
        let (ph, pw) = plan.padding;
        let params = ConvParams { stride: plan.stride, padding: [ph, ph, pw, pw] };
        let y = crate::conv2d(big, &weight, None, params).map_err(Error::wrap)?;
        let gradients = (y * small)?.sum_all()?.backward()?;
        owned(gradients.get(&weight).ok_or_else(|| Error::msg("no gradient"))?)
    }
}
