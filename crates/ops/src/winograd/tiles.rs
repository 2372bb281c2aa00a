//! Images to transformed tiles and back, a vector of channels at a time.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use super::plan::Plan;
use super::points::{Line, collect, data, data_adjoint, spread};
use super::source::Source;
use crate::real::Real;
use crate::simd::vectorised;

/// Channels that one pass of a transform takes.
const LANES: usize = 16;

/// Runs `$body` with `$n` channels at a time from `$c` on, until `$channels` are done.
macro_rules! by_lanes {
    ($channels:expr, $c:ident, $n:ident => $body:expr) => {{
        let mut $c = 0;
        while $c + LANES <= $channels {
            const $n: usize = LANES;
            $body;
            $c += LANES;
        }
        while $c < $channels {
            const $n: usize = 1;
            $body;
            $c += 1;
        }
    }};
}

/// Two numbers of taps as constants.
macro_rules! by_taps {
    ($taps:expr, $ra:ident, $rb:ident => $body:expr) => {
        match $taps {
            (2, 2) => {
                const $ra: usize = 2;
                const $rb: usize = 2;
                $body
            }
            (2, _) => {
                const $ra: usize = 2;
                const $rb: usize = 3;
                $body
            }
            (_, 2) => {
                const $ra: usize = 3;
                const $rb: usize = 2;
                $body
            }
            _ => {
                const $ra: usize = 3;
                const $rb: usize = 3;
                $body
            }
        }
    };
}

const CLASSES: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

#[inline(always)]
fn store<T: Real, const N: usize>(out: &mut [T], at: usize, v: [T; N]) {
    out[at..at + N].copy_from_slice(&v);
}

/// Where the (i, j) of one class go in the transform of the big side, for tile 0 of `tiles`.
fn columns(plan: &Plan, class: (usize, usize), tiles: usize) -> [[(usize, usize); 4]; 4] {
    let mut out = [[(0, 0); 4]; 4];
    for (i, row) in out.iter_mut().enumerate().take(plan.y.positions()) {
        for (j, v) in row.iter_mut().enumerate().take(plan.x.positions()) {
            if let Some((position, block)) = plan.block(class, (i, j)) {
                *v = (position.start * tiles + block * plan.g.c, position.stride);
            }
        }
    }
    out
}

vectorised! {
/// The images `first..first + count` of the big side, to [position][tile][class, c].
fn big<T: Real; S: Source>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    let tiles = plan.tiles() * count;
    for class in CLASSES {
        let columns = columns(plan, class, tiles);
        let taps = (plan.y.taps[class.0], plan.x.taps[class.1]);
        by_taps!(taps, RA, RB => big_class::<T, S, RA, RB>(plan, class, &columns, source, first, out, count));
    }
}
}

#[inline(always)]
fn big_class<T: Real, S: Source<T>, const RA: usize, const RB: usize>(
    plan: &Plan,
    class: (usize, usize),
    columns: &[[(usize, usize); 4]; 4],
    source: S,
    first: usize,
    out: &mut [T],
    count: usize,
) {
    let (h, w, c) = (plan.g.h as isize, plan.g.w as isize, plan.g.c);
    let tiles = plan.tiles();
    for tile in 0..tiles * count {
        let image = (first + tile / tiles) as isize;
        let y0 = plan.y.first(tile % tiles / plan.x.tiles, class.0);
        let x0 = plan.x.first(tile % plan.x.tiles, class.1);
        by_lanes!(c, channel, N => {
            let mut v: [Line<T, N>; 4] = [[[T::zero(); N]; 4]; 4];
            for i in 0..=RA {
                let y = y0 + 2 * i as isize;
                if y < 0 || y >= h {
                    continue;
                }
                let mut d: Line<T, N> = [[T::zero(); N]; 4];
                for (j, d) in d.iter_mut().enumerate().take(RB + 1) {
                    let x = x0 + 2 * j as isize;
                    if x >= 0 && x < w {
                        let at = ((image * h + y) * w + x) as usize * c + channel;
                        *d = source.load::<N>(at, channel);
                    }
                }
                v[i] = data::<T, N, RB>(d);
            }
            for j in 0..=RB {
                let column = data::<T, N, RA>([v[0][j], v[1][j], v[2][j], v[3][j]]);
                for i in 0..=RA {
                    let (start, stride) = columns[i][j];
                    store(out, start + tile * stride + channel, column[i]);
                }
            }
        });
    }
}

vectorised! {
/// The adjoint of [`big`]: adds the tiles of `v` to the images `out` [count, h, w, c].
fn big_adjoint<T: Real>(plan: &Plan, v: &[T], count: usize, out: &mut [T]) {
    let tiles = plan.tiles() * count;
    for class in CLASSES {
        let columns = columns(plan, class, tiles);
        let taps = (plan.y.taps[class.0], plan.x.taps[class.1]);
        by_taps!(taps, RA, RB => big_adjoint_class::<T, RA, RB>(plan, class, &columns, v, count, out));
    }
}
}

