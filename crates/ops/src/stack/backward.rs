//! The stack's backward pass.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use super::forward::{Kept, Stored};
use super::layer::{Finish, Layer};
use crate::bias::column_sums;
use crate::choice;
use crate::layout::Channels;
use crate::parallel::{each, map};
use crate::real::{Real, unfilled};
use crate::simd::vectorised;
use crate::source::{Corrected, Plain, Source};
use candle_core::{Error, Result};

/// Sums over a piece, per channel: of the gradient, and of the gradient times (y - mean).
type Sums<T> = Vec<(T, T)>;

/// The gradient at a layer's result behind batch norm and ReLU, ReLU's mask applied, with the sums
/// that the gradient through the statistics needs.
struct Masked<T> {
    gradient: Vec<T>,
    sums: Vec<(f64, f64)>,
}

/// Per channel, the gradient in front of batch norm as scale g + slope (y - mean) + offset.
struct Correction<T> {
    mean: Vec<T>,
    slope: Vec<T>,
    offset: Vec<T>,
}

/// The gradient to the input, and those to the parameters.
pub(super) type Everything<T> = (Option<Vec<T>>, Vec<Option<Vec<T>>>);

/// The gradients to `x` (where wanted) and to weight, bias, gamma and beta of every layer; `x`, the
/// result `y` and its gradient are channels first.
pub(super) fn backward<T: Real>(
    layers: &[Layer],
    parameters: &[&[T]],
    stored: &Stored<T>,
    x: &[T],
    y: &[T],
    grad: &[T],
    wants_x: bool,
) -> Result<Everything<T>> {
    let mut gradients: Vec<Option<Vec<T>>> = (0..parameters.len()).map(|_| None).collect();
    let missing = || Error::msg("conv-stack: a layer without its stored result");
    let (first, last) = layers.first().zip(layers.last()).ok_or_else(missing)?;
    let first_x = Channels::First.inward(x, first.input());
    let first_x: &[T] = &first_x;
    // The gradient behind the layer at hand.
    let mut state = if last.finish == Finish::Norm {
        let gradient = Channels::First.inward(grad, last.result()).into_owned();
        State::Masked(mask_all(gradient, stored.layers.last().ok_or_else(missing)?))
    } else {
        State::Plain(Channels::First.take_inward(activation_gradient(last.finish, y, grad), last.result()))
    };
    for (i, layer) in layers.iter().enumerate().rev() {
        let weight = parameters.get(4 * i).copied().ok_or_else(missing)?;
        let before = i.checked_sub(1).and_then(|i| stored.layers.get(i));
        let wanted = i > 0 || wants_x;
        let (dw, dx, sums) = match state {
            State::Plain(dy) => {
                let (_, _, c) = layer.result();
                gradients[4 * i + 1] = Some(column_sums(&dy, c));
                if !fits(layer, wanted) {
                    let written = before.map(Kept::written);
                    direct(layer, weight, written.as_deref().unwrap_or(first_x), &dy, wanted, before)
                } else if let Some(before) = before {
                    fast(layer, weight, before.activation(), Plain(&dy), wanted, Some(before))
                } else {
                    fast(layer, weight, Plain(first_x), Plain(&dy), wanted, None)
                }
            }
            State::Masked(masked) => {
                let kept = stored.layers.get(i).ok_or_else(missing)?;
                let (correction, dgamma, dbeta) = correct(kept, &masked, parameters.get(4 * i + 2).ok_or_else(missing)?);
                gradients[4 * i + 1] = Some(vec![T::zero(); dgamma.len()]);
                gradients[4 * i + 2] = Some(dgamma);
                gradients[4 * i + 3] = Some(dbeta);
                let dy = Corrected {
                    gradient: &masked.gradient,
                    x: &kept.y,
                    scale: &kept.map.scale,
                    mean: &correction.mean,
                    slope: &correction.slope,
                    offset: &correction.offset,
                };
                if !fits(layer, wanted) {
                    let written = before.map(Kept::written);
                    let dy = write_out(dy, kept.moments.len());
                    direct(layer, weight, written.as_deref().unwrap_or(first_x), &dy, wanted, before)
                } else if let Some(before) = before {
                    fast(layer, weight, before.activation(), dy, wanted, Some(before))
                } else {
                    fast(layer, weight, Plain(first_x), dy, wanted, None)
                }
            }
        };
        gradients[4 * i] = Some(dw);
        if !wanted {
            return Ok((None, gradients));
        }
        state = match sums {
            Some(sums) => State::Masked(Masked { gradient: dx, sums }),
            None => State::Plain(dx),
        };
    }
    match state {
        State::Plain(dx) => Ok((Some(Channels::First.outward(dx, first.input())), gradients)),
        State::Masked(_) => Err(missing()),
    }
}

