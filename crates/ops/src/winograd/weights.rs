//! Weights to the positions and their gradient back.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use super::plan::Plan;
use super::points::share;
use super::towards::Towards;
use crate::panels::{PANEL, whole_panels};
use crate::parallel::each;
use crate::real::{Real, unfilled};
use crate::simd::vectorised;
use crate::transpose::{Rows, transpose};
use std::ops::Range;

/// The right sides of one kind of product: panels of 32 columns, depth by depth.
pub(super) struct Weights<'a, T> {
    plan: &'a Plan,
    towards: Towards,
    /// Towards the small side [panel of o][c][tap]`[32]`, else [panel of c][o][tap]`[32]`.
    packed: Vec<T>,
    /// Where each position starts in the panels of all, and these; none where they are too many.
    kept: Option<(Vec<usize>, Vec<T>)>,
}

impl<'a, T: Real> Weights<'a, T> {
    pub(super) fn new(plan: &'a Plan, towards: Towards, weight: &[T]) -> Self {
        let packed = match towards {
            Towards::Small => pack_small(plan, weight),
            Towards::Big => pack_big(plan, weight),
        };
        let mut weights = Self { plan, towards, packed, kept: None };
        if !plan.wide() {
            let elements: Vec<usize> = plan.positions.iter().map(|p| towards.elements(plan, p)).collect();
            let starts = elements.iter().scan(0, |sum, n| Some(std::mem::replace(sum, *sum + n))).collect();
            let mut all = unfilled(elements.iter().sum());
            let mut pieces = Vec::with_capacity(elements.len());
            let mut rest = &mut all[..];
            for (p, n) in elements.iter().enumerate() {
                let (piece, later) = std::mem::take(&mut rest).split_at_mut(*n);
                rest = later;
                pieces.push((p, piece));
            }
            each(pieces, |(p, piece)| weights.fill(p, 0, piece));
            weights.packed = Vec::new();
            weights.kept = Some((starts, all));
        }
        weights
    }

    /// Elements that [`Weights::panels`] needs room for.
    pub(super) fn room(&self, p: usize, panels: usize) -> usize {
        if self.kept.is_some() { 0 } else { panels * self.towards.depth(self.plan, &self.plan.positions[p]) * PANEL }
    }

    /// Some panels of a position, made in `room` unless they are kept.
    pub(super) fn panels<'b>(&'b self, p: usize, panels: Range<usize>, room: &'b mut [T]) -> &'b [T] {
        let size = self.towards.depth(self.plan, &self.plan.positions[p]) * PANEL;
        if let Some((starts, all)) = &self.kept {
            return &all[starts[p] + panels.start * size..][..panels.len() * size];
        }
        let room = &mut room[..panels.len() * size];
        self.fill(p, panels.start, room);
        room
    }

    /// Writes whole panels from number `first` on.
    fn fill(&self, p: usize, first: usize, out: &mut [T]) {
        let plan = self.plan;
        let mixes: Vec<_> = plan.positions[p].classes.iter().map(|class| mix(plan, p, *class)).collect();
        let depth = self.towards.depth(plan, &plan.positions[p]);
        for (i, out) in out.chunks_exact_mut(depth * PANEL).enumerate() {
            match self.towards {
                Towards::Small => small_panel(plan, &self.packed, &mixes, first + i, out),
                Towards::Big => big_panel(plan, &self.packed, &mixes, first + i, out),
            }
        }
    }
}

/// The taps of a class that a position mixes: (offset of the tap's line of 32, its share).
fn mix<T: Real>(plan: &Plan, p: usize, (a, b): (usize, usize)) -> Vec<(usize, T)> {
    let (i, j) = (p / plan.x.positions(), p % plan.x.positions());
    let (ra, rb) = (plan.y.taps[a], plan.x.taps[b]);
    let mut out = Vec::with_capacity(9);
    for ky in 0..ra {
        for kx in 0..rb {
            let weight = share(ra, i, ky) * share(rb, j, kx);
            if weight != 0.0 {
                out.push((((2 * ky + a) * plan.g.kw + 2 * kx + b) * PANEL, T::from_f64(weight)));
            }
        }
    }
    out
}

/// Sixteen elements at a time, and one by one at the end.
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

/// OIHW to [panel of o][c][tap]`[32]`.
fn pack_small<T: Real>(plan: &Plan, weight: &[T]) -> Vec<T> {
    let (g, taps) = (&plan.g, plan.g.kh * plan.g.kw);
    let mut out = unfilled(whole_panels(g.o) * g.c * taps);
    each(out.chunks_mut(taps * PANEL).enumerate(), |(i, out)| {
        let (first, c) = (i / g.c * PANEL, i % g.c);
        let width = PANEL.min(g.o - first);
        if width < PANEL {
            out.fill(T::zero());
        }
        let lines = Rows { data: &weight[(first * g.c + c) * taps..], stride: g.c * taps };
        transpose(lines, (width, taps), out, PANEL);
    });
    out
}