#[inline(always)]
fn big_adjoint_class<T: Real, const RA: usize, const RB: usize>(
    plan: &Plan,
    class: (usize, usize),
    columns: &[[(usize, usize); 4]; 4],
    v: &[T],
    count: usize,
    out: &mut [T],
) {
    let (h, w, c) = (plan.g.h as isize, plan.g.w as isize, plan.g.c);
    let tiles = plan.tiles();
    for tile in 0..tiles * count {
        let image = (tile / tiles) as isize;
        let y0 = plan.y.first(tile % tiles / plan.x.tiles, class.0);
        let x0 = plan.x.first(tile % plan.x.tiles, class.1);
        by_lanes!(c, channel, N => {
            let mut rows: [Line<T, N>; 4] = [[[T::zero(); N]; 4]; 4];
            for j in 0..=RB {
                let mut column: Line<T, N> = [[T::zero(); N]; 4];
                for i in 0..=RA {
                    let (start, stride) = columns[i][j];
                    let at = start + tile * stride + channel;
                    column[i].copy_from_slice(&v[at..at + N]);
                }
                let column = data_adjoint::<T, N, RA>(column);
                for i in 0..=RA {
                    rows[i][j] = column[i];
                }
            }
            for i in 0..=RA {
                let y = y0 + 2 * i as isize;
                if y < 0 || y >= h {
                    continue;
                }
                let d = data_adjoint::<T, N, RB>(rows[i]);
                for (j, d) in d.iter().enumerate().take(RB + 1) {
                    let x = x0 + 2 * j as isize;
                    if x >= 0 && x < w {
                        let at = ((image * h + y) * w + x) as usize * c + channel;
                        let out = &mut out[at..at + N];
                        for (o, d) in out.iter_mut().zip(d) {
                            *o += *d;
                        }
                    }
                }
            }
        });
    }
}

vectorised! {
/// The images `first..first + count` of the small side, to [position][tile][o]; columns up to
/// whole panels are zero.
fn small<T: Real; S: Source>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    let (h, w, o) = (plan.g.oh, plan.g.ow, plan.g.o);
    let tiles = plan.tiles();
    let (rows, stride) = (tiles * count, plan.small_stride);
    let padded = crate::panels::whole_panels(o);
    for tile in 0..rows {
        let image = first + tile / tiles;
        let (y0, x0) = (2 * (tile % tiles / plan.x.tiles), 2 * (tile % plan.x.tiles));
        let at = ((image * h + y0) * w + x0) * o;
        let (below, beside) = (y0 + 1 < h, x0 + 1 < w);
        by_lanes!(o, channel, N => {
            let zero = [T::zero(); N];
            let load = |inside: bool, at: usize| if inside { source.load::<N>(at, channel) } else { zero };
            let at = at + channel;
            let top = spread([load(true, at), load(beside, at + o)]);
            let bottom = spread([load(below, at + w * o), load(below && beside, at + w * o + o)]);
            for j in 0..plan.x.positions() {
                let column = spread([top[j], bottom[j]]);
                for i in 0..plan.y.positions() {
                    let position = i * plan.x.positions() + j;
                    store(out, (position * rows + tile) * stride + channel, column[i]);
                }
            }
        });
        if o < padded {
            for position in 0..plan.positions.len() {
                out[(position * rows + tile) * stride..][o..padded].fill(T::zero());
            }
        }
    }
}
}

vectorised! {
/// The adjoint of [`small`]: the products of the positions to the images `out` [count, oh, ow, o].
fn small_adjoint<T: Real>(plan: &Plan, m: &[T], count: usize, out: &mut [T]) {
    let (h, w, o) = (plan.g.oh, plan.g.ow, plan.g.o);
    let tiles = plan.tiles();
    let (rows, stride) = (tiles * count, plan.small_stride);
    let (four_y, four_x) = (plan.y.positions() == 4, plan.x.positions() == 4);
    for tile in 0..rows {
        let image = tile / tiles;
        let (y0, x0) = (2 * (tile % tiles / plan.x.tiles), 2 * (tile % plan.x.tiles));
        let at = ((image * h + y0) * w + x0) * o;
        let (below, beside) = (y0 + 1 < h, x0 + 1 < w);
        by_lanes!(o, channel, N => {
            let at = at + channel;
            let mut rows_of: [Line<T, N>; 2] = [[[T::zero(); N]; 4]; 2];
            for j in 0..plan.x.positions() {
                let mut column: Line<T, N> = [[T::zero(); N]; 4];
                for i in 0..plan.y.positions() {
                    let position = i * plan.x.positions() + j;
                    let from = (position * rows + tile) * stride + channel;
                    column[i].copy_from_slice(&m[from..from + N]);
                }
                let pair = collect(column, four_y);
                rows_of[0][j] = pair[0];
                rows_of[1][j] = pair[1];
            }
            let top = collect(rows_of[0], four_x);
            store(out, at, top[0]);
            if beside {
                store(out, at + o, top[1]);
            }
            if below {
                let bottom = collect(rows_of[1], four_x);
                store(out, at + w * o, bottom[0]);
                if beside {
                    store(out, at + w * o + o, bottom[1]);
                }
            }
        });
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
