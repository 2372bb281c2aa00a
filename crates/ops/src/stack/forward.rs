//! The stack's forward pass, channels last but for the images that it ends with.

use super::layer::{Finish, Layer};
use crate::activation::{sigmoid_in_place, tanh_in_place};
use crate::bias::{add_bias, add_bias_to_planes};
use crate::choice;
use crate::geometry::View;
use crate::layout::Channels;
use crate::norm::kernel::{Affine, Moments, affine, merge, moments, piece_moments};
use crate::parallel::each;
use crate::real::Real;
use crate::source::{Normalised, Plain};
use candle_core::{Error, Result};
use std::sync::Mutex;

/// What the backward pass reads of one layer with batch norm.
pub(super) struct Kept<T> {
    /// The convolution's result without bias, [n, h, w, c].
    pub(super) y: Vec<T>,
    /// Per channel batch norm as scale y + shift.
    pub(super) map: Affine<T>,
    pub(super) moments: Vec<Moments>,
    pub(super) eps: f64,
}

impl<T: Real> Kept<T> {
    fn new(y: Vec<T>, moments: Vec<Moments>, gamma: &[T], beta: &[T], eps: f64) -> Self {
        let (scale, shift) = moments
            .iter()
            .zip(gamma.iter().zip(beta))
            .map(|(m, (gamma, beta))| {
                let scale = gamma.to_f64() / (m.var + eps).sqrt();
                (T::from_f64(scale), T::from_f64(beta.to_f64() - m.mean * scale))
            })
            .unzip();
        Self { y, map: Affine { scale, shift }, moments, eps }
    }

    /// Batch norm and ReLU of the result.
    pub(super) fn activation(&self) -> Normalised<'_, T> {
        Normalised { x: &self.y, scale: &self.map.scale, shift: &self.map.shift }
    }

    /// The same, written out.
    pub(super) fn written(&self) -> Vec<T> {
        let c = self.moments.len();
        affine(View { outer: self.y.len() / c, c, inner: 1 }, &self.y, &self.map, true)
    }
}

pub(super) struct Stored<T> {
    pub(super) layers: Vec<Kept<T>>,
    /// [n, c, h, w], until candle takes it.
    result: Mutex<Option<Vec<T>>>,
}

impl<T: Real> Stored<T> {
    pub(super) fn take_result(&self) -> Result<Vec<T>> {
        let mut result = self.result.lock().map_err(|_| Error::msg("conv-stack: an earlier panic"))?;
        result.take().ok_or_else(|| Error::msg("conv-stack: applied twice"))
    }

    /// Mean and unbiased variance of a layer with batch norm.
    pub(super) fn statistics(&self, layer: usize, count: usize) -> (Vec<f64>, Vec<f64>) {
        let unbias = count as f64 / (count as f64 - 1.0);
        self.layers.get(layer).map(|kept| kept.moments.iter().map(|m| (m.mean, m.var * unbias)).unzip()).unwrap_or_default()
    }
}

/// `parameters` holds weight, bias, gamma and beta of every layer in turn.
pub(super) fn forward<T: Real>(layers: &[Layer], parameters: &[&[T]], x: &[T], eps: f64) -> Result<Stored<T>> {
    let first = Channels::First.inward(x, layers[0].input());
    let mut kept: Vec<Kept<T>> = Vec::with_capacity(layers.len());
    let mut result = None;
    for (layer, parameters) in layers.iter().zip(parameters.chunks_exact(4)) {
        let &[weight, bias, gamma, beta] = parameters else { continue };
        if layer.finish == Finish::Norm {
            let (y, moments) = normed(layer, weight, &first, kept.last());
            kept.push(Kept::new(y, moments, gamma, beta, eps));
        } else {
            result = Some(finished(layer, weight, bias, &first, kept.last()));
        }
    }
    let result = match (result, layers.last(), kept.last()) {
        (Some(result), ..) => result,
        (None, Some(layer), Some(last)) => Channels::First.outward(last.written(), layer.result()),
        _ => return Err(Error::msg("conv-stack: no layer")),
    };
    Ok(Stored { layers: kept, result: Mutex::new(Some(result)) })
}

/// A convolution and its result's moments, formed while the result is in cache.
fn normed<T: Real>(layer: &Layer, weight: &[T], first: &[T], before: Option<&Kept<T>>) -> (Vec<T>, Vec<Moments>) {
    let (g, direction) = (&layer.geometry, layer.direction);
    let (h, w, c) = g.result(direction);
    let view = View { outer: g.n * h * w, c, inner: 1 };
    if !choice::fits_forward(g, direction) {
        let input = before.map(Kept::written);
        let y = choice::layer(g, direction, input.as_deref().unwrap_or(first), weight, None);
        let moments = moments(view, &y);
        return (y, moments);
    }
    let after = |_: usize, y: &mut [T]| (piece_moments(view, y), y.len() / c);
    let (y, pieces) = match before {
        Some(before) => choice::forward(g, direction, before.activation(), weight, after),
        None => choice::forward(g, direction, Plain(first), weight, after),
    };
    let moments = merge(c, pieces.iter().map(|(piece, count)| (piece.as_slice(), *count)));
    (y, moments)
}

/// A convolution with bias and activation, channels first.
fn finished<T: Real>(layer: &Layer, weight: &[T], bias: &[T], first: &[T], before: Option<&Kept<T>>) -> Vec<T> {
    let (g, direction) = (&layer.geometry, layer.direction);
    let outward = |y| Channels::First.outward(y, layer.result());
    if let Some(before) = before.filter(|_| choice::fits_images(g, direction)) {
        return choice::to_images(g, before.activation(), weight, |image| {
            add_bias_to_planes(image, bias);
            activate(layer.finish, image);
        });
    }
    if !choice::fits_forward(g, direction) {
        let input = before.map(Kept::written);
        let mut y = choice::layer(g, direction, input.as_deref().unwrap_or(first), weight, Some(bias));
        each(y.chunks_mut(1 << 12), |y| activate(layer.finish, y));
        return outward(y);
    }
    let after = |_: usize, y: &mut [T]| {
        add_bias(y, bias);
        activate(layer.finish, y);
    };
    outward(match before {
        Some(before) => choice::forward(g, direction, before.activation(), weight, after).0,
        None => choice::forward(g, direction, Plain(first), weight, after).0,
    })
}

fn activate<T: Real>(finish: Finish, y: &mut [T]) {
    match finish {
        Finish::Sigmoid => sigmoid_in_place(y),
        Finish::Tanh => tanh_in_place(y),
        Finish::Norm => {}
    }
}
