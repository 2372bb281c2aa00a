//! Images to transformed tiles and back, a vector of channels at a time.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]
#![expect(clippy::needless_range_loop, reason = "indices of a tile name points in several arrays at once")]

use super::ahead::Ahead;
use super::plan::{LARGEST, POINTS, Plan};
use super::points::{Line, collect, data, data_adjoint, spread, zero};
use crate::panels::{PANEL, whole_panels};
use crate::real::Real;
use crate::simd::vectorised;
use crate::source::Source;

/// Runs `$body` with `$n` channels at a time, as many as divide `$channels`: none crosses a panel's edge.
macro_rules! by_lanes {
    ($channels:expr, $n:ident => $body:expr) => {
        if $channels % 16 == 0 {
            const $n: usize = 16;
            $body
        } else if $channels % 8 == 0 {
            const $n: usize = 8;
            $body
        } else {
            const $n: usize = 1;
            $body
        }
    };
}

/// A number of points as a constant.
macro_rules! by_points {
    ($points:expr, $p:ident => $body:expr) => {
        match $points {
            3 => {
                const $p: usize = 3;
                $body
            }
            4 => {
                const $p: usize = 4;
                $body
            }
            5 => {
                const $p: usize = 5;
                $body
            }
            _ => {
                const $p: usize = 6;
                $body
            }
        }
    };
}

/// A tile's length and number of points as constants.
macro_rules! by_tile {
    ($tile:expr, $m:ident, $p:ident => $body:expr) => {
        match $tile {
            (2, 3) => by_tile!(@ $m 2 $p 3 $body),
            (2, _) => by_tile!(@ $m 2 $p 4 $body),
            (3, 4) => by_tile!(@ $m 3 $p 4 $body),
            (3, _) => by_tile!(@ $m 3 $p 5 $body),
            (_, 5) => by_tile!(@ $m 4 $p 5 $body),
            _ => by_tile!(@ $m 4 $p 6 $body),
        }
    };
    (@ $m:ident $mv:literal $p:ident $pv:literal $body:expr) => {{
        const $m: usize = $mv;
        const $p: usize = $pv;
        $body
    }};
}

const CLASSES: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// Where one point's elements are.
#[derive(Clone, Copy, Default)]
struct Place {
    start: usize,
    /// The first channel's column.
    column: usize,
    /// From panel to panel, and from image to image inside one.
    panel: usize,
    image: usize,
}

/// Of each point, on the big side for one class or on the small side.
type Places = [[Place; POINTS]; POINTS];

fn places(plan: &Plan, class: Option<(usize, usize)>, count: usize) -> Places {
    let mut out = Places::default();
    for (i, line) in out.iter_mut().enumerate().take(plan.y.positions()) {
        for (j, place) in line.iter_mut().enumerate().take(plan.x.positions()) {
            let position = &plan.positions[i * plan.x.positions() + j];
            let (start, block) = match class {
                None => (position.small, Some(0)),
                Some(class) => (position.big, plan.block(class, (i, j)).map(|(_, block)| block)),
            };
            if let Some(block) = block {
                let (panel, image) = (position.panel(count), position.panel(1));
                *place = Place { start: start * count, column: block * plan.g.c, panel, image };
            }
        }
    }
    out
}

/// Where a vector of channels of each point goes, for an image's first tile.
#[inline(always)]
fn at(places: &Places, image: usize, channel: usize) -> [[usize; POINTS]; POINTS] {
    let mut out = [[0; POINTS]; POINTS];
    for (line, places) in out.iter_mut().zip(places) {
        for (at, place) in line.iter_mut().zip(places) {
            let column = place.column + channel;
            *at = place.start + column / PANEL * place.panel + image * place.image + column % PANEL;
        }
    }
    out
}

/// Tiles that stand beside one another, by horizontal point.
fn across(plan: &Plan) -> [usize; POINTS] {
    std::array::from_fn(|j| plan.positions.get(j).filter(|_| j < plan.x.positions()).map_or(0, |p| p.across))
}

#[inline(always)]
fn load<T: Real, const N: usize>(from: &[T], at: usize) -> [T; N] {
    let mut out = [T::zero(); N];
    out.copy_from_slice(&from[at..at + N]);
    out
}

#[inline(always)]
fn column<T: Real, const N: usize>(lines: &[Line<T, N>; POINTS], j: usize) -> Line<T, N> {
    std::array::from_fn(|i| lines[i][j])
}

