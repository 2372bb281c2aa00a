//! The passes of batch norm over memory: moments, affine map, and two passes for the gradient.
//!
//! Every sum is split into pieces that depend on shapes alone, and the pieces are added in order and in `f64`. This gives the
//! same bits for any number of threads.

#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::geometry::View;
use crate::parallel::{each, map};
use crate::real::{Real, unfilled};
use crate::simd::vectorised;

/// Mean and biased variance of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) var: f64,
}

pub(crate) fn moments<T: Real>(view: View, x: &[T]) -> Vec<Moments> {
    let View { outer, c, inner } = view;
    // Per piece the mean and the sum of squares about that mean; pieces are merged by Chan,
    // Golub and LeVeque (1979). No square of a large mean is ever subtracted.
    let pieces: Vec<Vec<(T, T)>> = map(x.chunks(view.piece()), |x| piece_moments(view, x));
    let rows = view.piece() / (c * inner).max(1);
    let counts = (0..pieces.len()).map(|i| rows.min(outer - i * rows) * inner);
    merge(c, pieces.iter().map(Vec::as_slice).zip(counts))
}

/// The moments of all values from those of pieces, each with its number of values a channel.
pub(crate) fn merge<'a, T: Real>(c: usize, pieces: impl Iterator<Item = (&'a [(T, T)], usize)>) -> Vec<Moments> {
    let mut total = vec![(0.0, 0.0); c];
    let mut seen = 0.0;
    for (piece, count) in pieces {
        let count = count as f64;
        for (t, (mean, squares)) in total.iter_mut().zip(piece) {
            let delta = mean.to_f64() - t.0;
            t.0 += delta * count / (seen + count);
            t.1 += squares.to_f64() + delta * delta * seen * count / (seen + count);
        }
        seen += count;
    }
    total.into_iter().map(|(mean, squares)| Moments { mean, var: squares / seen }).collect()
}

/// Channels whose sums a loop over rows keeps in registers.
const BLOCK: usize = 16;

/// The mean and the sum of squares about it, per channel, over the rows of `x`.
pub(crate) fn piece_moments<T: Real>(view: View, x: &[T]) -> Vec<(T, T)> {
    moments_of_piece(view, x)
}

vectorised! {
/// Per channel the mean and the sum of squares about it, over the rows [c, inner] of `x`.
fn moments_of_piece<T: Real>(view: View, x: &[T]) -> Vec<(T, T)> {
    let View { c, inner, .. } = view;
    let mut out = vec![(T::zero(), T::zero()); c];
    let inverse = T::from_f64(1.0 / (x.len() / c) as f64);
    if inner == 1 {
        for (b, out) in out.chunks_mut(BLOCK).enumerate() {
            if out.len() == BLOCK {
                block_moments::<T, BLOCK>(&x[b * BLOCK..], c, inverse, out);
            } else {
                for (i, out) in out.chunks_mut(1).enumerate() {
                    block_moments::<T, 1>(&x[b * BLOCK + i..], c, inverse, out);
                }
            }
        }
    } else {
        for (channel, out) in out.iter_mut().enumerate() {
            let planes = || x.chunks_exact(inner).skip(channel).step_by(c);
            for plane in planes() {
                out.0 += lane_sum(plane, |v| v);
            }
            out.0 *= inverse;
            let mean = out.0;
            for plane in planes() {
                out.1 += lane_sum(plane, |v| (v - mean) * (v - mean));
            }
        }
    }
    out
}
}

/// The same for `L` neighbouring channels of rows that start `stride` apart.
#[inline(always)]
fn block_moments<T: Real, const L: usize>(x: &[T], stride: usize, inverse: T, out: &mut [(T, T)]) {
    let mut mean = [T::zero(); L];
    for row in x.chunks(stride) {
        for (m, v) in mean.iter_mut().zip(&row[..L]) {
            *m += *v;
        }
    }
    for m in &mut mean {
        *m *= inverse;
    }
    let mut squares = [T::zero(); L];
    for row in x.chunks(stride) {
        for ((s, m), v) in squares.iter_mut().zip(&mean).zip(&row[..L]) {
            let d = *v - *m;
            *s += d * d;
        }
    }
    for (o, pair) in out.iter_mut().zip(mean.into_iter().zip(squares)) {
        *o = pair;
    }
}

