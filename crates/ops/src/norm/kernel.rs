//! The passes over memory of batch norm: moments, affine map, and the two of the gradient.
//!
//! Every sum is formed in pieces that depend on shapes alone and the pieces are added in order
//! and in `f64`: the same bits for any number of threads.

use crate::real::Real;
use rayon::prelude::*;

/// A tensor seen as [outer, c, inner].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) outer: usize,
    pub(crate) c: usize,
    pub(crate) inner: usize,
}

impl View {
    /// Numbers of a piece that one thread takes at a time: whole rows [c, inner].
    fn piece(&self) -> usize {
        const NUMBERS: usize = 1 << 15;
        let row = (self.c * self.inner).max(1);
        (NUMBERS / row).max(1) * row
    }
}

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
    let pieces: Vec<Vec<(T, T)>> = x
        .par_chunks(view.piece())
        .map(|x| piece_moments(view, x))
        .collect();
    let rows = view.piece() / (c * inner).max(1);
    let mut total = vec![(0.0, 0.0); c];
    let mut seen = 0.0;
    for (i, piece) in pieces.iter().enumerate() {
        let count = (rows.min(outer - i * rows) * inner) as f64;
        for (t, (mean, squares)) in total.iter_mut().zip(piece) {
            let delta = mean.to_f64() - t.0;
            t.0 += delta * count / (seen + count);
            t.1 += squares.to_f64() + delta * delta * seen * count / (seen + count);
        }
        seen += count;
    }
    total
        .into_iter()
        .map(|(mean, squares)| Moments {
            mean,
            var: squares / seen,
        })
        .collect()
}

fn piece_moments<T: Real>(view: View, x: &[T]) -> Vec<(T, T)> {
    let View { c, inner, .. } = view;
    let inverse = T::from_f64(1.0 / (x.len() / c) as f64);
    let mut sums = vec![T::zero(); c];
    for_channels(view, x, &mut sums, |v| v, |sum, v| *sum += v);
    for s in &mut sums {
        *s *= inverse;
    }
    let means = sums;
    let mut squares = vec![T::zero(); c];
    if inner == 1 {
        for row in x.chunks_exact(c) {
            for ((s, v), m) in squares.iter_mut().zip(row).zip(&means) {
                let d = *v - *m;
                *s += d * d;
            }
        }
    } else {
        for row in x.chunks_exact(c * inner) {
            for ((s, plane), m) in squares.iter_mut().zip(row.chunks_exact(inner)).zip(&means) {
                *s += lane_sum(plane, |v| (v - *m) * (v - *m));
            }
        }
    }
    means.into_iter().zip(squares).collect()
}

fn for_channels<T: Real>(
    View { c, inner, .. }: View,
    x: &[T],
    sums: &mut [T],
    f: impl Fn(T) -> T + Copy,
    add: impl Fn(&mut T, T),
) {
    if inner == 1 {
        for row in x.chunks_exact(c) {
            for (s, v) in sums.iter_mut().zip(row) {
                add(s, f(*v));
            }
        }
    } else {
        for row in x.chunks_exact(c * inner) {
            for (s, plane) in sums.iter_mut().zip(row.chunks_exact(inner)) {
                add(s, lane_sum(plane, f));
            }
        }
    }
}

