//! One row at a time, for processors without a kernel and for `f64`.

use super::block::{Block, HALF, PANEL};
use crate::real::Real;

pub(super) const ROWS: usize = 1;

/// # Safety
/// As `kernels::multiply`.
pub(super) unsafe fn block<T: Real>(rows: usize, block: Block<T>) {
    // SAFETY: the caller's promise.
    unsafe { if block.half { columns::<T, HALF>(rows, block) } else { columns::<T, PANEL>(rows, block) } }
}

unsafe fn columns<T: Real, const N: usize>(rows: usize, block: Block<T>) {
    let Block { depth, a, row_stride, a_depth_stride, run, jump, b, b_depth_stride, out, out_stride, accumulate, .. } = block;
    for i in 0..rows {
        let mut sum = [T::zero(); N];
        for p in 0..depth {
            // SAFETY: element (i, p) of the left side and row p of the panel are readable by the
            // caller's promise.
            let (x, line) = unsafe {
                (
                    *a.wrapping_add(i * row_stride + p * a_depth_stride + (p / run).wrapping_mul(jump)),
                    &*b.add(p * b_depth_stride).cast::<[T; N]>(),
                )
            };
            for (s, v) in sum.iter_mut().zip(line) {
                *s += x * *v;
            }
        }
        // SAFETY: row i of the result has N writable columns, which nothing else borrows.
        let row = unsafe { &mut *out.add(i * out_stride).cast::<[T; N]>() };
        for (o, s) in row.iter_mut().zip(sum) {
            *o = if accumulate { *o + s } else { s };
        }
    }
}