enum State<T> {
    /// In front of batch norm or where there is none.
    Plain(Vec<T>),
    Masked(Masked<T>),
}

/// Weight gradient, gradient to the input (masked, with its sums, where a layer is before).
type Gradients<T> = (Vec<T>, Vec<T>, Option<Vec<(f64, f64)>>);

fn fits(layer: &Layer, wanted: bool) -> bool {
    choice::fits_backward(&layer.geometry, layer.direction, wanted)
}

fn fast<T: Real>(
    layer: &Layer,
    weight: &[T],
    x: impl Source<T>,
    dy: impl Source<T>,
    wanted: bool,
    before: Option<&Kept<T>>,
) -> Gradients<T> {
    let g = &layer.geometry;
    let (h, w, c) = layer.input();
    let after = |first: usize, dx: &mut [T]| before.filter(|_| wanted).map(|before| mask(first * h * w * c, dx, before));
    let (dw, dx, pieces) = choice::backward(g, layer.direction, (x, dy), weight, wanted, after);
    let sums = before.filter(|_| wanted).map(|_| total(c, pieces.into_iter().flatten()));
    (dw, dx, sums)
}

fn direct<T: Real>(layer: &Layer, weight: &[T], x: &[T], dy: &[T], wanted: bool, before: Option<&Kept<T>>) -> Gradients<T> {
    let g = &layer.geometry;
    let dw = choice::weight_gradient(g, layer.direction, x, dy);
    let dx = wanted.then(|| choice::input_gradient(g, layer.direction, dy, weight));
    match (dx, before) {
        (Some(dx), Some(before)) => {
            let masked = mask_all(dx, before);
            (dw, masked.gradient, Some(masked.sums))
        }
        (dx, _) => (dw, dx.unwrap_or_default(), None),
    }
}

/// Pieces of rows, a function of the number of channels alone.
fn piece(c: usize) -> usize {
    ((1 << 15) / c).max(1) * c
}

fn mask_all<T: Real>(mut gradient: Vec<T>, kept: &Kept<T>) -> Masked<T> {
    let c = kept.moments.len();
    let sums: Vec<Sums<T>> = map(gradient.chunks_mut(piece(c)).enumerate(), |(i, gradient)| mask(i * piece(c), gradient, kept));
    Masked { gradient, sums: total(c, sums) }
}

fn total<T: Real>(c: usize, pieces: impl IntoIterator<Item = Sums<T>>) -> Vec<(f64, f64)> {
    let mut total = vec![(0.0, 0.0); c];
    for piece in pieces {
        for (t, (a, b)) in total.iter_mut().zip(piece) {
            t.0 += a.to_f64();
            t.1 += b.to_f64();
        }
    }
    total
}

/// Applies ReLU's mask to the gradient of the elements from flat index `at` on.
fn mask<T: Real>(at: usize, gradient: &mut [T], kept: &Kept<T>) -> Sums<T> {
    let means: Vec<T> = kept.moments.iter().map(|m| T::from_f64(m.mean)).collect();
    let y = &kept.y[at..at + gradient.len()];
    mask_rows(gradient, y, &kept.map.scale, &kept.map.shift, &means)
}