vectorised! {
/// The images `first..first + count` of the big side, to [position][panel of class, c][image, tile]`[32]`.
fn big<T: Real; S: Source>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    let places = CLASSES.map(|class| places(plan, Some(class), count));
    let len = plan.g.h * plan.g.w * plan.g.c;
    source.fetch(first * len, len);
    for image in 0..count {
        let mut ahead = Ahead::new(source, first + image, len, CLASSES.len() * plan.y.tiles.len() * plan.x.tiles.len(), image + 1 < count);
        for (class, places) in CLASSES.into_iter().zip(&places) {
            by_lanes!(plan.g.c, N => big_class::<T, S, N>(plan, (class, places), source, &mut ahead, (first, image), out));
        }
    }
}
}

#[inline(always)]
fn big_class<T: Real, S: Source<T>, const N: usize>(
    plan: &Plan,
    (class, places): ((usize, usize), &Places),
    source: S,
    ahead: &mut Ahead<S>,
    (first, image): (usize, usize),
    out: &mut [T],
) {
    let (h, w, c) = (plan.g.h as isize, plan.g.w as isize, plan.g.c);
    let across = across(plan);
    let mut lines = [zero::<T, N>(); POINTS];
    for channel in (0..c).step_by(N) {
        let at = at(places, image, channel);
        for (ty, (ys, ym)) in plan.y.tiles.iter().enumerate() {
            let (y0, ny) = (plan.y.first(*ys, class.0), plan.y.points(*ym, class.0));
            for (tx, (xs, xm)) in plan.x.tiles.iter().enumerate() {
                let (x0, nx) = (plan.x.first(*xs, class.1), plan.x.points(*xm, class.1));
                if channel == 0 {
                    ahead.step();
                }
                for i in 0..ny {
                    let y = y0 + 2 * i as isize;
                    if y < 0 || y >= h {
                        lines[i] = zero();
                        continue;
                    }
                    let row = ((first + image) as isize * h + y) * w;
                    lines[i] = by_points!(nx, P => {
                        let mut d = zero::<T, N>();
                        for j in 0..P {
                            let x = x0 + 2 * j as isize;
                            if x >= 0 && x < w {
                                d[j] = source.load::<N>((row + x) as usize * c + channel, channel);
                            }
                        }
                        data::<T, N, P>(&d)
                    });
                }
                for j in 0..nx {
                    let row = (ty * across[j] + tx) * PANEL;
                    by_points!(ny, P => {
                        let v = data::<T, N, P>(&column(&lines, j));
                        for i in 0..P {
                            out[at[i][j] + row..][..N].copy_from_slice(&v[i]);
                        }
                    });
                }
            }
        }
    }
}

vectorised! {
/// The adjoint of [`big`]: adds the tiles of `v` to the images `out` [count, h, w, c].
fn big_adjoint<T: Real>(plan: &Plan, v: &[T], count: usize, out: &mut [T]) {
    for class in CLASSES {
        by_lanes!(plan.g.c, N => big_adjoint_class::<T, N>(plan, class, v, count, out));
    }
}
}

#[inline(always)]
fn big_adjoint_class<T: Real, const N: usize>(plan: &Plan, class: (usize, usize), v: &[T], count: usize, out: &mut [T]) {
    let (h, w, c) = (plan.g.h as isize, plan.g.w as isize, plan.g.c);
    let (across, places) = (across(plan), places(plan, Some(class), count));
    let mut lines = [zero::<T, N>(); POINTS];
    for image in 0..count {
        for channel in (0..c).step_by(N) {
            let at = at(&places, image, channel);
            for (ty, (ys, ym)) in plan.y.tiles.iter().enumerate() {
                let (y0, ny) = (plan.y.first(*ys, class.0), plan.y.points(*ym, class.0));
                for (tx, (xs, xm)) in plan.x.tiles.iter().enumerate() {
                    let (x0, nx) = (plan.x.first(*xs, class.1), plan.x.points(*xm, class.1));
                    for j in 0..nx {
                        let row = (ty * across[j] + tx) * PANEL;
                        by_points!(ny, P => {
                            let mut column = zero::<T, N>();
                            for i in 0..P {
                                column[i] = load(v, at[i][j] + row);
                            }
                            let column = data_adjoint::<T, N, P>(&column);
                            for i in 0..P {
                                lines[i][j] = column[i];
                            }
                        });
                    }
                    for i in 0..ny {
                        let y = y0 + 2 * i as isize;
                        if y < 0 || y >= h {
                            continue;
                        }
                        let row = (image as isize * h + y) * w;
                        by_points!(nx, P => {
                            let d = data_adjoint::<T, N, P>(&lines[i]);
                            for j in 0..P {
                                let x = x0 + 2 * j as isize;
                                if x >= 0 && x < w {
                                    let out = &mut out[(row + x) as usize * c + channel..][..N];
                                    for (o, d) in out.iter_mut().zip(d[j]) {
                                        *o += d;
                                    }
                                }
                            }
                        });
                    }
                }
            }
        }
    }
}

