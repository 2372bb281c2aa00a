//! Small matrix products on one thread, with the right side cut into panels of 32 columns.
//!
//! The `gemm` crate packs both sides of every product. Where the caller can lay out the right
//! side once for many products, or where it lies well already, these kernels read both sides in
//! place: AVX-512 keeps 14 rows of a panel in registers, AVX2 three rows, other processors what
//! the compiler makes of the plain loop.
#![expect(unsafe_code, reason = "kernels that read by pointer; `product` checks every extent first")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use crate::real::Real;

/// Columns of a panel.
pub(crate) const PANEL: usize = 32;

/// Columns of half a panel, the narrowest product.
pub(crate) const HALF: usize = PANEL / 2;

/// Rounds a number of columns up to whole panels.
pub(crate) fn whole_panels(columns: usize) -> usize {
    columns.div_ceil(PANEL) * PANEL
}

/// The left side: element (i, p) is `data[i * row_stride + p * depth_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) row_stride: usize,
    pub(crate) depth_stride: usize,
}

/// The right side: row p of panel j is the 32 numbers from `data[j * panel_stride + p * depth_stride]` on.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a, T> {
    pub(crate) data: &'a [T],
    /// Columns that count, in whole halves of a panel.
    pub(crate) columns: usize,
    pub(crate) panel_stride: usize,
    pub(crate) depth_stride: usize,
}

/// What a kernel for a few rows of one panel takes; it trusts the extents.
#[derive(Clone, Copy)]
struct Block<T> {
    depth: usize,
    a: *const T,
    row_stride: usize,
    a_depth_stride: usize,
    b: *const T,
    b_depth_stride: usize,
    out: *mut T,
    out_stride: usize,
    accumulate: bool,
    /// Where the right side of the next panel starts, for one block of each panel to fetch ahead: what
    /// follows comes from memory, and the processor does not fetch across pages by itself.
    next: Option<*const T>,
    /// Only the first half of the panel counts.
    half: bool,
}

/// `out = left right`, or `out += left right`; `out` has rows of `out_stride` numbers, of which
/// `right.columns` are written.
pub(crate) fn product<T: Real>(out: &mut [T], out_stride: usize, left: Left<'_, T>, right: Right<'_, T>, accumulate: bool) {
    let columns = right.columns;
    if left.rows == 0 || columns == 0 {
        return;
    }
    let panels = columns.div_ceil(PANEL);
    assert!(columns.is_multiple_of(HALF) && columns <= out_stride && (left.rows - 1) * out_stride + columns <= out.len());
    if left.depth > 0 {
        let last = (left.rows - 1) * left.row_stride + (left.depth - 1) * left.depth_stride;
        assert!(last < left.data.len());
        let last = (panels - 1) * right.panel_stride + (left.depth - 1) * right.depth_stride;
        assert!(last + (columns - (panels - 1) * PANEL) <= right.data.len());
    }
    let most = T::rows_of_a_block();
    let blocks = left.rows.div_ceil(most);
    // A stretch of the left side stays in the second-level cache while all panels meet it.
    const DEPTH: usize = 512;
    let stretches = left.depth.div_ceil(DEPTH).max(1);
    for stretch in 0..stretches {
        let start = stretch * left.depth / stretches;
        let depth = (stretch + 1) * left.depth / stretches - start;
        for panel in 0..panels {
            for block in 0..blocks {
                // Rows shared out evenly: a last block of one row would run at a fraction of the speed.
                let first = block * left.rows / blocks;
                let rows = (block + 1) * left.rows / blocks - first;
                // SAFETY: rows first..first + rows, depth start..start + depth and columns panel * 32..
                // of each side lie inside their slices by the assertions above (with depth 0 neither
                // side is read), and `out` is borrowed mutably, so it overlaps neither side.
                unsafe {
                    let a = first * left.row_stride + start * left.depth_stride;
                    let b = panel * right.panel_stride + start * right.depth_stride;
                    let block = Block {
                        depth,
                        a: left.data.as_ptr().wrapping_add(a),
                        row_stride: left.row_stride,
                        a_depth_stride: left.depth_stride,
                        b: right.data.as_ptr().wrapping_add(b),
                        b_depth_stride: right.depth_stride,
                        out: out.as_mut_ptr().add(first * out_stride + panel * PANEL),
                        out_stride,
                        accumulate: accumulate || stretch > 0,
                        next: (block == 0).then(|| right.data.as_ptr().wrapping_add(b + right.panel_stride)),
                        half: columns - panel * PANEL < PANEL,
                    };
                    T::block(rows, block);
                }
            }
        }
    }
}

