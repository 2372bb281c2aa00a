//! Convolutions of stride 2 and their adjoints by Winograd's minimal filtering.
//!
//! By the parity of its rows and columns a stride-2 convolution is four convolutions of stride 1
//! with half the taps each. Tiles of 2x2 small pixels then need 9 products in place of 16 (4x4
//! kernels) or 49 in place of 100 (5x5). Three kinds of product serve both directions and both
//! gradients, position by position: with V the transform of the big side, Y that of the small side
//! and U the weights,
//! big to small V U, small to big Y U^T, weight gradient V^T Y.

mod plan;
mod points;
mod source;
mod tiles;
mod weights;

pub(crate) use source::{Corrected, Normalised, Plain, Source};

use crate::conv::Geometry;
use crate::panels::{Left, PANEL, Right, product, whole_panels};
use crate::{
    groups::by_groups,
    real::{Real, unfilled},
};
use plan::Plan;
use rayon::prelude::*;

/// Whether these kernels take the geometry.
pub(crate) fn fits(g: &Geometry) -> bool {
    Plan::fits(g)
}

/// M = V U for `rows` tiles.
fn big_to_small<T: Real>(plan: &Plan, rows: usize, v: &[T], u: &[T], m: &mut [T]) {
    let stride = whole_panels(plan.g.o);
    for (p, position) in plan.positions.iter().enumerate() {
        let depth = position.classes.len() * plan.g.c;
        let left = Left { data: &v[position.start * rows..], rows, depth, row_stride: position.stride, depth_stride: 1 };
        let right =
            Right { data: &u[position.weights * plan.g.c * stride..], columns: stride, panel_stride: depth * PANEL, depth_stride: PANEL };
        product(&mut m[p * rows * plan.small_stride..], plan.small_stride, left, right, false);
    }
}

/// V = Y U^T for `rows` tiles.
fn small_to_big<T: Real>(plan: &Plan, rows: usize, y: &[T], u: &[T], v: &mut [T]) {
    let (mut u, depth) = (u, plan.g.o);
    for (p, position) in plan.positions.iter().enumerate() {
        let numbers = weights::outward_numbers(plan, position);
        let left = Left { data: &y[p * rows * plan.small_stride..], rows, depth, row_stride: plan.small_stride, depth_stride: 1 };
        let right = Right { data: u, columns: numbers / depth, panel_stride: depth * PANEL, depth_stride: PANEL };
        product(&mut v[position.start * rows..], position.stride, left, right, false);
        u = &u[numbers..];
    }
}

/// Adds V^T Y of `rows` tiles to the rows `range` of one position's gradient.
#[expect(clippy::too_many_arguments, reason = "two sides, their extent, and where the sum goes")]
fn weight_product<T: Real>(
    plan: &Plan,
    p: usize,
    rows: usize,
    v: &[T],
    y: &[T],
    range: std::ops::Range<usize>,
    sum: &mut [T],
    accumulate: bool,
) {
    let position = &plan.positions[p];
    let stride = whole_panels(plan.g.o);
    let left = Left {
        data: &v[position.start * rows + range.start..],
        rows: range.len(),
        depth: rows,
        row_stride: 1,
        depth_stride: position.stride,
    };
    let right = Right { data: &y[p * rows * plan.small_stride..], columns: stride, panel_stride: PANEL, depth_stride: plan.small_stride };
    product(sum, stride, left, right, accumulate);
}

/// Gives `f` room for both transforms of `count` images.
fn with_transforms<T: Real, R>(plan: &Plan, count: usize, f: impl FnOnce(usize, &mut [T], &mut [T]) -> R) -> R {
    T::with_scratch(plan.numbers() * count, |scratch| {
        let (v, y) = scratch.split_at_mut(plan.tiles() * count * plan.big_numbers);
        f(count, v, y)
    })
}

/// [n, h, w, c] to [n, oh, ow, o], `weight` OIHW; `after` sees every group of finished images (the
/// number of the first beside them), and what it returns comes back in order.
pub(crate) fn convolve<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    big: S,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    let plan = Plan::new(g);
    let u = weights::inward(&plan, weight);
    let per_image = g.oh * g.ow * g.o;
    let fill = |first: usize, out: &mut [T]| {
        with_transforms(&plan, out.len() / per_image, |count, v, m| {
            tiles::transform_big(&plan, big, first, count, v);
            big_to_small(&plan, plan.tiles() * count, v, &u, m);
            tiles::collect_small(&plan, m, count, out);
        });
    };
    by_groups((g.n, per_image, plan.group()), fill, after)
}

/// [n, oh, ow, o] to [n, h, w, c]: the adjoint of [`convolve`].
pub(crate) fn adjoint<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    small: S,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    let plan = Plan::new(g);
    let u = weights::outward(&plan, weight);
    let per_image = g.h * g.w * g.c;
    let fill = |first: usize, out: &mut [T]| {
        with_transforms(&plan, out.len() / per_image, |count, v, y| {
            tiles::transform_small(&plan, small, first, count, y);
            small_to_big(&plan, plan.tiles() * count, y, &u, v);
            out.fill(T::zero());
            tiles::add_big(&plan, v, count, out);
        });
    };
    by_groups((g.n, per_image, plan.group()), fill, after)
}

