//! Convolutions whose big side has few channels: the first layer, from images, and the last one, to images.
//!
//! Patches are short, so they are written whole, sixteen elements at a time, past their ends. The adjoint with stride 1
//! computes one plane per tap and adds the planes shifted.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::geometry::Geometry;
use crate::groups::by_groups;
use crate::layout::Channels;
use crate::panels::{HALF, Left, Out, PANEL, Right, product, whole_panels};
use crate::parallel::map;
use crate::real::{Real, unfilled};
use crate::simd::vectorised;
use crate::source::Source;
use crate::transpose::{Rows, transpose};

/// Elements copied at once.
const CHUNK: usize = 16;

/// Whether these kernels take the geometry.
pub(crate) fn fits(g: &Geometry) -> bool {
    g.c < 8 && g.o.is_multiple_of(HALF) && g.patch() <= 1024 && g.n > 0
}

/// Whether [`adjoint`] does.
pub(crate) fn fits_adjoint(g: &Geometry) -> bool {
    fits(g) && (g.sh, g.sw) == (1, 1)
}

/// Images of a task, about as much as a second-level cache holds.
fn group(g: &Geometry) -> usize {
    const ELEMENTS: usize = 1 << 17;
    (ELEMENTS / (g.oh * g.ow * (patch_stride(g) + g.o))).clamp(1, g.n.div_ceil(8))
}

fn patch_stride(g: &Geometry) -> usize {
    g.patch().next_multiple_of(CHUNK) + CHUNK
}

/// Height and width of an image with its padding.
fn padded(g: &Geometry) -> (usize, usize) {
    ((g.oh - 1) * g.sh + g.kh, (g.ow - 1) * g.sw + g.kw)
}

/// Elements of a padded image, with room to read past its end.
fn padded_len(g: &Geometry) -> usize {
    let (height, width) = padded(g);
    height * width * g.c + CHUNK
}

vectorised! {
/// Rows of patches [kh, kw, c] of `count` images; `image` holds one padded image.
fn patches<T: Real; S: Source>(g: &Geometry, big: S, first: usize, count: usize, image: &mut [T], out: &mut [T]) {
    let (height, width) = padded(g);
    let (line, run, stride) = (width * g.c, g.kw * g.c, patch_stride(g));
    let inside = (g.w * g.c).min(line.saturating_sub(g.left * g.c));
    image.fill(T::zero());
    for i in 0..count {
        for y in 0..g.h.min(height.saturating_sub(g.top)) {
            let at = ((first + i) * g.h + y) * g.w * g.c;
            big.write(at, g.c, &mut image[(y + g.top) * line + g.left * g.c..][..inside]);
        }
        for oy in 0..g.oh {
            for ox in 0..g.ow {
                let row = &mut out[((i * g.oh + oy) * g.ow + ox) * stride..][..stride];
                for ky in 0..g.kh {
                    let from = (oy * g.sh + ky) * line + ox * g.sw * g.c;
                    let mut done = 0;
                    while done < run {
                        // Past the run: the next line of the patch, or the row's spare end, follows.
                        let mut chunk = [T::zero(); CHUNK];
                        chunk.copy_from_slice(&image[from + done..from + done + CHUNK]);
                        row[ky * run + done..ky * run + done + CHUNK].copy_from_slice(&chunk);
                        done += CHUNK;
                    }
                }
            }
        }
    }
}
}

/// OIHW to [panel of o][kh, kw, c]`[32]`, the last panel's second half unused where o ends before it.
fn pack<T: Real>(g: &Geometry, weight: &[T]) -> Vec<T> {
    let (patch, taps) = (g.patch(), g.kh * g.kw);
    let mut out = vec![T::zero(); whole_panels(g.o) * patch];
    for (k, row) in out.chunks_exact_mut(PANEL).enumerate() {
        let (panel, k) = (k / patch, k % patch);
        for (i, v) in row.iter_mut().enumerate().take(g.o - panel * PANEL) {
            *v = weight[((panel * PANEL + i) * g.c + k % g.c) * taps + k / g.c];
        }
    }
    out
}

fn multiply_patches<T: Real>(g: &Geometry, rows: usize, patches: &[T], packed: &[T], out: &mut [T]) {
    let patch = g.patch();
    let left = Left::plain(patches, (rows, patch), patch_stride(g), 1);
    let right = Right { data: packed, columns: g.o, panel_stride: patch * PANEL, depth_stride: PANEL };
    product(Out::rows(out, g.o), left, right, false);
}

