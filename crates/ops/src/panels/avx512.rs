//! 14 rows by two vectors of sixteen: 28 sums, two vectors of the panel, one broadcast element.

use super::block::{Block, PANEL, by_rows};
use std::arch::x86_64::*;

pub(super) const ROWS: usize = 14;

/// # Safety
/// As `kernels::multiply`, on a processor with AVX-512F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn block(rows: usize, block: Block<f32>) {
    // SAFETY: the caller's promise.
    unsafe {
        if block.half {
            by_rows!(rows, block, half: 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
        } else if block.row_stride == 1 && block.a_depth_stride > 2 * PANEL {
            by_rows!(rows, block, ahead: 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
        } else {
            by_rows!(rows, block, whole: 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn whole<const R: usize>(block: Block<f32>) {
    // SAFETY: the caller's promise.
    unsafe {
        match block.next {
            Some(next) => fixed::<R, 2, false, true>(block, next),
            None => fixed::<R, 2, false, false>(block, block.b),
        }
    }
}

/// For a left side read across its lines: each step of depth is on another page, where the
/// processor does not fetch ahead by itself.
#[target_feature(enable = "avx512f")]
unsafe fn ahead<const R: usize>(block: Block<f32>) {
    // SAFETY: the caller's promise.
    unsafe { fixed::<R, 2, true, false>(block, block.b) }
}

#[target_feature(enable = "avx512f")]
unsafe fn half<const R: usize>(block: Block<f32>) {
    // SAFETY: the caller's promise.
    unsafe { fixed::<R, 1, false, false>(block, block.b) }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn fixed<const R: usize, const V: usize, const AHEAD: bool, const NEXT: bool>(block: Block<f32>, mut next: *const f32) {
    let Block { mut depth, mut a, row_stride, a_depth_stride, run, jump, mut b, b_depth_stride, out, out_stride, accumulate, .. } = block;
    // SAFETY: rows 0..R and depth 0..depth of both sides, and 16 V columns of R rows of `out`, are
    // readable (and writable) by the caller's promise; loads and stores are unaligned ones.
    unsafe {
        // Rows by their distance from one of two pointers, hidden from the compiler, which would
        // otherwise walk from row to row: a chain of additions longer than the products take.
        let far = std::hint::black_box(row_stride * ROWS / 2);
        let offsets: [usize; ROWS / 2] = std::array::from_fn(|i| std::hint::black_box(i * row_stride));
        let mut sums = [[_mm512_setzero_ps(); V]; R];
        for i in 0..R {
            for v in 0..V {
                _mm_prefetch::<_MM_HINT_ET0>(out.wrapping_add(i * out_stride + 16 * v).cast());
            }
        }
        while depth > 0 {
            let steps = run.min(depth);
            for _ in 0..steps {
                if AHEAD {
                    const STEPS: usize = 6;
                    let (a, b) = (a.wrapping_add(STEPS * a_depth_stride), b.wrapping_add(STEPS * b_depth_stride));
                    _mm_prefetch::<_MM_HINT_T0>(a.cast());
                    _mm_prefetch::<_MM_HINT_T0>(a.wrapping_add(R - 1).cast());
                    _mm_prefetch::<_MM_HINT_T0>(b.cast());
                    _mm_prefetch::<_MM_HINT_T0>(b.wrapping_add(16).cast());
                }
                if NEXT {
                    _mm_prefetch::<_MM_HINT_T1>(next.cast());
                    _mm_prefetch::<_MM_HINT_T1>(next.wrapping_add(16).cast());
                    next = next.wrapping_add(b_depth_stride);
                }
                let mut line = [_mm512_setzero_ps(); V];
                for (v, line) in line.iter_mut().enumerate() {
                    *line = _mm512_loadu_ps(b.add(16 * v));
                }
                for (i, sums) in sums.iter_mut().enumerate() {
                    let from = if i < ROWS / 2 { a } else { a.wrapping_add(far) };
                    let x = _mm512_set1_ps(*from.add(offsets[i % (ROWS / 2)]));
                    for (sum, line) in sums.iter_mut().zip(line) {
                        *sum = _mm512_fmadd_ps(x, line, *sum);
                    }
                }
                a = a.wrapping_add(a_depth_stride);
                b = b.wrapping_add(b_depth_stride);
            }
            a = a.wrapping_add(jump);
            depth -= steps;
        }
        for (i, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                let at = out.add(i * out_stride + 16 * v);
                let value = if accumulate { _mm512_add_ps(_mm512_loadu_ps(at), *sum) } else { *sum };
                _mm512_storeu_ps(at, value);
            }
        }
    }
}
