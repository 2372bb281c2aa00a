//! The gradient to a convolution's weight.

use super::convolve::{TILE_ELEMENTS, tile_rows};
use super::gather::{gather_patches, gather_tap};
use crate::geometry::Geometry;
use crate::parallel::each;
use crate::product::{Matrix, multiply};
use crate::real::Real;

/// The sum over small pixels of patch times small channels, as OIHW.
pub(crate) fn weight_gradient<T: Real>(g: &Geometry, big: &[T], small: &[T]) -> Vec<T> {
    let sum = if g.patch() * g.o <= TILE_ELEMENTS { by_pixels(g, big, small) } else { by_taps(g, big, small) };
    unpack(g, &sum)
}

/// Small weights: each task sums a share of the pixels; the shares are added in order.
fn by_pixels<T: Real>(g: &Geometry, big: &[T], small: &[T]) -> Vec<T> {
    const SHARES: usize = 8;
    let (rows, patch, len) = (g.small_pixels(), g.patch(), g.patch() * g.o);
    let share = rows.div_ceil(SHARES).max(96).min(rows.max(1));
    let shares = rows.div_ceil(share).max(1);
    let tile = tile_rows(share, patch);
    let mut sums = vec![T::zero(); shares * len];
    each(sums.chunks_mut(len).enumerate(), |(i, sum)| {
        let end = ((i + 1) * share).min(rows);
        T::with_scratch(tile * patch, |patches| {
            for first in (i * share..end).step_by(tile) {
                let n = tile.min(end - first);
                gather_patches(g, big, first, n, patches);
                multiply(
                    sum,
                    g.o,
                    Matrix::new(patches, n, patch).transposed(),
                    Matrix::new(&small[first * g.o..], n, g.o),
                    first > i * share,
                );
            }
        });
    });
    let (total, others) = sums.split_at_mut(len);
    for other in others.chunks_exact(len) {
        for (t, v) in total.iter_mut().zip(other) {
            *t += *v;
        }
    }
    sums.truncate(len);
    sums
}

/// Large weights: each task takes one tap over all pixels, and nothing is kept twice.
fn by_taps<T: Real>(g: &Geometry, big: &[T], small: &[T]) -> Vec<T> {
    let rows = g.small_pixels();
    let tile = (TILE_ELEMENTS / g.c).clamp(96, 2048).min(rows.max(1));
    let mut sum = vec![T::zero(); g.patch() * g.o];
    each(sum.chunks_mut(g.c * g.o).enumerate(), |(tap, sum)| {
        T::with_scratch(tile * g.c, |line| {
            for first in (0..rows).step_by(tile) {
                let n = tile.min(rows - first);
                gather_tap(g, big, (tap / g.kw, tap % g.kw), first, n, line);
                multiply(sum, g.o, Matrix::new(line, n, g.c).transposed(), Matrix::new(&small[first * g.o..], n, g.o), first > 0);
            }
        });
    });
    sum
}

/// [kh, kw, c, o] to OIHW.
fn unpack<T: Real>(g: &Geometry, sum: &[T]) -> Vec<T> {
    let taps = g.kh * g.kw;
    let mut out = vec![T::zero(); sum.len()];
    each(out.chunks_mut(g.c * taps).enumerate(), |(o, out)| {
        for (c, out) in out.chunks_exact_mut(taps).enumerate() {
            for (tap, v) in out.iter_mut().enumerate() {
                *v = sum[(tap * g.c + c) * g.o + o];
            }
        }
    });
    out
}
