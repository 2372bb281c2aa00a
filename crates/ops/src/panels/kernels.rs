//! The kernel for a dtype on this processor.

use super::block::Block;
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::real::Real;
#[cfg(target_arch = "x86_64")]
use crate::real::is_f32;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Level, level};

/// Rows that the fastest kernel takes at once.
pub(super) fn rows_of_a_block<T: Real>() -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_f32::<T>() {
        match level() {
            Level::V4 => return avx512::ROWS,
            Level::V3 => return avx2::ROWS,
            Level::Baseline => {}
        }
    }
    portable::ROWS
}

/// # Safety
/// Both sides and the result reach as far as `rows` and the block's depth and strides say, 32
/// columns wide or 16; `rows` is at most `rows_of_a_block()`.
pub(super) unsafe fn multiply<T: Real>(rows: usize, block: Block<T>) {
    // SAFETY: the caller vouches for the extents, level() for the processor; the pointers are cast to what they are.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if is_f32::<T>() {
            match level() {
                Level::V4 => return avx512::block(rows, block.cast()),
                Level::V3 => return avx2::block(rows, block.cast()),
                Level::Baseline => {}
            }
        }
        portable::block(rows, block);
    }
}
