//! The adjoint of the convolution: transposed convolution, and the gradient to the input.
//!
//! Big pixels fall into stride_h * stride_w classes by the taps that reach them. Within a class
//! the adjoint is an ordinary convolution of stride 1 over the small side with
//! kernel / stride taps: nothing is computed twice, scattered or cropped away.

use super::convolve::TILE_ELEMENTS;
use super::gather::copy_run;
use crate::bias::add_bias;
use crate::geometry::Geometry;
use crate::parallel::each;
use crate::product::{Matrix, multiply};
use crate::real::{Real, unfilled};

/// Fewer big channels than this: product first, then a sum over taps, because gathering patches
/// of the many small channels would move more than it computes.
const NARROW: usize = 8;

/// [n, oh, ow, o] to [n, h, w, c]; `weight` is the convolution's OIHW.
pub(crate) fn adjoint<T: Real>(g: &Geometry, small: &[T], weight: &[T], bias: Option<&[T]>) -> Vec<T> {
    if g.c < NARROW {
        return by_scatter(g, small, weight, bias);
    }
    let classes: Vec<Class<T>> = (0..g.sh * g.sw).map(|i| Class::new(g, weight, i / g.sw, i % g.sw)).collect();
    // With a stride beyond the kernel some pixels are reached by no tap.
    let mut out = if g.sh > g.kh || g.sw > g.kw { vec![T::zero(); g.big_len()] } else { unfilled(g.big_len()) };
    let per_image = g.h * g.w * g.c;
    let images = images_per_task(g, g.oh * g.ow * g.o * g.kh.div_ceil(g.sh) * g.kw.div_ceil(g.sw));
    each(out.chunks_mut(images * per_image).enumerate(), |(task, out)| {
        for class in &classes {
            class.run(g, small, task * images, out);
        }
        if let Some(bias) = bias {
            add_bias(out, bias);
        }
    });
    out
}

/// Images that one task takes, so that the tasks are many and their products large.
fn images_per_task(g: &Geometry, elements_per_image: usize) -> usize {
    (TILE_ELEMENTS / elements_per_image.max(1)).clamp(1, g.n.div_ceil(8).max(1))
}

/// The big pixels with (y + top) % sh == py and (x + left) % sw == px.
struct Class<T> {
    rows: Line,
    columns: Line,
    /// [rows.taps, columns.taps, o, c], taps in the order of ascending small pixels.
    weight: Vec<T>,
}

/// One direction of a class: big position of step q is `first + q * stride`; it is reached from
/// the small positions `last_small + q - taps + 1 ..= last_small + q`.
struct Line {
    first: usize,
    count: usize,
    last_small: usize,
    taps: usize,
}

impl Line {
    fn new(size: usize, before: usize, kernel: usize, stride: usize, phase: usize) -> Self {
        // The smallest small position whose tap `phase` lies inside.
        let last_small = before.saturating_sub(phase).div_ceil(stride);
        let first = last_small * stride + phase - before;
        Self { first, count: size.saturating_sub(first).div_ceil(stride), last_small, taps: kernel.saturating_sub(phase).div_ceil(stride) }
    }
}

impl<T: Real> Class<T> {
    fn new(g: &Geometry, weight: &[T], py: usize, px: usize) -> Self {
        let rows = Line::new(g.h, g.top, g.kh, g.sh, py);
        let columns = Line::new(g.w, g.left, g.kw, g.sw, px);
        let taps = rows.taps * columns.taps;
        let mut packed = vec![T::zero(); taps * g.o * g.c];
        each(packed.chunks_mut(g.o * g.c).enumerate(), |(tap, packed)| {
            let ky = py + (rows.taps - 1 - tap / columns.taps) * g.sh;
            let kx = px + (columns.taps - 1 - tap % columns.taps) * g.sw;
            for (i, v) in packed.iter_mut().enumerate() {
                *v = weight[(i * g.kh + ky) * g.kw + kx];
            }
        });
        Self { rows, columns, weight: packed }
    }

