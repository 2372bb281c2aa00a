//! Six rows by two vectors of eight, over the two halves of a panel in turn.

use super::block::{Block, HALF, by_rows};
use std::arch::x86_64::*;

pub(super) const ROWS: usize = 6;

/// # Safety
/// As `kernels::multiply`, on a processor with AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn block(rows: usize, block: Block<f32>) {
    for half in if block.half { 0..1 } else { 0..2 } {
        let half = half * HALF;
        // SAFETY: the caller's promise; both halves lie inside the panel's 32 columns.
        unsafe {
            let block = Block { b: block.b.wrapping_add(half), out: block.out.add(half), ..block };
            by_rows!(rows, block, fixed: 1 2 3 4 5 6);
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn fixed<const R: usize>(block: Block<f32>) {
    let Block { mut depth, mut a, row_stride, a_depth_stride, run, jump, mut b, b_depth_stride, out, out_stride, accumulate, .. } = block;
    // SAFETY: as in the AVX-512 kernel, 16 columns wide.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); 2]; R];
        while depth > 0 {
            let steps = run.min(depth);
            for _ in 0..steps {
                let (b0, b1) = (_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8)));
                for (i, sum) in sums.iter_mut().enumerate() {
                    let x = _mm256_broadcast_ss(&*a.add(i * row_stride));
                    sum[0] = _mm256_fmadd_ps(x, b0, sum[0]);
                    sum[1] = _mm256_fmadd_ps(x, b1, sum[1]);
                }
                a = a.wrapping_add(a_depth_stride);
                b = b.wrapping_add(b_depth_stride);
            }
            a = a.wrapping_add(jump);
            depth -= steps;
        }
        for (i, sum) in sums.iter().enumerate() {
            for (v, sum) in sum.iter().enumerate() {
                let at = out.add(i * out_stride + 8 * v);
                let value = if accumulate { _mm256_add_ps(_mm256_loadu_ps(at), *sum) } else { *sum };
                _mm256_storeu_ps(at, value);
            }
        }
    }
}