/// Which side's gradient is wanted beside the weight's, and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Nothing,
    /// The gradient to the big side: `small` is the gradient of a convolution's result.
    Big,
    /// The gradient to the small side: `big` is the gradient of an adjoint's result.
    Small,
}

/// Weight gradients kept once for each of this many shares of the batch, where they are small.
const SHARES: usize = 8;
/// Numbers of weight gradients that all shares may hold together.
const SHARED_NUMBERS: usize = 12 << 20;
/// Numbers of transforms that may be kept until the whole weight gradient has read them.
const KEPT_NUMBERS: usize = 12 << 20;

/// The weight gradient (OIHW), and the gradient to one side, from the numbers of both sides.
pub(crate) fn backward<T: Real, B: Source<T>, S: Source<T>, R: Send>(
    g: &Geometry,
    big: B,
    small: S,
    weight: &[T],
    wanted: Wanted,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<T>, Vec<R>) {
    let plan = Plan::new(g);
    let (u, per_image) = match wanted {
        Wanted::Nothing => (Vec::new(), 0),
        Wanted::Big => (weights::outward(&plan, weight), g.h * g.w * g.c),
        Wanted::Small => (weights::inward(&plan, weight), g.oh * g.ow * g.o),
    };
    let len = plan.weight_numbers();
    let mut out: Vec<T> = unfilled(g.n * per_image);
    // The transforms of `count` images from `first` on, then (`weights` having read them) the other side.
    let group_backward = |first: usize, count: usize, v: &mut [T], y: &mut [T], out: &mut [T], weights: &mut dyn FnMut(&[T], &[T])| {
        let rows = plan.tiles() * count;
        tiles::transform_big(&plan, big, first, count, v);
        tiles::transform_small(&plan, small, first, count, y);
        weights(v, y);
        match wanted {
            Wanted::Nothing => {}
            Wanted::Big => {
                small_to_big(&plan, rows, y, &u, v);
                out.fill(T::zero());
                tiles::add_big(&plan, v, count, out);
            }
            Wanted::Small => {
                big_to_small(&plan, rows, v, &u, y);
                tiles::collect_small(&plan, y, count, out);
            }
        }
        after(first, out)
    };
    let mut sums;
    let mut results = Vec::new();
    if SHARES * len <= SHARED_NUMBERS {
        let share = g.n.div_ceil(SHARES);
        // Each share's first product writes all of it.
        sums = unfilled(g.n.div_ceil(share) * len);
        let outs = pieces(&mut out, share * per_image, g.n.div_ceil(share));
        let parts: Vec<Vec<R>> = sums
            .par_chunks_mut(len)
            .zip(outs)
            .enumerate()
            .map(|(i, (sum, out))| {
                let (first, end) = (i * share, ((i + 1) * share).min(g.n));
                let group = plan.group().min(share);
                let mut results = Vec::new();
                let mut rest = out;
                for start in (first..end).step_by(group) {
                    let count = group.min(end - start);
                    let (out, later) = std::mem::take(&mut rest).split_at_mut(count * per_image);
                    rest = later;
                    let mut weights = |v: &[T], y: &[T]| add_weights(&plan, plan.tiles() * count, v, y, sum, start > first);
                    results.push(with_transforms(&plan, count, |count, v, y| group_backward(start, count, v, y, out, &mut weights)));
                }
                results
            })
            .collect();
        results.extend(parts.into_iter().flatten());
        let (total, others) = sums.split_at_mut(len);
        total.par_chunks_mut(1 << 14).enumerate().for_each(|(i, total)| {
            for other in others.chunks_exact(len) {
                for (t, v) in total.iter_mut().zip(&other[i << 14..]) {
                    *t += *v;
                }
            }
        });
    } else {
        // One sum, shared among tasks by its rows; the transforms of a chunk of images stay until
        // all rows have read them.
        sums = unfilled(len);
        let chunk = g.n.div_ceil(4).max(KEPT_NUMBERS / plan.numbers().max(1)).min(g.n);
        let group = chunk.div_ceil(4).max(plan.least_group()).min(chunk);
        let mut rest = &mut out[..];
        for first in (0..g.n).step_by(chunk) {
            let chunk = chunk.min(g.n - first);
            let (out, later) = std::mem::take(&mut rest).split_at_mut(chunk * per_image);
            rest = later;
            let groups = chunk.div_ceil(group);
            let outs = pieces(out, group * per_image, groups);
            let parts: Vec<(R, Vec<T>, Vec<T>)> = outs
                .into_par_iter()
                .enumerate()
                .map(|(i, out)| {
                    let count = group.min(chunk - i * group);
                    let rows = plan.tiles() * count;
                    let mut v = unfilled(rows * plan.big_numbers);
                    let mut y = unfilled(rows * plan.positions.len() * plan.small_stride);
                    let first = first + i * group;
                    tiles::transform_big(&plan, big, first, count, &mut v);
                    tiles::transform_small(&plan, small, first, count, &mut y);
                    match wanted {
                        Wanted::Nothing => {}
                        Wanted::Big => T::with_scratch(v.len(), |product| {
                            small_to_big(&plan, rows, &y, &u, product);
                            out.fill(T::zero());
                            tiles::add_big(&plan, product, count, out);
                        }),
                        Wanted::Small => T::with_scratch(y.len(), |product| {
                            big_to_small(&plan, rows, &v, &u, product);
                            tiles::collect_small(&plan, product, count, out);
                        }),
                    }
                    (after(first, out), v, y)
                })
                .collect();
            let (ends, transforms): (Vec<R>, Vec<_>) = parts.into_iter().map(|(end, v, y)| (end, (v, y))).unzip();
            results.extend(ends);
            let stride = whole_panels(g.o);
            let mut blocks = Vec::new();
            let mut rest = &mut sums[..];
            for (p, position) in plan.positions.iter().enumerate() {
                let depth = position.classes.len() * g.c;
                // Few enough rows to stay in cache while all groups add to them.
                let few = ((1 << 16) / stride).clamp(14, depth);
                for start in (0..depth).step_by(few) {
                    let end = (start + few).min(depth);
                    let (block, later) = std::mem::take(&mut rest).split_at_mut((end - start) * stride);
                    rest = later;
                    blocks.push((p, start..end, block));
                }
            }
            blocks.into_par_iter().for_each(|(p, range, block)| {
                for (i, (v, y)) in transforms.iter().enumerate() {
                    let rows = v.len() / plan.big_numbers;
                    weight_product(&plan, p, rows, v, y, range.clone(), block, first > 0 || i > 0);
                }
            });
        }
    }
    (weights::gradient(&plan, &sums[..len]), out, results)
}