/// A sum in sixteen interleaved parts, which the compiler turns into vectors.
fn lane_sum<T: Real>(x: &[T], f: impl Fn(T) -> T) -> T {
    let mut lanes = [T::zero(); 16];
    let chunks = x.chunks_exact(16);
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

fn rectify<T: Real>(v: T) -> T {
    // Not max: a NaN must stay visible.
    if v < T::zero() { T::zero() } else { v }
}

pub(crate) fn affine<T: Real>(view: View, x: &[T], map: &Affine<T>, relu: bool) -> Vec<T> {
    let View { c, inner, .. } = view;
    let mut out = vec![T::zero(); x.len()];
    out.par_chunks_mut(view.piece())
        .zip(x.par_chunks(view.piece()))
        .for_each(|(out, x)| {
            for (out, x) in out
                .chunks_exact_mut(c * inner)
                .zip(x.chunks_exact(c * inner))
            {
                let params = map.scale.iter().zip(&map.shift);
                match (inner, relu) {
                    (1, true) => {
                        for ((o, v), (a, b)) in out.iter_mut().zip(x).zip(params) {
                            *o = rectify(*v * *a + *b);
                        }
                    }
                    (1, false) => {
                        for ((o, v), (a, b)) in out.iter_mut().zip(x).zip(params) {
                            *o = *v * *a + *b;
                        }
                    }
                    _ => {
                        let planes = out.chunks_exact_mut(inner).zip(x.chunks_exact(inner));
                        for ((out, x), (a, b)) in planes.zip(params) {
                            for (o, v) in out.iter_mut().zip(x) {
                                let y = *v * *a + *b;
                                *o = if relu { rectify(y) } else { y };
                            }
                        }
                    }
                }
            }
        });
    out
}

/// The gradient that passes the ReLU; recomputing its argument from `x` spares reading `y`.
fn passed<T: Real>(relu: bool, x: T, grad: T, scale: T, shift: T) -> T {
    if relu && x * scale + shift <= T::zero() {
        T::zero()
    } else {
        grad
    }
}

/// Per channel the sums of the passed gradient, and of it times (x - mean).
pub(crate) fn gradient_sums<T: Real>(
    view: View,
    x: &[T],
    grad: &[T],
    map: &Affine<T>,
    means: &[T],
    relu: bool,
) -> Vec<(f64, f64)> {
    let View { c, inner, .. } = view;
    let pieces: Vec<(Vec<T>, Vec<T>)> = x
        .par_chunks(view.piece())
        .zip(grad.par_chunks(view.piece()))
        .map(|(x, grad)| {
            let mut sums = (vec![T::zero(); c], vec![T::zero(); c]);
            for (x, grad) in x.chunks_exact(c * inner).zip(grad.chunks_exact(c * inner)) {
                let params = map.scale.iter().zip(&map.shift).zip(means);
                let sums = sums.0.iter_mut().zip(sums.1.iter_mut());
                if inner == 1 {
                    let values = x.iter().zip(grad);
                    for (((s, t), ((a, b), m)), (x, g)) in sums.zip(params).zip(values) {
                        let g = passed(relu, *x, *g, *a, *b);
                        *s += g;
                        *t += g * (*x - *m);
                    }
                } else {
                    let planes = x.chunks_exact(inner).zip(grad.chunks_exact(inner));
                    for (((s, t), ((a, b), m)), (x, grad)) in sums.zip(params).zip(planes) {
                        let mut lanes = ([T::zero(); 16], [T::zero(); 16]);
                        for (x, grad) in x.chunks(16).zip(grad.chunks(16)) {
                            let lanes = lanes.0.iter_mut().zip(lanes.1.iter_mut());
                            for ((s, t), (x, g)) in lanes.zip(x.iter().zip(grad)) {
                                let g = passed(relu, *x, *g, *a, *b);
                                *s += g;
                                *t += g * (*x - *m);
                            }
                        }
                        *s += lanes.0.into_iter().sum();
                        *t += lanes.1.into_iter().sum();
                    }
                }
            }
            sums
        })
        .collect();
    let mut total = vec![(0.0, 0.0); c];
    for (first, second) in &pieces {
        for (t, (a, b)) in total.iter_mut().zip(first.iter().zip(second)) {
            t.0 += a.to_f64();
            t.1 += b.to_f64();
        }
    }
    total
}

/// dx = scale * passed gradient + slope * (x - mean) + offset, per channel.
pub(crate) fn input_gradient<T: Real>(
    view: View,
    x: &[T],
    grad: &[T],
    map: &Affine<T>,
    means: &[T],
    corrections: &Affine<T>,
    relu: bool,
) -> Vec<T> {
    let View { c, inner, .. } = view;
    let mut out = vec![T::zero(); x.len()];
    let pieces = out
        .par_chunks_mut(view.piece())
        .zip(x.par_chunks(view.piece()));
    pieces
        .zip(grad.par_chunks(view.piece()))
        .for_each(|((out, x), grad)| {
            let rows = out
                .chunks_exact_mut(c * inner)
                .zip(x.chunks_exact(c * inner));
            for ((out, x), grad) in rows.zip(grad.chunks_exact(c * inner)) {
                let params = map.scale.iter().zip(&map.shift).zip(means);
                let params = params.zip(corrections.scale.iter().zip(&corrections.shift));
                if inner == 1 {
                    let values = out.iter_mut().zip(x).zip(grad);
                    for (((o, x), g), (((a, b), m), (slope, offset))) in values.zip(params) {
                        *o = passed(relu, *x, *g, *a, *b) * *a + (*x - *m) * *slope + *offset;
                    }
                } else {
                    let planes = out.chunks_exact_mut(inner).zip(x.chunks_exact(inner));
                    let planes = planes.zip(grad.chunks_exact(inner));
                    for (((out, x), grad), (((a, b), m), (slope, offset))) in planes.zip(params) {
                        for ((o, x), g) in out.iter_mut().zip(x).zip(grad) {
                            *o = passed(relu, *x, *g, *a, *b) * *a + (*x - *m) * *slope + *offset;
                        }
                    }
                }
            }
        });
    out
}
