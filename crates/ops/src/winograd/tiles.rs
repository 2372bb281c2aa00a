//! Images to transformed tiles and back, a vector of channels at a time.
#![expect(unsafe_code, reason = "each pass checks the extents of all its vectors first, none when it is read or written")]
#![expect(clippy::needless_range_loop, reason = "indices of a tile name points in several arrays at once")]

use super::ahead::Ahead;
use super::places::{Places, lanes};
use super::plan::{LARGEST, POINTS, Plan};
use super::points::{Line, add, collect, data, data_adjoint, spread, zero};
use crate::panels::{PANEL, whole_panels};
use crate::real::Real;
use crate::simd::vectorised;
use crate::source::{Source, load};

/// Runs `$body` with `$n` channels at a time.
macro_rules! by_lanes {
    ($channels:expr, $n:ident => $body:expr) => {
        match lanes($channels) {
            16 => {
                const $n: usize = 16;
                $body
            }
            8 => {
                const $n: usize = 8;
                $body
            }
            _ => {
                const $n: usize = 1;
                $body
            }
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

/// Tiles that stand beside one another, by horizontal point.
fn across(plan: &Plan) -> [usize; POINTS] {
    std::array::from_fn(|j| plan.positions.get(j).filter(|_| j < plan.x.positions()).map_or(0, |p| p.across))
}

/// # Safety
/// `at + N` is at most the length.
#[inline(always)]
unsafe fn store<T: Real, const N: usize>(to: &mut [T], at: usize, values: [T; N]) {
    debug_assert!(at + N <= to.len());
    // SAFETY: the caller's promise; an array has no alignment but its elements'.
    unsafe { to.as_mut_ptr().add(at).cast::<[T; N]>().write(values) }
}

#[inline(always)]
fn column<T: Real, const N: usize>(lines: &[Line<T, N>; POINTS], j: usize) -> Line<T, N> {
    std::array::from_fn(|i| lines[i][j])
}

vectorised! {
/// The images `first..first + count` of the big side, to [position][panel of class, c][image, tile]`[32]`.
fn big<T: Real; S: Source>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    let places = CLASSES.map(|class| Places::new(plan, Some(class), count));
    let len = plan.g.h * plan.g.w * plan.g.c;
    assert!((first + count) * len <= source.len() && places.iter().all(|places| places.end <= out.len()));
    source.fetch(first * len, len);
    for image in 0..count {
        let mut ahead = Ahead::new(source, first + image, len, CLASSES.len() * plan.y.tiles.len() * plan.x.tiles.len(), image + 1 < count);
        for (class, places) in CLASSES.into_iter().zip(&places) {
            // SAFETY: the assertion above.
            by_lanes!(plan.g.c, N => unsafe { big_class::<T, S, N>(plan, (class, places), source, &mut ahead, (first, image), out) });
        }
    }
}
}

/// # Safety
/// The source has the image `first + image`, and `out` all places.
#[inline(always)]
unsafe fn big_class<T: Real, S: Source<T>, const N: usize>(
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
        let at = places.at(image, channel / N);
        let common = source.common::<N>(channel);
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
                    let start = (((first + image) as isize * h + y) * w + x0) * c as isize + channel as isize;
                    lines[i] = by_points!(nx, P => {
                        let mut d = zero::<T, N>();
                        for j in 0..P {
                            let x = x0 + 2 * j as isize;
                            if x >= 0 && x < w {
                                // SAFETY: x < w, y < h and channel + N <= c, so the caller's promise covers it.
                                d[j] = unsafe { source.load::<N>((start + (2 * j * c) as isize) as usize, &common) };
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
                            // SAFETY: the place of a tile that has the point is before the end of all.
                            unsafe { store(out, at[i][j] + row, v[i]) };
                        }
                    });
                }
            }
        }
    }
}

vectorised! {
/// The adjoint of [`big`]: the images `out` [count, h, w, c] are the sums of the tiles of `v`.
fn big_adjoint<T: Real>(plan: &Plan, v: &[T], count: usize, out: &mut [T]) {
    assert!(count * plan.g.h * plan.g.w * plan.g.c <= out.len());
    // Writing what a tile is the first to reach, in place of adding it to zero, took longer: this brings the lines into the cache.
    out.fill(T::zero());
    for class in CLASSES {
        let places = Places::new(plan, Some(class), count);
        assert!(places.end <= v.len());
        // SAFETY: the assertions above.
        by_lanes!(plan.g.c, N => unsafe { big_adjoint_class::<T, N>(plan, (class, &places), v, count, out) });
    }
}
}