/// `count` pieces of `size` numbers, the last one shorter; all empty where there is nothing to cut.
fn pieces<T>(mut out: &mut [T], size: usize, count: usize) -> Vec<&mut [T]> {
    (0..count)
        .map(|_| {
            let size = size.min(out.len());
            let (piece, rest) = std::mem::take(&mut out).split_at_mut(size);
            out = rest;
            piece
        })
        .collect()
}

/// Adds V^T Y to the gradients of all positions.
fn add_weights<T: Real>(plan: &Plan, rows: usize, v: &[T], y: &[T], sum: &mut [T], accumulate: bool) {
    let stride = whole_panels(plan.g.o);
    for (p, position) in plan.positions.iter().enumerate() {
        let depth = position.classes.len() * plan.g.c;
        let sum = &mut sum[position.weights * plan.g.c * stride..][..depth * stride];
        weight_product(plan, p, rows, v, y, 0..depth, sum, accumulate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{direct_adjoint, direct_convolve, direct_weight_gradient};

    fn numbers(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 37 + i / 7 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    fn difference(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn agrees_with_the_direct_kernels() {
        let nothing = |_: usize, _: &mut [f64]| ();
        for (n, h, w, kh, kw, c, o) in [
            (3, 7, 7, 4, 4, 8, 9),
            (2, 8, 6, 5, 5, 17, 8),
            (9, 4, 5, 4, 5, 16, 33),
            (1, 2, 2, 6, 4, 8, 16),
            (2, 1, 3, 5, 4, 9, 8),
            (9, 2, 3, 4, 4, 128, 352),
        ] {
            let (oh, ow) = (usize::div_ceil(h, 2), usize::div_ceil(w, 2));
            let (top, left) = (crate::conv::same_padding(h, kh, 2).0, crate::conv::same_padding(w, kw, 2).0);
            let g = Geometry { n, h, w, c, oh, ow, o, kh, kw, sh: 2, sw: 2, top, left };
            assert!(fits(&g));
            let (big, small, weight) = (numbers(g.big_len(), 1), numbers(g.small_len(), 2), numbers(o * c * kh * kw, 3));
            let convolved = direct_convolve(&g, &big, &weight, None);
            assert!(difference(&convolve(&g, Plain(&big), &weight, nothing).0, &convolved) < 1e-11);
            let spread = direct_adjoint(&g, &small, &weight, None);
            assert!(difference(&adjoint(&g, Plain(&small), &weight, nothing).0, &spread) < 1e-11);
            let gradient = direct_weight_gradient(&g, &big, &small);
            for (wanted, expected) in [(Wanted::Nothing, &vec![]), (Wanted::Big, &spread), (Wanted::Small, &convolved)] {
                let (dw, out, _) = backward(&g, Plain(&big), Plain(&small), &weight, wanted, nothing);
                assert!(difference(&dw, &gradient) < 1e-10);
                assert!(difference(&out, expected) < 1e-11);
            }
        }
    }
}