/// [n, h, w, c] to [n, oh, ow, o]; see `winograd::convolve`.
pub(crate) fn convolve<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    big: S,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    let packed = pack(g, weight);
    let per_image = g.oh * g.ow * g.o;
    let fill = |first: usize, out: &mut [T]| {
        let rows = out.len() / g.o;
        T::with_scratch(padded_len(g) + rows * patch_stride(g), |scratch| {
            let (image, rows_of) = scratch.split_at_mut(padded_len(g));
            patches(g, big, first, out.len() / per_image, image, rows_of);
            multiply_patches(g, rows, rows_of, &packed, out);
        });
    };
    by_groups((g.n, per_image, group(g)), fill, after)
}

/// The weight gradient (OIHW), and with `wanted` the convolution of `big`, which is the gradient to the
/// small side of an adjoint whose result's gradient is `big`.
pub(crate) fn backward<T: Real, B: Source<T>, S: Source<T>, R: Send>(
    g: &Geometry,
    big: B,
    small: S,
    weight: &[T],
    wanted: bool,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<T>, Vec<R>) {
    const SHARES: usize = 8;
    let packed = if wanted { pack(g, weight) } else { Vec::new() };
    let (patch, stride) = (g.patch(), patch_stride(g));
    let share = g.n.div_ceil(SHARES);
    let shares = g.n.div_ceil(share);
    let group = group(g).min(share);
    let per_image = if wanted { g.oh * g.ow * g.o } else { 0 };
    let mut out: Vec<T> = unfilled(g.n * per_image);
    let mut rest = &mut out[..];
    let outs: Vec<&mut [T]> = (0..shares)
        .map(|_| {
            let size = (share * per_image).min(rest.len());
            let (piece, later) = std::mem::take(&mut rest).split_at_mut(size);
            rest = later;
            piece
        })
        .collect();
    let mut sums: Vec<T> = unfilled(shares * patch * g.o);
    let shares = sums.chunks_mut(patch * g.o).zip(outs).enumerate();
    let results: Vec<Vec<R>> = map(shares, |(i, (sum, mut rest))| {
        let (first, end) = (i * share, ((i + 1) * share).min(g.n));
        let mut results = Vec::new();
        for start in (first..end).step_by(group) {
            let count = group.min(end - start);
            let rows = count * g.oh * g.ow;
            let (out, later) = std::mem::take(&mut rest).split_at_mut(count * per_image);
            rest = later;
            T::with_scratch(padded_len(g) + rows * (stride + g.o), |scratch| {
                let (image, scratch) = scratch.split_at_mut(padded_len(g));
                let (rows_of, other) = scratch.split_at_mut(rows * stride);
                patches(g, big, start, count, image, rows_of);
                write(small, start * g.oh * g.ow * g.o, g.o, other);
                let left = Left::plain(rows_of, (patch, rows), 1, stride);
                let right = Right { data: other, columns: g.o, panel_stride: PANEL, depth_stride: g.o };
                product(Out::rows(sum, g.o), left, right, start > first);
                if wanted {
                    multiply_patches(g, rows, rows_of, &packed, out);
                }
            });
            results.push(after(start, out));
        }
        results
    });
    let mut gradient = vec![T::zero(); patch * g.o];
    let taps = g.kh * g.kw;
    for sum in sums.chunks_exact(patch * g.o) {
        for (k, row) in sum.chunks_exact(g.o).enumerate() {
            for (o, v) in row.iter().enumerate() {
                gradient[(o * g.c + k % g.c) * taps + k / g.c] += *v;
            }
        }
    }
    (gradient, out, results.into_iter().flatten().collect())
}

vectorised! {
fn write<T: Real; S: Source>(source: S, at: usize, c: usize, out: &mut [T]) {
    source.write(at, c, out);
}
}

