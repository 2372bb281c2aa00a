//! 14 rows by two vectors of sixteen: 28 sums, two vectors of the panel, one broadcast number.

use super::{Block, by_rows};
use std::arch::x86_64::*;

pub(super) const ROWS: usize = 14;

/// # Safety
/// As `Kernels::block`, on a processor with AVX-512F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn block(rows: usize, block: Block<f32>) {
    // SAFETY: the caller's promise.
    unsafe { by_rows!(rows, block, fixed: 1 2 3 4 5 6 7 8 9 10 11 12 13 14) }
}

#[target_feature(enable = "avx512f")]
unsafe fn fixed<const R: usize>(block: Block<f32>) {
    let Block { depth, mut a, row_stride, a_depth_stride, mut b, b_depth_stride, out, out_stride, accumulate } = block;
    // SAFETY: rows 0..R and depth 0..depth of both sides, and 32 columns of R rows of `out`, are
    // readable (and writable) by the caller's promise; loads and stores are unaligned ones.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); 2]; R];
        for _ in 0..depth {
            let (b0, b1) = (_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(16)));
            for (i, sum) in sums.iter_mut().enumerate() {
                let x = _mm512_set1_ps(*a.add(i * row_stride));
                sum[0] = _mm512_fmadd_ps(x, b0, sum[0]);
                sum[1] = _mm512_fmadd_ps(x, b1, sum[1]);
            }
            a = a.wrapping_add(a_depth_stride);
            b = b.wrapping_add(b_depth_stride);
        }
        for (i, sum) in sums.iter().enumerate() {
            let row = out.add(i * out_stride);
            if accumulate {
                _mm512_storeu_ps(row, _mm512_add_ps(_mm512_loadu_ps(row), sum[0]));
                _mm512_storeu_ps(row.add(16), _mm512_add_ps(_mm512_loadu_ps(row.add(16)), sum[1]));
            } else {
                _mm512_storeu_ps(row, sum[0]);
                _mm512_storeu_ps(row.add(16), sum[1]);
            }
        }
    }
}
