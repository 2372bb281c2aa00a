//! Small matrix products on one thread, with the right side cut into panels of 32 columns.
//!
//! The `gemm` crate packs both sides of every product. These kernels read both sides in place, for callers that lay out the
//! right side once for many products. AVX-512 keeps 14 rows of a panel in registers, AVX2 six rows of half a panel; other
//! processors use a plain loop.
#![expect(unsafe_code, reason = "kernels that read by pointer; `product` checks every extent first")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
mod kernels;
mod portable;

pub(crate) use block::{HALF, PANEL};

use crate::real::Real;
use block::Block;

/// Rounds a number of columns up to whole panels.
pub(crate) fn whole_panels(columns: usize) -> usize {
    columns.div_ceil(PANEL) * PANEL
}

/// The left side: element (i, p) is `data[i * row_stride + p % run * depth_stride + p / run * run_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) row_stride: usize,
    pub(crate) depth_stride: usize,
    /// Steps of the depth until the next stretch of memory.
    pub(crate) run: usize,
    pub(crate) run_stride: usize,
}

impl<'a, T> Left<'a, T> {
    /// Element (i, p) is `data[i * row_stride + p * depth_stride]`.
    pub(crate) fn plain(data: &'a [T], (rows, depth): (usize, usize), row_stride: usize, depth_stride: usize) -> Self {
        Self { data, rows, depth, row_stride, depth_stride, run: depth.max(1), run_stride: 0 }
    }

    /// Element (i, p) is column p % 32 of row i of panel p / 32; panels have `panel_rows` rows.
    pub(crate) fn panels(data: &'a [T], rows: usize, depth: usize, panel_rows: usize) -> Self {
        Self { data, rows, depth, row_stride: PANEL, depth_stride: 1, run: PANEL, run_stride: panel_rows * PANEL }
    }

    /// Where column `p` starts.
    fn column(&self, p: usize) -> usize {
        p % self.run * self.depth_stride + p / self.run * self.run_stride
    }
}

/// Where a product goes: column j of row i is `data[i * row_stride + j / 32 * panel_stride + j % 32]`.
pub(crate) struct Out<'a, T> {
    pub(crate) data: &'a mut [T],
    pub(crate) row_stride: usize,
    pub(crate) panel_stride: usize,
}

impl<'a, T> Out<'a, T> {
    /// Whole rows of `row_stride` elements.
    pub(crate) fn rows(data: &'a mut [T], row_stride: usize) -> Self {
        Self { data, row_stride, panel_stride: PANEL }
    }

    /// Panels of `rows` rows.
    pub(crate) fn panels(data: &'a mut [T], rows: usize) -> Self {
        Self { data, row_stride: PANEL, panel_stride: rows * PANEL }
    }
}

/// The right side: row p of panel j is the 32 elements from `data[j * panel_stride + p * depth_stride]` on.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a, T> {
    pub(crate) data: &'a [T],
    /// Columns that count, in whole halves of a panel.
    pub(crate) columns: usize,
    pub(crate) panel_stride: usize,
    pub(crate) depth_stride: usize,
}