/// A sum in interleaved parts, which the compiler turns into vectors.
#[inline(always)]
fn lane_sum<T: Real>(x: &[T], f: impl Fn(T) -> T) -> T {
    let mut lanes = [T::zero(); BLOCK];
    let chunks = x.chunks_exact(BLOCK);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (l, v) in lanes.iter_mut().zip(chunk) {
            *l += f(*v);
        }
    }
    for (l, v) in lanes.iter_mut().zip(rest) {
        *l += f(*v);
    }
    lanes.into_iter().sum()
}

/// y = scale x + shift, with one (scale, shift) a channel.
pub(crate) struct Affine<T> {
    pub(crate) scale: Vec<T>,
    pub(crate) shift: Vec<T>,
}

#[inline(always)]
fn rectify<T: Real>(v: T) -> T {
    // Not max: a NaN must stay visible.
    if v < T::zero() { T::zero() } else { v }
}

pub(crate) fn affine<T: Real>(view: View, x: &[T], map: &Affine<T>, relu: bool) -> Vec<T> {
    let mut out = unfilled(x.len());
    each(out.chunks_mut(view.piece()).zip(x.chunks(view.piece())), |(out, x)| {
        if relu {
            piece_affine::<T, true>(view, x, &map.scale, &map.shift, out);
        } else {
            piece_affine::<T, false>(view, x, &map.scale, &map.shift, out);
        }
    });
    out
}

vectorised! {
fn piece_affine<T: Real, const RELU: bool>(view: View, x: &[T], scale: &[T], shift: &[T], out: &mut [T]) {
    let View { c, inner, .. } = view;
    let f = |v: T, a: T, b: T| if RELU { rectify(v * a + b) } else { v * a + b };
    for (out, x) in out.chunks_exact_mut(c * inner).zip(x.chunks_exact(c * inner)) {
        let params = scale.iter().zip(shift);
        if inner == 1 {
            for ((o, v), (a, b)) in out.iter_mut().zip(x).zip(params) {
                *o = f(*v, *a, *b);
            }
        } else {
            let planes = out.chunks_exact_mut(inner).zip(x.chunks_exact(inner));
            for ((out, x), (a, b)) in planes.zip(params) {
                for (o, v) in out.iter_mut().zip(x) {
                    *o = f(*v, *a, *b);
                }
            }
        }
    }
}
}

/// What the passes of the gradient read: the input, the gradient of the result, and per channel
/// the forward map and the mean.
#[derive(Clone, Copy)]
pub(crate) struct Backward<'a, T> {
    pub(crate) view: View,
    pub(crate) x: &'a [T],
    pub(crate) grad: &'a [T],
    pub(crate) map: &'a Affine<T>,
    pub(crate) means: &'a [T],
    pub(crate) relu: bool,
}

/// The gradient that passes the ReLU; recomputing its argument from `x` spares reading `y`.
#[inline(always)]
fn passed<T: Real>(relu: bool, x: T, grad: T, scale: T, shift: T) -> T {
    if relu && x * scale + shift <= T::zero() { T::zero() } else { grad }
}

impl<'a, T: Real> Backward<'a, T> {
    fn pieces(self) -> impl Iterator<Item = Self> {
        let size = self.view.piece();
        let pieces = self.x.chunks(size).zip(self.grad.chunks(size));
        pieces.map(move |(x, grad)| Self { x, grad, ..self })
    }

    /// Per channel the sums of the passed gradient, and of it times (x - mean).
    pub(crate) fn sums(self) -> Vec<(f64, f64)> {
        let pieces: Vec<Vec<(T, T)>> = map(self.pieces(), |p| piece_sums(p));
        let mut total = vec![(0.0, 0.0); self.view.c];
        for piece in &pieces {
            for (t, (a, b)) in total.iter_mut().zip(piece) {
                t.0 += a.to_f64();
                t.1 += b.to_f64();
            }
        }
        total
    }

    /// scale * passed gradient + slope * (x - mean) + offset, with (slope, offset) per channel.
    pub(crate) fn input_gradient(self, corrections: &Affine<T>) -> Vec<T> {
        let mut out = unfilled(self.x.len());
        each(out.chunks_mut(self.view.piece()).zip(self.pieces()), |(out, p)| piece_gradient(p, corrections, out));
        out
    }
}

