//! The convolution: patches into a cache-sized matrix, one product per tile of pixels.

use super::gather::gather_patches;
use crate::bias::add_bias;
use crate::geometry::Geometry;
use crate::parallel::each;
use crate::product::{Matrix, multiply};
use crate::real::{Real, unfilled};

/// Elements of one tile's patches: about half of a second-level cache in `f32`.
pub(crate) const TILE_ELEMENTS: usize = 1 << 18;

/// Rows a tile: enough for the product to amortise packing the weights, few enough to share
/// `rows` among threads. A function of shapes alone.
pub(crate) fn tile_rows(rows: usize, row_len: usize) -> usize {
    let fits = (TILE_ELEMENTS / row_len.max(1)).clamp(96, 2048);
    fits.min(rows.div_ceil(8).max(96)).min(rows.max(1))
}

/// OIHW to [kh, kw, c, o].
pub(crate) fn pack<T: Real>(g: &Geometry, weight: &[T]) -> Vec<T> {
    let taps = g.kh * g.kw;
    let mut out = unfilled(weight.len());
    each(out.chunks_mut(g.c * g.o).enumerate(), |(tap, out)| {
        for (c, out) in out.chunks_exact_mut(g.o).enumerate() {
            for (o, v) in out.iter_mut().enumerate() {
                *v = weight[(o * g.c + c) * taps + tap];
            }
        }
    });
    out
}

/// [n, h, w, c] to [n, oh, ow, o]; `weight` OIHW.
pub(crate) fn convolve<T: Real>(g: &Geometry, big: &[T], weight: &[T], bias: Option<&[T]>) -> Vec<T> {
    let packed = pack(g, weight);
    let packed = Matrix::new(&packed, g.patch(), g.o);
    let mut out = unfilled(g.small_len());
    let tile = tile_rows(g.small_pixels(), g.patch());
    each(out.chunks_mut(tile * g.o).enumerate(), |(i, out)| {
        let rows = out.len() / g.o;
        T::with_scratch(rows * g.patch(), |patches| {
            gather_patches(g, big, i * tile, rows, patches);
            multiply(out, g.o, Matrix::new(patches, rows, g.patch()), packed, false);
        });
        if let Some(bias) = bias {
            add_bias(out, bias);
        }
    });
    out
}