/// `out = left right`, or `out += left right`; `right.columns` of each row are written.
pub(crate) fn product<T: Real>(out: Out<'_, T>, left: Left<'_, T>, right: Right<'_, T>, accumulate: bool) {
    let columns = right.columns;
    if left.rows == 0 || columns == 0 {
        return;
    }
    let panels = columns.div_ceil(PANEL);
    let last_width = columns - (panels - 1) * PANEL;
    let last = (left.rows - 1) * out.row_stride + (panels - 1) * out.panel_stride + last_width;
    assert!(columns.is_multiple_of(HALF) && last <= out.data.len());
    // Rows of one panel, or panels of one row, must not meet.
    assert!(out.row_stride >= columns.min(PANEL) && (panels == 1 || out.panel_stride >= PANEL));
    if left.depth > 0 {
        let runs = (left.depth - 1) / left.run;
        let reach = (left.depth - 1).min(left.run - 1) * left.depth_stride;
        let last = (left.rows - 1) * left.row_stride
            + reach.max(left.column(left.depth - 1)).max(runs.saturating_sub(1) * left.run_stride + reach);
        assert!(last < left.data.len());
        let last = (panels - 1) * right.panel_stride + (left.depth - 1) * right.depth_stride;
        assert!(last + last_width <= right.data.len());
    }
    let most = kernels::rows_of_a_block::<T>();
    let blocks = left.rows.div_ceil(most);
    // A stretch of the left side stays in the second-level cache while all panels meet it; it is cut between runs.
    const DEPTH: usize = 512;
    let unit = if left.run < left.depth { left.run } else { 1 };
    let units = left.depth.div_ceil(unit);
    let stretches = left.depth.div_ceil(DEPTH).clamp(1, units.max(1));
    for stretch in 0..stretches {
        let start = stretch * units / stretches * unit;
        let depth = ((stretch + 1) * units / stretches * unit).min(left.depth) - start;
        for panel in 0..panels {
            for block in 0..blocks {
                // Rows shared out evenly: a last block of one row would run at a fraction of the speed.
                let first = block * left.rows / blocks;
                let rows = (block + 1) * left.rows / blocks - first;
                // SAFETY: rows first..first + rows, depth start..start + depth and columns panel * 32..
                // of each side lie inside their slices by the assertions above (with depth 0 neither
                // side is read), and `out` is borrowed mutably, so it overlaps neither side.
                unsafe {
                    let a = first * left.row_stride + left.column(start);
                    let b = panel * right.panel_stride + start * right.depth_stride;
                    let block = Block {
                        depth,
                        a: left.data.as_ptr().wrapping_add(a),
                        row_stride: left.row_stride,
                        a_depth_stride: left.depth_stride,
                        run: left.run,
                        jump: left.run_stride.wrapping_sub(left.run * left.depth_stride),
                        b: right.data.as_ptr().wrapping_add(b),
                        b_depth_stride: right.depth_stride,
                        out: out.data.as_mut_ptr().add(first * out.row_stride + panel * out.panel_stride),
                        out_stride: out.row_stride,
                        accumulate: accumulate || stretch > 0,
                        next: (block == 0).then(|| right.data.as_ptr().wrapping_add(b + right.panel_stride)),
                        half: columns - panel * PANEL < PANEL,
                    };
                    kernels::multiply(rows, block);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 37 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    fn check<T: Real + std::fmt::Debug>(tolerance: f64) {
        for (rows, depth, halves) in [(1, 1_usize, 1), (14, 5, 2), (15, 33, 4), (61, 7, 5), (3, 0, 2), (29, 4, 3), (16, 1100, 1)] {
            let to = |v: Vec<f64>| v.into_iter().map(T::from_f64).collect::<Vec<_>>();
            let a = to(values((rows + 3) * (depth + 3).next_multiple_of(PANEL), 1));
            let lefts = [
                Left::plain(&a, (rows, depth), depth + 3, 1),
                Left::plain(&a, (rows, depth), 1, rows + 2),
                Left::panels(&a, rows, depth, rows + 3),
            ];
            for left in lefts {
                let panels = usize::div_ceil(halves, 2);
                let b = to(values(panels * (depth + 1) * PANEL, 2));
                let columns = halves * HALF;
                // Rows of all panels with room behind, and panels of rows.
                for (row_stride, panel_stride) in [(panels * PANEL + 5, PANEL), (PANEL, (rows + 1) * PANEL)] {
                    let mut out = to(values(rows * row_stride + panels * panel_stride, 3));
                    let before = out.clone();
                    let right = Right { data: &b, columns, panel_stride: depth * PANEL, depth_stride: PANEL };
                    for accumulate in [false, true] {
                        product(Out { data: &mut out, row_stride, panel_stride }, left, right, accumulate);
                        let times = if accumulate { 2.0 } else { 1.0 };
                        let mut expected: Vec<f64> = before.iter().map(|v| v.to_f64()).collect();
                        for i in 0..rows {
                            for j in 0..columns {
                                let sum: f64 = (0..depth)
                                    .map(|p| {
                                        let b = b[j / PANEL * depth * PANEL + p * PANEL + j % PANEL];
                                        a[i * left.row_stride + left.column(p)].to_f64() * b.to_f64()
                                    })
                                    .sum();
                                expected[i * row_stride + j / PANEL * panel_stride + j % PANEL] = times * sum;
                            }
                        }
                        for (got, expected) in out.iter().zip(expected) {
                            assert!((got.to_f64() - expected).abs() < tolerance);
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

    #[test]
    #[should_panic(expected = "assertion")]
    fn a_left_side_that_ends_early_is_refused() {
        let (a, b, mut out) = (vec![0.0; 3 * 32 - 1], vec![0.0; 64 * 32], vec![0.0; 64]);
        let right = Right { data: &b, columns: PANEL, panel_stride: 0, depth_stride: PANEL };
        product::<f64>(Out::rows(&mut out, PANEL), Left::panels(&a, 1, 64, 2), right, false);
    }
}