vectorised! {
fn piece_sums<T: Real>(p: Backward<'_, T>) -> Vec<(T, T)> {
    let View { c, inner, .. } = p.view;
    let mut out = vec![(T::zero(), T::zero()); c];
    if inner == 1 {
        for (b, out) in out.chunks_mut(BLOCK).enumerate() {
            if out.len() == BLOCK {
                block_sums::<T, BLOCK>(p, b * BLOCK, out);
            } else {
                for (i, out) in out.chunks_mut(1).enumerate() {
                    block_sums::<T, 1>(p, b * BLOCK + i, out);
                }
            }
        }
    } else {
        for (x, grad) in p.x.chunks_exact(c * inner).zip(p.grad.chunks_exact(c * inner)) {
            let params = p.map.scale.iter().zip(&p.map.shift).zip(p.means);
            let planes = x.chunks_exact(inner).zip(grad.chunks_exact(inner));
            for ((out, ((a, b), m)), (x, grad)) in out.iter_mut().zip(params).zip(planes) {
                let mut lanes = ([T::zero(); BLOCK], [T::zero(); BLOCK]);
                for (x, grad) in x.chunks(BLOCK).zip(grad.chunks(BLOCK)) {
                    let lanes = lanes.0.iter_mut().zip(lanes.1.iter_mut());
                    for ((s, t), (x, g)) in lanes.zip(x.iter().zip(grad)) {
                        let g = passed(p.relu, *x, *g, *a, *b);
                        *s += g;
                        *t += g * (*x - *m);
                    }
                }
                out.0 += lanes.0.into_iter().sum();
                out.1 += lanes.1.into_iter().sum();
            }
        }
    }
    out
}
}

/// The same for `L` channels from `first` on.
#[inline(always)]
fn block_sums<T: Real, const L: usize>(p: Backward<'_, T>, first: usize, out: &mut [(T, T)]) {
    let load = |values: &[T]| {
        let mut block = [T::zero(); L];
        block.copy_from_slice(&values[first..first + L]);
        block
    };
    let (scale, shift, mean) = (load(&p.map.scale), load(&p.map.shift), load(p.means));
    let mut sums = ([T::zero(); L], [T::zero(); L]);
    for (x, grad) in p.x.chunks_exact(p.view.c).zip(p.grad.chunks_exact(p.view.c)) {
        let (x, grad) = (&x[first..first + L], &grad[first..first + L]);
        for i in 0..L {
            let g = passed(p.relu, x[i], grad[i], scale[i], shift[i]);
            sums.0[i] += g;
            sums.1[i] += g * (x[i] - mean[i]);
        }
    }
    for (o, pair) in out.iter_mut().zip(sums.0.into_iter().zip(sums.1)) {
        *o = pair;
    }
}

vectorised! {
fn piece_gradient<T: Real>(p: Backward<'_, T>, corrections: &Affine<T>, out: &mut [T]) {
    let View { c, inner, .. } = p.view;
    let (scale, shift) = (&p.map.scale[..c], &p.map.shift[..c]);
    let (slope, offset) = (&corrections.scale[..c], &corrections.shift[..c]);
    let means = &p.means[..c];
    let rows = out.chunks_exact_mut(c * inner).zip(p.x.chunks_exact(c * inner));
    for ((out, x), grad) in rows.zip(p.grad.chunks_exact(c * inner)) {
        if inner == 1 {
            for i in 0..c {
                let g = passed(p.relu, x[i], grad[i], scale[i], shift[i]);
                out[i] = g * scale[i] + (x[i] - means[i]) * slope[i] + offset[i];
            }
        } else {
            let planes = out.chunks_exact_mut(inner).zip(x.chunks_exact(inner));
            for (i, ((out, x), grad)) in planes.zip(grad.chunks_exact(inner)).enumerate() {
                for ((o, x), g) in out.iter_mut().zip(x).zip(grad) {
                    let g = passed(p.relu, *x, *g, scale[i], shift[i]);
                    *o = g * scale[i] + (*x - means[i]) * slope[i] + offset[i];
                }
            }
        }
    }
}
}