/// OIHW to [panel of c][o][tap]`[32]`.
fn pack_big<T: Real>(plan: &Plan, weight: &[T]) -> Vec<T> {
    let (g, taps) = (&plan.g, plan.g.kh * plan.g.kw);
    let mut out = unfilled(whole_panels(g.c) * g.o * taps);
    each(out.chunks_mut(taps * PANEL).enumerate(), |(i, out)| {
        let (first, o) = (i / g.o * PANEL, i % g.o);
        let width = PANEL.min(g.c - first);
        if width < PANEL {
            out.fill(T::zero());
        }
        let lines = Rows { data: &weight[(o * g.c + first) * taps..], stride: taps };
        transpose(lines, (width, taps), out, PANEL);
    });
    out
}

vectorised! {
fn small_panel<T: Real>(plan: &Plan, packed: &[T], mixes: &[Vec<(usize, T)>], panel: usize, out: &mut [T]) {
    let (c, line) = (plan.g.c, plan.g.kh * plan.g.kw * PANEL);
    for (k, out) in out.chunks_exact_mut(PANEL).enumerate() {
        mix_run(out, packed, (panel * c + k % c) * line, &mixes[k / c]);
    }
}
}

vectorised! {
fn big_panel<T: Real>(plan: &Plan, packed: &[T], mixes: &[Vec<(usize, T)>], panel: usize, out: &mut [T]) {
    let (g, line) = (&plan.g, plan.g.kh * plan.g.kw * PANEL);
    let end = (mixes.len() * g.c).min((panel + 1) * PANEL);
    let mut column = panel * PANEL;
    while column < end {
        // A run of one class's channels inside both panels.
        let (class, c) = (column / g.c, column % g.c);
        let run = (g.c - c).min(end - column).min(PANEL - c % PANEL);
        for (o, out) in out.chunks_exact_mut(PANEL).enumerate() {
            let start = (c / PANEL * g.o + o) * line + c % PANEL;
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

/// How a position's gradient goes to the taps of a class: (tap, its share).
pub(super) fn shares<T: Real>(plan: &Plan, p: usize, class: (usize, usize)) -> Vec<(usize, T)> {
    mix(plan, p, class).into_iter().map(|(offset, share)| (offset / PANEL, share)).collect()
}

/// The gradient [position][class, c][o in whole panels] to OIHW.
pub(super) fn gradient<T: Real>(plan: &Plan, sums: &[T]) -> Vec<T> {
    let (g, taps) = (&plan.g, plan.g.kh * plan.g.kw);
    let stride = whole_panels(g.o);
    let mut parts: Vec<Vec<(usize, T)>> = vec![Vec::with_capacity(POSITIONS_OF_A_TAP); taps];
    for (p, position) in plan.positions.iter().enumerate() {
        for (block, class) in position.classes.iter().enumerate() {
            for (tap, share) in shares(plan, p, *class) {
                parts[tap].push(((position.weights + block) * g.c * stride, share));
            }
        }
    }
    // [c, tap, o]
    let mut mixed = unfilled(taps * g.c * g.o);
    each(mixed.chunks_mut(taps * g.o).enumerate(), |(c, out)| {
        gradient_channel(&parts, sums, c * stride, g.o, out);
    });
    unmix(plan, &mixed, g.o.max(1))
}

const POSITIONS_OF_A_TAP: usize = 25;

vectorised! {
fn gradient_channel<T: Real>(parts: &[Vec<(usize, T)>], sums: &[T], start: usize, o: usize, out: &mut [T]) {
    for (parts, out) in parts.iter().zip(out.chunks_exact_mut(o)) {
        mix_run(out, sums, start, parts);
    }
}
}

/// [block of o][c][tap][o], `width` of o in a block, to OIHW.
pub(super) fn unmix<T: Real>(plan: &Plan, mixed: &[T], width: usize) -> Vec<T> {
    let (g, taps) = (&plan.g, plan.g.kh * plan.g.kw);
    let mut out = unfilled(mixed.len());
    each(out.chunks_mut(LANES * g.c * taps).enumerate(), |(block, out)| {
        let count = out.len() / (g.c * taps);
        let first = block * LANES;
        // Blocks are whole numbers of lanes wide, all but the last.
        let start = first / width * width;
        let rows = Rows { data: &mixed[start * g.c * taps + first - start..], stride: width.min(g.o - start) };
        transpose(rows, (g.c * taps, count), out, g.c * taps);
    });
    out
}
