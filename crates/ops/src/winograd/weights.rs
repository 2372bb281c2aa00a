//! Weights to the positions and their gradient back.

use super::plan::{Plan, Position};
use super::points::share;
use crate::conv::{pack, unpack};
use crate::panels::{PANEL, whole_panels};
use crate::real::{Real, unfilled};
use rayon::prelude::*;

/// The taps of a class that a position mixes: (flat tap, its share).
fn mix<T: Real>(plan: &Plan, p: usize, (a, b): (usize, usize)) -> Vec<(usize, T)> {
    let (i, j) = (p / plan.x.positions(), p % plan.x.positions());
    let (ra, rb) = (plan.y.taps[a], plan.x.taps[b]);
    let mut out = Vec::with_capacity(9);
    for ky in 0..ra {
        for kx in 0..rb {
            let weight = share(ra, i, ky) * share(rb, j, kx);
            if weight != 0.0 {
                out.push(((2 * ky + a) * plan.g.kw + 2 * kx + b, T::from_f64(weight)));
            }
        }
    }
    out
}

/// Cuts `out` into one piece a position.
fn by_position<'a, T: Real>(
    plan: &'a Plan,
    mut out: &'a mut [T],
    numbers: impl Fn(&Position) -> usize,
) -> Vec<(usize, &'a Position, &'a mut [T])> {
    let mut pieces = Vec::with_capacity(plan.positions.len());
    for (p, position) in plan.positions.iter().enumerate() {
        let (piece, rest) = std::mem::take(&mut out).split_at_mut(numbers(position));
        pieces.push((p, position, piece));
        out = rest;
    }
    pieces
}

fn add_run<T: Real>(out: &mut [T], from: &[T], weight: T, first: bool) {
    if first {
        for (o, v) in out.iter_mut().zip(from) {
            *o = weight * *v;
        }
    } else {
        for (o, v) in out.iter_mut().zip(from) {
            *o += weight * *v;
        }
    }
}

/// OIHW to [position][panel of o][class, c][32], the right side of big to small.
pub(super) fn inward<T: Real>(plan: &Plan, weight: &[T]) -> Vec<T> {
    let g = &plan.g;
    // [tap, c, o]
    let packed = pack(g, weight);
    let mut out = unfilled(plan.weight_numbers());
    let pieces = by_position(plan, &mut out, |p| p.classes.len() * g.c * whole_panels(g.o));
    pieces.into_par_iter().for_each(|(p, position, out)| {
        let depth = position.classes.len() * g.c;
        let mixes: Vec<_> = position.classes.iter().map(|class| mix::<T>(plan, p, *class)).collect();
        out.par_chunks_mut(depth * PANEL).enumerate().for_each(|(panel, out)| {
            let width = PANEL.min(g.o - panel * PANEL);
            for (k, out) in out.chunks_exact_mut(PANEL).enumerate() {
                let (out, rest) = out.split_at_mut(width);
                for (n, (tap, weight)) in mixes[k / g.c].iter().enumerate() {
                    let from = &packed[(tap * g.c + k % g.c) * g.o + panel * PANEL..][..width];
                    add_run(out, from, *weight, n == 0);
                }
                rest.fill(T::zero());
            }
        });
    });
    out
}

/// Numbers of one position's weights in [`outward`].
pub(super) fn outward_numbers(plan: &Plan, position: &Position) -> usize {
    whole_panels(position.classes.len() * plan.g.c) * plan.g.o
}

/// OIHW to [position][panel of class, c][o][32], the right side of small to big.
pub(super) fn outward<T: Real>(plan: &Plan, weight: &[T]) -> Vec<T> {
    let g = &plan.g;
    let taps = g.kh * g.kw;
    // [tap, o, c]
    let mut packed = unfilled(weight.len());
    packed.par_chunks_mut(g.o * g.c).enumerate().for_each(|(tap, out)| {
        for (v, weight) in out.iter_mut().zip(weight.chunks_exact(taps)) {
            *v = weight[tap];
        }
    });
    let numbers = plan.positions.iter().map(|p| outward_numbers(plan, p)).sum();
    let mut out = unfilled(numbers);
    let pieces = by_position(plan, &mut out, |p| outward_numbers(plan, p));
    pieces.into_par_iter().for_each(|(p, position, out)| {
        let columns = position.classes.len() * g.c;
        let mixes: Vec<_> = position.classes.iter().map(|class| mix::<T>(plan, p, *class)).collect();
        out.par_chunks_mut(g.o * PANEL).enumerate().for_each(|(panel, out)| {
            let end = columns.min((panel + 1) * PANEL);
            let mut column = panel * PANEL;
            while column < end {
                // A run of one class's channels inside the panel.
                let (class, c) = (column / g.c, column % g.c);
                let run = (g.c - c).min(end - column);
                for (o, out) in out.chunks_exact_mut(PANEL).enumerate() {
                    let out = &mut out[column % PANEL..][..run];
                    for (n, (tap, weight)) in mixes[class].iter().enumerate() {
                        let from = &packed[(tap * g.o + o) * g.c + c..][..run];
                        add_run(out, from, *weight, n == 0);
                    }
                }
                column += run;
            }
            let used = end - panel * PANEL;
            if used < PANEL {
                out.chunks_exact_mut(PANEL).for_each(|out| out[used..].fill(T::zero()));
            }
        });
    });
    out
}

/// The gradient [position][class, c][o in whole panels] to OIHW.
pub(super) fn gradient<T: Real>(plan: &Plan, sums: &[T]) -> Vec<T> {
    let g = &plan.g;
    let stride = whole_panels(g.o);
    let mut out = unfilled(g.kh * g.kw * g.c * g.o);
    out.par_chunks_mut(g.c * g.o).enumerate().for_each(|(tap, out)| {
        let (ky, kx) = (tap / g.kw, tap % g.kw);
        let class = (ky % 2, kx % 2);
        let (ra, rb) = (plan.y.taps[class.0], plan.x.taps[class.1]);
        let mut parts = Vec::with_capacity(9);
        for i in 0..plan.y.positions() {
            for j in 0..plan.x.positions() {
                let weight = share(ra, i, ky / 2) * share(rb, j, kx / 2);
                if let Some((position, block)) = plan.block(class, (i, j)).filter(|_| weight != 0.0) {
                    parts.push(((position.weights + block) * g.c * stride, T::from_f64(weight)));
                }
            }
        }
        for (c, out) in out.chunks_exact_mut(g.o).enumerate() {
            for (n, (start, weight)) in parts.iter().enumerate() {
                add_run(out, &sums[start + c * stride..][..g.o], *weight, n == 0);
            }
        }
    });
    unpack(g, &out)
}
