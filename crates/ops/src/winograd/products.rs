//! The products of transforms, position by position.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use super::plan::Plan;
use super::towards::Towards;
use super::weights::{Weights, shares};
use crate::panels::{HALF, Left, Out, PANEL, Right, product, whole_panels};
use crate::parallel::each;
use crate::real::Real;
use crate::simd::vectorised;
use std::ops::Range;

/// Panels of one position, `from` and `to` the transforms of `count` images; `to` starts at the first panel.
fn multiply<T: Real>(
    plan: &Plan,
    towards: Towards,
    (p, panels): (usize, Range<usize>),
    count: usize,
    from: &[T],
    weights: &[T],
    to: &mut [T],
) {
    let position = &plan.positions[p];
    let (rows, depth) = (position.rows * count, towards.depth(plan, position));
    let (start, _) = towards.order(position.big, position.small);
    let left = Left::panels(&from[start * count..], rows, depth, rows);
    let columns = (towards.columns(plan, position) - panels.start * PANEL).min(panels.len() * PANEL);
    let right = Right { data: weights, columns, panel_stride: depth * PANEL, depth_stride: PANEL };
    product(Out::panels(to, rows), left, right, false);
}

/// All positions of one group's transforms, with kept weights.
pub(super) fn multiply_all<T: Real>(plan: &Plan, towards: Towards, count: usize, from: &[T], weights: &Weights<'_, T>, to: &mut [T]) {
    for (p, position) in plan.positions.iter().enumerate() {
        let panels = 0..towards.panels(plan, position);
        let (_, start) = towards.order(position.big, position.small);
        multiply(plan, towards, (p, panels.clone()), count, from, weights.panels(p, panels, &mut []), &mut to[start * count..]);
    }
}

/// Panels of weights that are made at a time, of the deepest a second-level cache.
const TOGETHER: usize = 8;

/// A few panels of one position, and where they go in each group.
struct Task<'a, T> {
    p: usize,
    panels: Range<usize>,
    outs: Vec<&'a mut [T]>,
}

/// All positions of several groups of images (how many beside each), so that a panel of weights is made once for all of
/// them; each group of `to` is overwritten.
pub(super) fn multiply_groups<T: Real>(
    plan: &Plan,
    towards: Towards,
    counts: &[usize],
    from: &[Vec<T>],
    weights: &Weights<'_, T>,
    to: &mut [Vec<T>],
) {
    let mut rests: Vec<&mut [T]> = to.iter_mut().map(|to| &mut to[..]).collect();
    let mut tasks = Vec::new();
    for (p, position) in plan.positions.iter().enumerate() {
        let all = towards.panels(plan, position);
        for first in (0..all).step_by(TOGETHER) {
            let panels = first..(first + TOGETHER).min(all);
            let mut outs = Vec::with_capacity(counts.len());
            for (rest, count) in rests.iter_mut().zip(counts) {
                let (piece, later) = std::mem::take(rest).split_at_mut(panels.len() * position.panel(*count));
                *rest = later;
                outs.push(piece);
            }
            tasks.push(Task { p, panels, outs });
        }
    }
    each(tasks, |Task { p, panels, outs }| {
        T::with_scratch(weights.room(p, panels.len()), |room| {
            let right = weights.panels(p, panels.clone(), room);
            for ((out, from), count) in outs.into_iter().zip(from).zip(counts) {
                multiply(plan, towards, (p, panels.clone()), *count, from, right, out);
            }
        });
    });
}

/// Adds V^T Y of one group to the gradients of all positions, [position][class, c][o in whole panels].
pub(super) fn add_weights<T: Real>(plan: &Plan, count: usize, v: &[T], y: &[T], sum: &mut [T], accumulate: bool) {
    let stride = whole_panels(plan.g.o);
    for position in &plan.positions {
        let channels = position.classes.len() * plan.g.c;
        let rows = position.rows * count;
        let y = &y[position.small * count..];
        let right = Right { data: y, columns: plan.small_columns(), panel_stride: rows * PANEL, depth_stride: PANEL };
        let sum = &mut sum[position.weights * plan.g.c * stride..][..channels * stride];
        for (panel, sum) in sum.chunks_mut(PANEL * stride).enumerate() {
            let v = &v[position.big * count + panel * position.panel(count)..];
            let left = Left::plain(v, (sum.len() / stride, rows), 1, PANEL);
            product(Out::rows(sum, stride), left, right, accumulate);
        }
    }
}

/// Columns of o that one task of [`add_taps`] takes: its taps and its products stay in a second-level cache.
pub(super) const WIDTH: usize = 256;

/// Adds V^T Y of several groups to the gradient of the taps, [block of o][c][tap][o] with `WIDTH` of o in a block.
pub(super) fn add_taps<T: Real>(plan: &Plan, counts: &[usize], v: &[Vec<T>], y: &[Vec<T>], mixed: &mut [T], accumulate: bool) {
    let (g, taps) = (&plan.g, plan.g.kh * plan.g.kw);
    let mut tasks = Vec::new();
    let mut rest = mixed;
    for first in (0..g.o).step_by(WIDTH) {
        for panel in 0..g.c / PANEL {
            let (piece, later) = std::mem::take(&mut rest).split_at_mut(PANEL * taps * WIDTH.min(g.o - first));
            rest = later;
            tasks.push((first, panel, piece));
        }
    }
    each(tasks, |(first, panel, out)| {
        if !accumulate {
            out.fill(T::zero());
        }
        let width = out.len() / (PANEL * taps);
        T::with_scratch(PANEL * WIDTH, |product_of_all| {
            for (p, position) in plan.positions.iter().enumerate() {
                for (block, class) in position.classes.iter().enumerate() {
                    for (group, count) in counts.iter().enumerate() {
                        let rows = position.rows * count;
                        let v = &v[group][position.big * count + (block * g.c / PANEL + panel) * position.panel(*count)..];
                        let left = Left::plain(v, (PANEL, rows), 1, PANEL);
                        let data = &y[group][position.small * count + first / PANEL * position.panel(*count)..];
                        let columns = width.min(plan.small_columns() - first).next_multiple_of(HALF);
                        let right = Right { data, columns, panel_stride: rows * PANEL, depth_stride: PANEL };
                        product(Out::rows(product_of_all, WIDTH), left, right, group > 0);
                    }
                    add_shares(&shares(plan, p, *class), product_of_all, (taps, width), out);
                }
            }
        });
    });
}

vectorised! {
/// Adds rows of a position's product, `WIDTH` apart, to the taps [c][tap][o] that they belong to.
fn add_shares<T: Real>(shares: &[(usize, T)], product: &[T], extent: (usize, usize), out: &mut [T]) {
    let (taps, width) = extent;
    for (row, out) in product.chunks_exact(WIDTH).zip(out.chunks_exact_mut(taps * width)) {
        for (tap, share) in shares {
            for (o, v) in out[tap * width..][..width].iter_mut().zip(row) {
                *o += *share * *v;
            }
        }
    }
}
}