vectorised! {
fn mask_rows<T: Real>(gradient: &mut [T], y: &[T], scale: &[T], shift: &[T], means: &[T]) -> Sums<T> {
    const LANES: usize = 16;
    let c = means.len();
    let mut out = vec![(T::zero(), T::zero()); c];
    let mut first = 0;
    while first < c {
        if first + LANES <= c {
            mask_columns::<T, LANES>(gradient, y, (scale, shift, means), first, &mut out);
            first += LANES;
        } else {
            mask_columns::<T, 1>(gradient, y, (scale, shift, means), first, &mut out);
            first += 1;
        }
    }
    out
}
}

#[inline(always)]
fn mask_columns<T: Real, const N: usize>(
    gradient: &mut [T],
    y: &[T],
    (scale, shift, means): (&[T], &[T], &[T]),
    first: usize,
    out: &mut [(T, T)],
) {
    let c = means.len();
    let load = |values: &[T]| {
        let mut block = [T::zero(); N];
        block.copy_from_slice(&values[first..first + N]);
        block
    };
    let (scale, shift, mean) = (load(scale), load(shift), load(means));
    let mut sums = ([T::zero(); N], [T::zero(); N]);
    for (g, y) in gradient.chunks_exact_mut(c).zip(y.chunks_exact(c)) {
        let (g, y) = (&mut g[first..first + N], &y[first..first + N]);
        for i in 0..N {
            let v = if y[i] * scale[i] + shift[i] <= T::zero() { T::zero() } else { g[i] };
            g[i] = v;
            sums.0[i] += v;
            sums.1[i] += v * (y[i] - mean[i]);
        }
    }
    for (o, pair) in out[first..first + N].iter_mut().zip(sums.0.into_iter().zip(sums.1)) {
        *o = pair;
    }
}

fn correct<T: Real>(kept: &Kept<T>, masked: &Masked<T>, gamma: &[T]) -> (Correction<T>, Vec<T>, Vec<T>) {
    let c = kept.moments.len();
    let count = (kept.y.len() / c) as f64;
    let mut correction = Correction { mean: Vec::with_capacity(c), slope: Vec::with_capacity(c), offset: Vec::with_capacity(c) };
    let (mut dgamma, mut dbeta) = (Vec::with_capacity(c), Vec::with_capacity(c));
    for ((m, (sum, product)), gamma) in kept.moments.iter().zip(&masked.sums).zip(gamma) {
        let inverse = (m.var + kept.eps).sqrt().recip();
        let scale = -gamma.to_f64() * inverse / count;
        correction.mean.push(T::from_f64(m.mean));
        correction.slope.push(T::from_f64(scale * product * inverse * inverse));
        correction.offset.push(T::from_f64(scale * sum));
        dgamma.push(T::from_f64(product * inverse));
        dbeta.push(T::from_f64(*sum));
    }
    (correction, dgamma, dbeta)
}

/// The elements of a source in memory.
fn write_out<T: Real>(source: Corrected<'_, T>, c: usize) -> Vec<T> {
    let mut out = unfilled(source.x.len());
    each(out.chunks_mut(piece(c)).enumerate(), |(i, out)| write_rows(source, i * piece(c), c, out));
    out
}

vectorised! {
fn write_rows<T: Real>(source: Corrected<'_, T>, at: usize, c: usize, out: &mut [T]) {
    source.write(at, c, out);
}
}

fn activation_gradient<T: Real>(finish: Finish, y: &[T], grad: &[T]) -> Vec<T> {
    let mut out = unfilled(y.len());
    each(out.chunks_mut(1 << 12).zip(y.chunks(1 << 12).zip(grad.chunks(1 << 12))), |(out, (y, grad))| {
        for (o, (y, g)) in out.iter_mut().zip(y.iter().zip(grad)) {
            *o = match finish {
                Finish::Sigmoid => *g * *y * (T::one() - *y),
                Finish::Tanh => *g * (T::one() - *y * *y),
                Finish::Norm => *g,
            };
        }
    });
    out
}
