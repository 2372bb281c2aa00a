//! A matrix in memory to its transpose, sixteen rows by sixteen columns in registers at a time.
#![expect(unsafe_code, reason = "instructions of the processor; `transpose` checks every extent first")]

use crate::real::Real;
use crate::simd::vectorised;

/// Channels of a colour image, the only narrow matrices of a training step.
const COLOURS: usize = 3;
/// Rows and columns of a square that is turned at once.
const SQUARE: usize = 16;

/// A matrix inside a slice: element (i, j) is `data[i * stride + j]`.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) stride: usize,
}

/// The first `rows` rows of `columns` elements of `x` as the columns of `out`, whose rows start `stride` elements apart.
pub(crate) fn transpose<T: Real>(x: Rows<'_, T>, (rows, columns): (usize, usize), out: &mut [T], stride: usize) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!((rows - 1) * x.stride + columns <= x.data.len());
    assert!((columns - 1) * stride + rows <= out.len());
    if rows < SQUARE || columns < SQUARE {
        return narrow(x, (rows, columns), out, stride);
    }
    // The last square of a line overlaps the one before it where sixteen does not divide the line.
    for r in (0..rows).step_by(SQUARE).map(|r| r.min(rows - SQUARE)) {
        for c in (0..columns).step_by(SQUARE).map(|c| c.min(columns - SQUARE)) {
            // SAFETY: r + 16 <= rows and c + 16 <= columns, so by the assertions above the square lies inside both slices.
            unsafe { square(x.data.as_ptr().add(r * x.stride + c), x.stride, out.as_mut_ptr().add(c * stride + r), stride) };
        }
    }
}

/// One by one, along the lines of the result.
fn narrow<T: Real>(x: Rows<'_, T>, (rows, columns): (usize, usize), out: &mut [T], stride: usize) {
    if (rows, stride) == (COLOURS, COLOURS) {
        return from_planes(x.data, x.stride, &mut out[..columns * COLOURS]);
    }
    if (columns, x.stride) == (COLOURS, COLOURS) {
        return to_planes(&x.data[..rows * COLOURS], out, stride);
    }
    for (c, line) in out.chunks_mut(stride.max(1)).take(columns).enumerate() {
        for (o, v) in line[..rows].iter_mut().zip(x.data[c..].iter().step_by(x.stride.max(1))) {
            *o = *v;
        }
    }
}

vectorised! {
/// Three planes, `stride` apart, to pixels.
fn from_planes<T: Real>(x: &[T], stride: usize, out: &mut [T]) {
    let pixels = out.len() / COLOURS;
    let planes: [&[T]; COLOURS] = std::array::from_fn(|c| &x[c * stride..][..pixels]);
    for (i, pixel) in out.chunks_exact_mut(COLOURS).enumerate() {
        for (v, plane) in pixel.iter_mut().zip(planes) {
            *v = plane[i];
        }
    }
}
}

vectorised! {
/// Pixels to three planes, `stride` apart.
fn to_planes<T: Real>(x: &[T], out: &mut [T], stride: usize) {
    for c in 0..COLOURS {
        for (v, pixel) in out[c * stride..].iter_mut().zip(x.chunks_exact(COLOURS)) {
            *v = pixel[c];
        }
    }
}
}

