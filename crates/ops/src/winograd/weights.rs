//! Weights to the positions and their gradient back.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use super::plan::{Plan, Position};
use super::points::share;
use crate::panels::{PANEL, whole_panels};
use crate::real::{Real, unfilled};
use crate::simd::vectorised;
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

/// Sixteen numbers at a time, and one by one at the end.
const LANES: usize = 16;

/// The sum of `weight * from[start + offset..]` over `parts` (offset, weight).
#[inline(always)]
fn mix_run<T: Real>(out: &mut [T], from: &[T], start: usize, parts: &[(usize, T)]) {
    let mut at = 0;
    while at < out.len() {
        if at + LANES <= out.len() {
            let mut sum = [T::zero(); LANES];
            for (offset, weight) in parts {
                for (s, v) in sum.iter_mut().zip(&from[start + offset + at..][..LANES]) {
                    *s += *weight * *v;
                }
            }
            out[at..at + LANES].copy_from_slice(&sum);
            at += LANES;
        } else {
            let mut sum = T::zero();
            for (offset, weight) in parts {
                sum += *weight * from[start + offset + at];
            }
            out[at] = sum;
            at += 1;
        }
    }
}

/// OIHW to [c, tap, o]: whole lines of taps are read, and rows of o written.
fn by_channel<T: Real>(plan: &Plan, weight: &[T]) -> Vec<T> {
    let (g, taps) = (&plan.g, plan.g.kh * plan.g.kw);
    let mut out = unfilled(weight.len());
    out.par_chunks_mut(taps * g.o).enumerate().for_each(|(c, out)| {
        for o in 0..g.o {
            let line = &weight[(o * g.c + c) * taps..][..taps];
            for (v, row) in line.iter().zip(out.chunks_exact_mut(g.o)) {
                row[o] = *v;
            }
        }
    });
    out
}

/// OIHW to [position][panel of o][class, c]`[32]`, the right side of big to small.
pub(super) fn inward<T: Real>(plan: &Plan, weight: &[T]) -> Vec<T> {
    let g = &plan.g;
    let packed = by_channel(plan, weight);
    let mut out = unfilled(plan.weight_numbers());
    let pieces = by_position(plan, &mut out, |p| p.classes.len() * g.c * whole_panels(g.o));
    pieces.into_par_iter().for_each(|(p, position, out)| {
        let depth = position.classes.len() * g.c;
        let mixes: Vec<Vec<(usize, T)>> = position
            .classes
            .iter()
            .map(|class| mix(plan, p, *class).into_iter().map(|(tap, weight)| (tap * g.o, weight)).collect())
            .collect();
        out.par_chunks_mut(depth * PANEL).enumerate().for_each(|(panel, out)| {
            inward_panel(plan, &packed, &mixes, panel, out);
        });
    });
    out
}

vectorised! {
fn inward_panel<T: Real>(plan: &Plan, packed: &[T], mixes: &[Vec<(usize, T)>], panel: usize, out: &mut [T]) {
    let g = &plan.g;
    let width = PANEL.min(g.o - panel * PANEL);
    for (k, out) in out.chunks_exact_mut(PANEL).enumerate() {
        let (out, rest) = out.split_at_mut(width);
        let start = k % g.c * g.kh * g.kw * g.o + panel * PANEL;
        mix_run(out, packed, start, &mixes[k / g.c]);
        rest.fill(T::zero());
    }
}
}

/// Numbers of one position's weights in [`outward`].
pub(super) fn outward_numbers(plan: &Plan, position: &Position) -> usize {
    whole_panels(position.classes.len() * plan.g.c) * plan.g.o
}

/// OIHW to [position][panel of class, c][o]`[32]`, the right side of small to big.
pub(super) fn outward<T: Real>(plan: &Plan, weight: &[T]) -> Vec<T> {
    let g = &plan.g;
    let taps = g.kh * g.kw;
    // [o, tap, c]
    let mut packed = unfilled(weight.len());
    packed.par_chunks_mut(taps * g.c).zip(weight.par_chunks(taps * g.c)).for_each(|(out, weight)| {
        for (c, line) in weight.chunks_exact(taps).enumerate() {
            for (v, row) in line.iter().zip(out.chunks_exact_mut(g.c)) {
                row[c] = *v;
            }
        }
    });
    let numbers = plan.positions.iter().map(|p| outward_numbers(plan, p)).sum();
    let mut out = unfilled(numbers);
    let pieces = by_position(plan, &mut out, |p| outward_numbers(plan, p));
    pieces.into_par_iter().for_each(|(p, position, out)| {
        let mixes: Vec<Vec<(usize, T)>> = position
            .classes
            .iter()
            .map(|class| mix(plan, p, *class).into_iter().map(|(tap, weight)| (tap * g.c, weight)).collect())
            .collect();
        out.par_chunks_mut(g.o * PANEL).enumerate().for_each(|(panel, out)| {
            outward_panel(plan, &packed, &mixes, panel, out);
        });
    });
    out
}

vectorised! {
fn outward_panel<T: Real>(plan: &Plan, packed: &[T], mixes: &[Vec<(usize, T)>], panel: usize, out: &mut [T]) {
    let g = &plan.g;
    let end = (mixes.len() * g.c).min((panel + 1) * PANEL);
    let mut column = panel * PANEL;
    while column < end {
        // A run of one class's channels inside the panel.
        let (class, c) = (column / g.c, column % g.c);
        let run = (g.c - c).min(end - column);
        for (o, out) in out.chunks_exact_mut(PANEL).enumerate() {
            let start = o * g.kh * g.kw * g.c + c;
            mix_run(&mut out[column % PANEL..][..run], packed, start, &mixes[class]);
        }
        column += run;
    }
    let used = end - panel * PANEL;
    if used < PANEL {
        out.chunks_exact_mut(PANEL).for_each(|out| out[used..].fill(T::zero()));
    }
}
}

/// The gradient [position][class, c][o in whole panels] to OIHW.
pub(super) fn gradient<T: Real>(plan: &Plan, sums: &[T]) -> Vec<T> {
    let (g, taps) = (&plan.g, plan.g.kh * plan.g.kw);
    let stride = whole_panels(g.o);
    let parts: Vec<Vec<(usize, T)>> = (0..taps)
        .map(|tap| {
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
            parts
        })
        .collect();
    // [c, tap, o]
    let mut mixed = unfilled(taps * g.c * g.o);
    mixed.par_chunks_mut(taps * g.o).enumerate().for_each(|(c, out)| {
        gradient_channel(&parts, sums, c * stride, g.o, out);
    });
    let mut out = unfilled(mixed.len());
    out.par_chunks_mut(LANES * g.c * taps).enumerate().for_each(|(block, out)| {
        let count = out.len() / (g.c * taps);
        for c in 0..g.c {
            for tap in 0..taps {
                let row = &mixed[(c * taps + tap) * g.o + block * LANES..][..count];
                for (o, v) in row.iter().enumerate() {
                    out[(o * g.c + c) * taps + tap] = *v;
                }
            }
        }
    });
    out
}

vectorised! {
fn gradient_channel<T: Real>(parts: &[Vec<(usize, T)>], sums: &[T], start: usize, o: usize, out: &mut [T]) {
    for (parts, out) in parts.iter().zip(out.chunks_exact_mut(o)) {
        mix_run(out, sums, start, parts);
    }
}
}