/// Which kernels a kind of number has.
pub(crate) trait Kernels: Sized {
    /// Rows that the fastest kernel of this processor takes at once.
    fn rows_of_a_block() -> usize;
    /// # Safety
    /// Both sides and the result reach as far as `rows` and the block's depth and strides say, 32
    /// columns wide or 16; `rows` is at most `rows_of_a_block()`.
    #[expect(private_interfaces, reason = "called by `product` alone")]
    unsafe fn block(rows: usize, block: Block<Self>);
}

/// Calls a kernel with the number of rows as a constant.
macro_rules! by_rows {
    ($rows:expr, $block:expr, $kernel:ident: $($n:literal)*) => {
        match $rows {
            $($n => $kernel::<$n>($block),)*
            _ => {}
        }
    };
}
#[cfg(target_arch = "x86_64")]
use by_rows;

impl Kernels for f32 {
    fn rows_of_a_block() -> usize {
        #[cfg(target_arch = "x86_64")]
        match crate::simd::level() {
            crate::simd::Level::V4 => return avx512::ROWS,
            crate::simd::Level::V3 => return avx2::ROWS,
            crate::simd::Level::Baseline => {}
        }
        portable::ROWS
    }

    #[expect(private_interfaces, reason = "called by `product` alone")]
    unsafe fn block(rows: usize, block: Block<Self>) {
        // SAFETY: the caller vouches for the extents, level() for the processor.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            match crate::simd::level() {
                crate::simd::Level::V4 => return avx512::block(rows, block),
                crate::simd::Level::V3 => return avx2::block(rows, block),
                crate::simd::Level::Baseline => {}
            }
            portable::block(rows, block);
        }
    }
}

impl Kernels for f64 {
    fn rows_of_a_block() -> usize {
        portable::ROWS
    }

    #[expect(private_interfaces, reason = "called by `product` alone")]
    unsafe fn block(rows: usize, block: Block<Self>) {
        // SAFETY: the caller vouches for the extents.
        unsafe { portable::block(rows, block) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 37 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    fn check<T: Real + std::fmt::Debug>(tolerance: f64) {
        for (rows, depth, halves) in [(1, 1, 1), (14, 5, 2), (15, 33, 4), (61, 7, 5), (3, 0, 2), (29, 4, 3), (16, 1100, 1)] {
            for (row_stride, depth_stride) in [(depth + 3, 1), (1, rows + 2)] {
                let panels = usize::div_ceil(halves, 2);
                let to = |v: Vec<f64>| v.into_iter().map(T::from_f64).collect::<Vec<_>>();
                let a = to(numbers((rows + 3) * (depth + 3), 1));
                let b = to(numbers(panels * (depth + 1) * PANEL, 2));
                let (out_stride, columns) = (panels * PANEL + 5, halves * HALF);
                let mut out = to(numbers(rows * out_stride, 3));
                let before = out.clone();
                let left = Left { data: &a, rows, depth, row_stride, depth_stride };
                let right = Right { data: &b, columns, panel_stride: depth * PANEL, depth_stride: PANEL };
                for accumulate in [false, true] {
                    product(&mut out, out_stride, left, right, accumulate);
                    let times = if accumulate { 2.0 } else { 1.0 };
                    for i in 0..rows {
                        for j in 0..columns {
                            let sum: f64 = (0..depth)
                                .map(|p| {
                                    let b = b[j / PANEL * depth * PANEL + p * PANEL + j % PANEL];
                                    a[i * row_stride + p * depth_stride].to_f64() * b.to_f64()
                                })
                                .sum();
                            assert!((out[i * out_stride + j].to_f64() - times * sum).abs() < tolerance);
                        }
                        for j in columns..out_stride {
                            assert_eq!(out[i * out_stride + j], before[i * out_stride + j]);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn products_agree_with_the_plain_sum() {
        check::<f32>(1e-4);
        check::<f64>(1e-12);
    }
}