/// # Safety
/// Sixteen rows of sixteen elements, `from` and `to` each so many apart, are readable at `x` and writable at `out`.
unsafe fn square<T: Real>(x: *const T, from: usize, out: *mut T, to: usize) {
    // SAFETY: the caller vouches for the extents, level() for the processor; the pointers are cast to what they are.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if crate::real::is_f32::<T>() {
            use crate::simd::{Level, level};
            match level() {
                Level::V4 => return x86::sixteen(x.cast(), from, out.cast(), to),
                Level::V3 => return x86::four_of_eight(x.cast(), from, out.cast(), to),
                Level::Baseline => {}
            }
        }
        for c in 0..SQUARE {
            for r in 0..SQUARE {
                *out.add(c * to + r) = *x.add(r * from + c);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// # Safety
    /// As `square`, on a processor with AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn sixteen(x: *const f32, from: usize, out: *mut f32, to: usize) {
        // SAFETY: the caller's promise; loads and stores are unaligned ones.
        unsafe {
            // Four rows each: quarter q of `fours[4 g + k]` is column 4 q + k of rows 4 g to 4 g + 3.
            let mut fours = [_mm512_setzero_ps(); 16];
            for g in 0..4 {
                let row = |i: usize| _mm512_loadu_ps(x.add((4 * g + i) * from));
                let (low, high) = (_mm512_unpacklo_ps(row(0), row(1)), _mm512_unpackhi_ps(row(0), row(1)));
                let (next_low, next_high) = (_mm512_unpacklo_ps(row(2), row(3)), _mm512_unpackhi_ps(row(2), row(3)));
                let pair = |a, b| (_mm512_castps_pd(a), _mm512_castps_pd(b));
                let ((a, b), (c, d)) = (pair(low, next_low), pair(high, next_high));
                fours[4 * g] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                fours[4 * g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
                fours[4 * g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d));
                fours[4 * g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
            }
            for k in 0..4 {
                let (a, b, c, d) = (fours[k], fours[4 + k], fours[8 + k], fours[12 + k]);
                // Even quarters of two vectors, and odd ones.
                let (even, odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
                let (next_even, next_odd) = (_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xdd>(c, d));
                _mm512_storeu_ps(out.add(k * to), _mm512_shuffle_f32x4::<0x88>(even, next_even));
                _mm512_storeu_ps(out.add((4 + k) * to), _mm512_shuffle_f32x4::<0x88>(odd, next_odd));
                _mm512_storeu_ps(out.add((8 + k) * to), _mm512_shuffle_f32x4::<0xdd>(even, next_even));
                _mm512_storeu_ps(out.add((12 + k) * to), _mm512_shuffle_f32x4::<0xdd>(odd, next_odd));
            }
        }
    }

    /// # Safety
    /// As `square`, on a processor with AVX.
    #[target_feature(enable = "avx")]
    pub(super) unsafe fn four_of_eight(x: *const f32, from: usize, out: *mut f32, to: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            for (r, c) in [(0, 0), (0, 8), (8, 0), (8, 8)] {
                eight(x.add(r * from + c), from, out.add(c * to + r), to);
            }
        }
    }

    /// # Safety
    /// As `square`, of eight rows and columns.
    #[target_feature(enable = "avx")]
    unsafe fn eight(x: *const f32, from: usize, out: *mut f32, to: usize) {
        // SAFETY: the caller's promise; loads and stores are unaligned ones.
        unsafe {
            // Half q of `fours[4 g + k]` is column 4 q + k of rows 4 g to 4 g + 3.
            let mut fours = [_mm256_setzero_ps(); 8];
            for g in 0..2 {
                let row = |i: usize| _mm256_loadu_ps(x.add((4 * g + i) * from));
                let (low, high) = (_mm256_unpacklo_ps(row(0), row(1)), _mm256_unpackhi_ps(row(0), row(1)));
                let (next_low, next_high) = (_mm256_unpacklo_ps(row(2), row(3)), _mm256_unpackhi_ps(row(2), row(3)));
                fours[4 * g] = _mm256_shuffle_ps::<0x44>(low, next_low);
                fours[4 * g + 1] = _mm256_shuffle_ps::<0xee>(low, next_low);
                fours[4 * g + 2] = _mm256_shuffle_ps::<0x44>(high, next_high);
                fours[4 * g + 3] = _mm256_shuffle_ps::<0xee>(high, next_high);
            }
            for k in 0..4 {
                let (a, b) = (fours[k], fours[4 + k]);
                _mm256_storeu_ps(out.add(k * to), _mm256_permute2f128_ps::<0x20>(a, b));
                _mm256_storeu_ps(out.add((4 + k) * to), _mm256_permute2f128_ps::<0x31>(a, b));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Real>() {
        let shapes = [(16, 16), (17, 16), (16, 33), (49, 128), (100, 50), (3, 70), (70, 4), (1, 1), (15, 15), (0, 3), (3, 0)];
        for (rows, columns) in shapes {
            for (from, to) in [(columns, rows), (columns + 5, rows + 3)] {
                let x: Vec<T> = (0..rows * from).map(|i| T::from_f64(i as f64)).collect();
                let mut out = vec![T::from_f64(-1.0); columns * to];
                transpose(Rows { data: &x, stride: from }, (rows, columns), &mut out, to);
                for (i, v) in out.iter().enumerate() {
                    let (c, r) = (i / to, i % to);
                    let expected = if r < rows { (r * from + c) as f64 } else { -1.0 };
                    assert_eq!(v.to_f64(), expected, "{rows}x{columns}, {from} and {to} apart, at {i}");
                }
            }
        }
    }

    #[test]
    fn rows_become_columns_and_nothing_else_is_written() {
        check::<f32>();
        check::<f64>();
    }

    /// On a processor with wider vectors `transpose` does not take these.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn narrower_squares_are_the_same() {
        if !std::arch::is_x86_feature_detected!("avx") {
            return;
        }
        let x: Vec<f32> = (0..16 * 20).map(|i| i as f32).collect();
        let mut out = vec![-1.0f32; 16 * 18];
        // SAFETY: sixteen rows of sixteen elements, 20 and 18 apart, on a processor with AVX.
        unsafe { x86::four_of_eight(x.as_ptr(), 20, out.as_mut_ptr(), 18) };
        for (i, v) in out.iter().enumerate() {
            let (c, r) = (i / 18, i % 18);
            assert_eq!(*v, if r < 16 { (r * 20 + c) as f32 } else { -1.0 });
        }
    }

    #[test]
    #[should_panic(expected = "assertion")]
    fn a_result_that_ends_early_is_refused() {
        let (x, mut out) = (vec![0.0; 256], vec![0.0; 255]);
        transpose::<f64>(Rows { data: &x, stride: 16 }, (16, 16), &mut out, 16);
    }
}