/// [n, oh, ow, o] to [n, h, w, c], or at once to [n, c, h, w], for stride 1: the adjoint of [`convolve`].
pub(crate) fn adjoint<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    small: S,
    weight: &[T],
    to: Channels,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    let (taps, pixels) = (g.kh * g.kw, g.oh * g.ow);
    // OIHW to [kh, kw, c][o].
    let mut packed = vec![T::zero(); weight.len()];
    for (k, row) in packed.chunks_exact_mut(g.o).enumerate() {
        for (o, v) in row.iter_mut().enumerate() {
            *v = weight[(o * g.c + k % g.c) * taps + k / g.c];
        }
    }
    let (columns, per_image) = (whole_panels(pixels), g.h * g.w * g.c);
    // The planes of the sums are the result.
    let direct = g.c == 1 || to == Channels::First;
    let mut out: Vec<T> = unfilled(g.n * per_image);
    let results = map(out.chunks_mut(per_image).enumerate(), |(image, out)| {
        T::with_scratch((PANEL + columns) * g.o + g.patch() * columns + if direct { 0 } else { per_image }, |scratch| {
            let (rows, scratch) = scratch.split_at_mut(PANEL * g.o);
            let (across, scratch) = scratch.split_at_mut(columns * g.o);
            let (spread, planes) = scratch.split_at_mut(g.patch() * columns);
            const AHEAD: usize = 4 * PANEL;
            // [pixels, o] to [panel of pixels][o][32]; pixels past the end are zero.
            for (panel, across) in across.chunks_exact_mut(PANEL * g.o).enumerate() {
                let first = panel * PANEL;
                let count = PANEL.min(pixels - first);
                if count < PANEL {
                    across.fill(T::zero());
                }
                small.fetch((image * pixels + first + AHEAD) * g.o, PANEL * g.o);
                write(small, (image * pixels + first) * g.o, g.o, &mut rows[..count * g.o]);
                transpose(Rows { data: rows, stride: g.o }, (count, g.o), across, PANEL);
            }
            let left = Left::plain(&packed, (g.patch(), g.o), g.o, 1);
            let right = Right { data: across, columns, panel_stride: g.o * PANEL, depth_stride: PANEL };
            product(Out::rows(spread, columns), left, right, false);
            if direct {
                add_planes(g, columns, spread, out);
            } else {
                add_planes(g, columns, spread, planes);
                transpose(Rows { data: planes, stride: g.h * g.w }, (g.c, g.h * g.w), out, g.c);
            }
        });
        after(image, out)
    });
    (out, results)
}

vectorised! {
/// The planes [kh, kw, c][oh, ow] of the taps, shifted, as sums [c][h, w].
fn add_planes<T: Real>(g: &Geometry, columns: usize, spread: &[T], planes: &mut [T]) {
    planes.fill(T::zero());
    for (k, plane) in spread.chunks_exact(columns).enumerate() {
        let (ky, kx, c) = (k / g.c / g.kw, k / g.c % g.kw, k % g.c);
        // Small column x sits on big column x + kx - left.
        let skip = g.left.saturating_sub(kx);
        let at = kx.saturating_sub(g.left);
        let count = g.ow.saturating_sub(skip).min(g.w.saturating_sub(at));
        for oy in 0..g.oh {
            let Some(y) = (oy + ky).checked_sub(g.top).filter(|y| *y < g.h) else { continue };
            let out = &mut planes[(c * g.h + y) * g.w + at..][..count];
            for (o, v) in out.iter_mut().zip(&plane[oy * g.ow + skip..][..count]) {
                *o += *v;
            }
        }
    }
}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::direct;
    use crate::geometry::same_padding;
    use crate::source::Plain;

    fn values(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 37 + i / 7 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    fn same(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10));
    }

    #[test]
    fn agrees_with_the_direct_kernels() {
        for (n, h, w, k, s, c, o) in
            [(3, 7, 9, 4, 1, 1, 16), (9, 6, 5, 5, 1, 3, 32), (2, 8, 7, 5, 2, 3, 16), (1, 1, 2, 4, 2, 7, 48), (2, 4, 4, 2, 3, 2, 16)]
        {
            let (oh, ow) = (usize::div_ceil(h, s), usize::div_ceil(w, s));
            let (top, left) = (same_padding(h, k, s).0, same_padding(w, k, s).0);
            let g = Geometry { n, h, w, c, oh, ow, o, kh: k, kw: k, sh: s, sw: s, top, left };
            assert!(fits(&g));
            let (big, small, weight) = (values(g.big_len(), 1), values(g.small_len(), 2), values(o * c * k * k, 3));
            let convolved = direct::convolve(&g, &big, &weight, None);
            same(&convolve(&g, Plain(&big), &weight, |_, _| ()).0, &convolved);
            let (dw, dx, _) = backward(&g, Plain(&big), Plain(&small), &weight, true, |_, _| ());
            same(&dw, &direct::weight_gradient(&g, &big, &small));
            same(&dx, &convolved);
            if fits_adjoint(&g) {
                same(&adjoint(&g, Plain(&small), &weight, Channels::Last, |_, _| ()).0, &direct::adjoint(&g, &small, &weight, None));
                let first = Channels::First.take_inward(adjoint(&g, Plain(&small), &weight, Channels::First, |_, _| ()).0, (h, w, c));
                same(&first, &direct::adjoint(&g, &small, &weight, None));
            }
        }
    }
}
