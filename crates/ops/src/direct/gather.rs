//! Copying patches of a channels-last image into rows of a matrix.

use crate::geometry::Geometry;
use crate::real::Real;

/// Splits a flat pixel number of [n, height, width] into its parts.
pub(crate) fn pixel(p: usize, height: usize, width: usize) -> (usize, usize, usize) {
    (p / (height * width), p / width % height, p % width)
}

/// Copies `taps` neighbouring pixels of one line, from column `start` (may be negative) on;
/// columns outside the line read as zero. `line` is [width, channels].
pub(crate) fn copy_run<T: Real>(out: &mut [T], line: &[T], width: usize, channels: usize, start: isize, taps: usize) {
    let width = width as isize;
    let first = start.clamp(0, width);
    let last = (start + taps as isize).clamp(first, width);
    let before = (first - start).clamp(0, taps as isize) as usize;
    let inside = (last - first) as usize;
    out[..before * channels].fill(T::zero());
    out[before * channels..(before + inside) * channels].copy_from_slice(&line[first as usize * channels..last as usize * channels]);
    out[(before + inside) * channels..taps * channels].fill(T::zero());
}

/// One row a small pixel, [kh, kw, c] each, for the small pixels `first..first + rows`.
pub(crate) fn gather_patches<T: Real>(g: &Geometry, big: &[T], first: usize, rows: usize, out: &mut [T]) {
    let run = g.kw * g.c;
    for (r, row) in out.chunks_exact_mut(g.patch()).take(rows).enumerate() {
        let (image, oy, ox) = pixel(first + r, g.oh, g.ow);
        let start = (ox * g.sw) as isize - g.left as isize;
        for (ky, out) in row.chunks_exact_mut(run).enumerate() {
            match (oy * g.sh + ky).checked_sub(g.top).filter(|y| *y < g.h) {
                Some(y) => {
                    let line = &big[(image * g.h + y) * g.w * g.c..][..g.w * g.c];
                    copy_run(out, line, g.w, g.c, start, g.kw);
                }
                None => out.fill(T::zero()),
            }
        }
    }
}

/// One row a small pixel, the `c` channels under one tap.
pub(crate) fn gather_tap<T: Real>(g: &Geometry, big: &[T], (ky, kx): (usize, usize), first: usize, rows: usize, out: &mut [T]) {
    for (r, out) in out.chunks_exact_mut(g.c).take(rows).enumerate() {
        let (image, oy, ox) = pixel(first + r, g.oh, g.ow);
        let y = (oy * g.sh + ky).checked_sub(g.top).filter(|y| *y < g.h);
        let x = (ox * g.sw + kx).checked_sub(g.left).filter(|x| *x < g.w);
        match (y, x) {
            (Some(y), Some(x)) => out.copy_from_slice(&big[((image * g.h + y) * g.w + x) * g.c..][..g.c]),
            _ => out.fill(T::zero()),
        }
    }
}