vectorised! {
/// The images `first..first + count` of the small side, to [position][panel of o][image, tile]`[32]`; columns
/// beyond o are zero.
fn small<T: Real; S: Source>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    by_lanes!(plan.g.o, N => small_lanes::<T, S, N>(plan, source, first, out, count));
    let used = plan.g.o % PANEL;
    if used > 0 {
        let last = whole_panels(plan.g.o) / PANEL - 1;
        for position in &plan.positions {
            let panel = &mut out[position.small * count + last * position.panel(count)..][..position.panel(count)];
            panel.chunks_exact_mut(PANEL).for_each(|row| row[used..].fill(T::zero()));
        }
    }
}
}

#[inline(always)]
fn small_lanes<T: Real, S: Source<T>, const N: usize>(plan: &Plan, source: S, first: usize, out: &mut [T], count: usize) {
    let (h, w, o) = (plan.g.oh, plan.g.ow, plan.g.o);
    let (across, places) = (across(plan), places(plan, None, count));
    let mut lines = [zero::<T, N>(); POINTS];
    for image in 0..count {
        for channel in (0..o).step_by(N) {
            let at = at(&places, image, channel);
            for (ty, (y0, ym)) in plan.y.tiles.iter().enumerate() {
                for (tx, (x0, xm)) in plan.x.tiles.iter().enumerate() {
                    let (ny, nx) = (plan.y.points(*ym, 0), plan.x.points(*xm, 0));
                    for i in 0..*ym {
                        if y0 + i >= h {
                            lines[i] = zero();
                            continue;
                        }
                        let row = ((first + image) * h + y0 + i) * w;
                        lines[i] = by_tile!((*xm, nx), M, P => {
                            let mut y = zero::<T, N>();
                            for j in 0..M {
                                if x0 + j < w {
                                    y[j] = source.load::<N>((row + x0 + j) * o + channel, channel);
                                }
                            }
                            spread::<T, N, M, P>(&y)
                        });
                    }
                    for j in 0..nx {
                        let row = (ty * across[j] + tx) * PANEL;
                        by_tile!((*ym, ny), M, P => {
                            let v = spread::<T, N, M, P>(&column(&lines, j));
                            for i in 0..P {
                                out[at[i][j] + row..][..N].copy_from_slice(&v[i]);
                            }
                        });
                    }
                }
            }
        }
    }
}

vectorised! {
/// The adjoint of [`small`]: the products of the positions to the images `out` [count, oh, ow, o].
fn small_adjoint<T: Real>(plan: &Plan, m: &[T], count: usize, out: &mut [T]) {
    by_lanes!(plan.g.o, N => small_adjoint_lanes::<T, N>(plan, m, count, out));
}
}

#[inline(always)]
fn small_adjoint_lanes<T: Real, const N: usize>(plan: &Plan, m: &[T], count: usize, out: &mut [T]) {
    let (h, w, o) = (plan.g.oh, plan.g.ow, plan.g.o);
    let (across, places) = (across(plan), places(plan, None, count));
    let mut lines = [zero::<T, N>(); LARGEST];
    for image in 0..count {
        for channel in (0..o).step_by(N) {
            let at = at(&places, image, channel);
            for (ty, (y0, ym)) in plan.y.tiles.iter().enumerate() {
                for (tx, (x0, xm)) in plan.x.tiles.iter().enumerate() {
                    let (ny, nx) = (plan.y.points(*ym, 0), plan.x.points(*xm, 0));
                    for j in 0..nx {
                        let row = (ty * across[j] + tx) * PANEL;
                        by_tile!((*ym, ny), M, P => {
                            let mut column = zero::<T, N>();
                            for i in 0..P {
                                column[i] = load(m, at[i][j] + row);
                            }
                            let column = collect::<T, N, M, P>(&column);
                            for i in 0..M {
                                lines[i][j] = column[i];
                            }
                        });
                    }
                    for i in 0..(*ym).min(h - y0) {
                        let row = (image * h + y0 + i) * w;
                        by_tile!((*xm, nx), M, P => {
                            let y = collect::<T, N, M, P>(&lines[i]);
                            for j in 0..M {
                                if x0 + j < w {
                                    out[(row + x0 + j) * o + channel..][..N].copy_from_slice(&y[j]);
                                }
                            }
                        });
                    }
                }
            }
        }
    }
}

pub(super) fn transform_big<T: Real, S: Source<T>>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    big(plan, source, first, count, out);
}
pub(super) fn add_big<T: Real>(plan: &Plan, v: &[T], count: usize, out: &mut [T]) {
    big_adjoint(plan, v, count, out);
}
pub(super) fn transform_small<T: Real, S: Source<T>>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    small(plan, source, first, count, out);
}
pub(super) fn collect_small<T: Real>(plan: &Plan, m: &[T], count: usize, out: &mut [T]) {
    small_adjoint(plan, m, count, out);
}