/// # Safety
/// `v` has all places, and `out` as many images.
#[inline(always)]
unsafe fn big_adjoint_class<T: Real, const N: usize>(
    plan: &Plan,
    (class, places): ((usize, usize), &Places),
    v: &[T],
    count: usize,
    out: &mut [T],
) {
    let (h, w, c) = (plan.g.h as isize, plan.g.w as isize, plan.g.c);
    let across = across(plan);
    let mut lines = [zero::<T, N>(); POINTS];
    for image in 0..count {
        for channel in (0..c).step_by(N) {
            let at = places.at(image, channel / N);
            for (ty, (ys, ym)) in plan.y.tiles.iter().enumerate() {
                let (y0, ny) = (plan.y.first(*ys, class.0), plan.y.points(*ym, class.0));
                for (tx, (xs, xm)) in plan.x.tiles.iter().enumerate() {
                    let (x0, nx) = (plan.x.first(*xs, class.1), plan.x.points(*xm, class.1));
                    for j in 0..nx {
                        let row = (ty * across[j] + tx) * PANEL;
                        by_points!(ny, P => {
                            let mut column = zero::<T, N>();
                            for i in 0..P {
                                // SAFETY: the place of a tile that has the point is before the end of all.
                                column[i] = unsafe { load(v, at[i][j] + row) };
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
                        let start = ((image as isize * h + y) * w + x0) * c as isize + channel as isize;
                        by_points!(nx, P => {
                            let d = data_adjoint::<T, N, P>(&lines[i]);
                            for j in 0..P {
                                let x = x0 + 2 * j as isize;
                                if x >= 0 && x < w {
                                    let at = (start + (2 * j * c) as isize) as usize;
                                    // SAFETY: x < w, y < h and channel + N <= c, so the caller's promise covers it.
                                    unsafe { store(out, at, add(load(out, at), d[j])) };
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
    let places = Places::new(plan, None, count);
    assert!((first + count) * plan.g.oh * plan.g.ow * plan.g.o <= source.len() && places.end <= out.len());
    // SAFETY: the assertion above.
    by_lanes!(plan.g.o, N => unsafe { small_lanes::<T, S, N>(plan, &places, source, first, out, count) });
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

/// # Safety
/// The source has the images `first..first + count`, and `out` all places.
#[inline(always)]
unsafe fn small_lanes<T: Real, S: Source<T>, const N: usize>(
    plan: &Plan,
    places: &Places,
    source: S,
    first: usize,
    out: &mut [T],
    count: usize,
) {
    let (h, w, o) = (plan.g.oh, plan.g.ow, plan.g.o);
    let across = across(plan);
    let mut lines = [zero::<T, N>(); POINTS];
    for image in 0..count {
        for channel in (0..o).step_by(N) {
            let at = places.at(image, channel / N);
            let common = source.common::<N>(channel);
            for (ty, (y0, ym)) in plan.y.tiles.iter().enumerate() {
                for (tx, (x0, xm)) in plan.x.tiles.iter().enumerate() {
                    let (ny, nx) = (plan.y.points(*ym, 0), plan.x.points(*xm, 0));
                    for i in 0..*ym {
                        if y0 + i >= h {
                            lines[i] = zero();
                            continue;
                        }
                        let start = (((first + image) * h + y0 + i) * w + x0) * o + channel;
                        lines[i] = by_tile!((*xm, nx), M, P => {
                            let mut y = zero::<T, N>();
                            for j in 0..M {
                                if x0 + j < w {
                                    // SAFETY: inside the image, so the caller's promise covers it.
                                    y[j] = unsafe { source.load::<N>(start + j * o, &common) };
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
                                // SAFETY: the place of a tile that has the point is before the end of all.
                                unsafe { store(out, at[i][j] + row, v[i]) };
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
    let places = Places::new(plan, None, count);
    assert!(places.end <= m.len() && count * plan.g.oh * plan.g.ow * plan.g.o <= out.len());
    // SAFETY: the assertion above.
    by_lanes!(plan.g.o, N => unsafe { small_adjoint_lanes::<T, N>(plan, &places, m, count, out) });
}
}

/// # Safety
/// `m` has all places, and `out` as many images.
#[inline(always)]
unsafe fn small_adjoint_lanes<T: Real, const N: usize>(plan: &Plan, places: &Places, m: &[T], count: usize, out: &mut [T]) {
    let (h, w, o) = (plan.g.oh, plan.g.ow, plan.g.o);
    let across = across(plan);
    let mut lines = [zero::<T, N>(); LARGEST];
    for image in 0..count {
        for channel in (0..o).step_by(N) {
            let at = places.at(image, channel / N);
            for (ty, (y0, ym)) in plan.y.tiles.iter().enumerate() {
                for (tx, (x0, xm)) in plan.x.tiles.iter().enumerate() {
                    let (ny, nx) = (plan.y.points(*ym, 0), plan.x.points(*xm, 0));
                    for j in 0..nx {
                        let row = (ty * across[j] + tx) * PANEL;
                        by_tile!((*ym, ny), M, P => {
                            let mut column = zero::<T, N>();
                            for i in 0..P {
                                // SAFETY: the place of a tile that has the point is before the end of all.
                                column[i] = unsafe { load(m, at[i][j] + row) };
                            }
                            let column = collect::<T, N, M, P>(&column);
                            for i in 0..M {
                                lines[i][j] = column[i];
                            }
                        });
                    }
                    for i in 0..(*ym).min(h - y0) {
                        let start = ((image * h + y0 + i) * w + x0) * o + channel;
                        by_tile!((*xm, nx), M, P => {
                            let y = collect::<T, N, M, P>(&lines[i]);
                            for j in 0..M {
                                if x0 + j < w {
                                    // SAFETY: inside the image, so the caller's promise covers it.
                                    unsafe { store(out, start + j * o, y[j]) };
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
pub(super) fn collect_big<T: Real>(plan: &Plan, v: &[T], count: usize, out: &mut [T]) {
    big_adjoint(plan, v, count, out);
}
pub(super) fn transform_small<T: Real, S: Source<T>>(plan: &Plan, source: S, first: usize, count: usize, out: &mut [T]) {
    small(plan, source, first, count, out);
}
pub(super) fn collect_small<T: Real>(plan: &Plan, m: &[T], count: usize, out: &mut [T]) {
    small_adjoint(plan, m, count, out);
}