    /// Fills this class's pixels of the images `first_image..`, as many as `out` holds.
    fn run(&self, g: &Geometry, small: &[T], first_image: usize, out: &mut [T]) {
        let (rows, columns) = (&self.rows, &self.columns);
        let patch = rows.taps * columns.taps * g.o;
        let per_image = rows.count * columns.count;
        if patch == 0 || per_image == 0 {
            return;
        }
        let pixels = out.len() / (g.h * g.w * g.c) * per_image;
        let tile = (TILE_ELEMENTS / (patch + g.c)).clamp(96, 2048).min(pixels);
        let packed = Matrix::new(&self.weight, patch, g.c);
        T::with_scratch(tile * (patch + g.c), |scratch| {
            let (patches, result) = scratch.split_at_mut(tile * patch);
            for start in (0..pixels).step_by(tile) {
                let n = tile.min(pixels - start);
                for (r, row) in patches.chunks_exact_mut(patch).take(n).enumerate() {
                    let p = start + r;
                    let (image, q, qx) = (p / per_image, p / columns.count % rows.count, p % columns.count);
                    self.gather(g, small, first_image + image, q, qx, row);
                }
                multiply(result, g.c, Matrix::new(patches, n, patch), packed, false);
                for (r, row) in result.chunks_exact(g.c).take(n).enumerate() {
                    let p = start + r;
                    let (image, q, qx) = (p / per_image, p / columns.count % rows.count, p % columns.count);
                    let y = rows.first + q * g.sh;
                    let x = columns.first + qx * g.sw;
                    out[((image * g.h + y) * g.w + x) * g.c..][..g.c].copy_from_slice(row);
                }
            }
        });
    }

    fn gather(&self, g: &Geometry, small: &[T], image: usize, q: usize, qx: usize, row: &mut [T]) {
        let run = self.columns.taps * g.o;
        let start = (self.columns.last_small + qx + 1) as isize - self.columns.taps as isize;
        for (j, out) in row.chunks_exact_mut(run).enumerate() {
            let oy = (self.rows.last_small + q + 1 + j).checked_sub(self.rows.taps);
            match oy.filter(|oy| *oy < g.oh) {
                Some(oy) => {
                    let line = &small[(image * g.oh + oy) * g.ow * g.o..][..g.ow * g.o];
                    copy_run(out, line, g.ow, g.o, start, self.columns.taps);
                }
                None => out.fill(T::zero()),
            }
        }
    }
}

/// The same for few big channels: all taps of each small pixel by one product, then summed where
/// they belong.
fn by_scatter<T: Real>(g: &Geometry, small: &[T], weight: &[T], bias: Option<&[T]>) -> Vec<T> {
    let patch = g.patch();
    let taps = g.kh * g.kw;
    // OIHW to [o, kh, kw, c].
    let mut packed = vec![T::zero(); weight.len()];
    for (out, weight) in packed.chunks_exact_mut(patch).zip(weight.chunks_exact(patch)) {
        for (i, v) in out.iter_mut().enumerate() {
            *v = weight[i % g.c * taps + i / g.c];
        }
    }
    let packed = Matrix::new(&packed, g.o, patch);
    let mut out = vec![T::zero(); g.big_len()];
    let per_image = g.h * g.w * g.c;
    let pixels = g.oh * g.ow;
    let images = images_per_task(g, pixels * patch);
    each(out.chunks_mut(images * per_image).enumerate(), |(task, out)| {
        let count = out.len() / per_image;
        let rows = count * pixels;
        let small = &small[task * images * pixels * g.o..][..rows * g.o];
        T::with_scratch(rows * patch, |spread| {
            multiply(spread, patch, Matrix::new(small, rows, g.o), packed, false);
            for (image, out) in out.chunks_exact_mut(per_image).enumerate() {
                let spread = &spread[image * pixels * patch..][..pixels * patch];
                sum_taps(g, spread, out);
            }
        });
        if let Some(bias) = bias {
            add_bias(out, bias);
        }
    });
    out
}

/// Adds the patches [oh, ow, kh, kw, c] of one image where they overlap.
fn sum_taps<T: Real>(g: &Geometry, spread: &[T], out: &mut [T]) {
    let run = g.kw * g.c;
    for (p, patch) in spread.chunks_exact(g.patch()).enumerate() {
        let (oy, ox) = (p / g.ow, p % g.ow);
        // Columns of the patch that lie inside the image.
        let skip = g.left.saturating_sub(ox * g.sw).min(g.kw);
        let x = ox * g.sw + skip - g.left.min(ox * g.sw + skip);
        let keep = (g.kw - skip).min(g.w.saturating_sub(x));
        for (ky, patch) in patch.chunks_exact(run).enumerate() {
            let Some(y) = (oy * g.sh + ky).checked_sub(g.top).filter(|y| *y < g.h) else {
                continue;
            };
            let out = out[(y * g.w) * g.c..][..g.w * g.c].iter_mut().skip(x * g.c);
            for (v, t) in out.zip(&patch[skip * g.c..(skip + keep) * g.c]) {
                *v += *t;
            }
        }
    }
}
