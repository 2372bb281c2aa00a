//! Matrix products: a bounds-checked door to the `gemm` crate, one thread each.
//!
//! The callers split their work into pieces that depend on shapes alone and give each piece to
//! one thread, so the same sums are formed in the same order for any number of threads.
#![expect(unsafe_code, reason = "gemm takes raw pointers; the views check every extent first")]

use crate::real::Real;

/// A matrix inside a slice: element (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// The first `rows * columns` elements, row by row.
    pub(crate) fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// Rows that start `row_stride` elements apart.
    pub(crate) fn strided(data: &'a [T], rows: usize, columns: usize, row_stride: usize) -> Self {
        if rows > 0 && columns > 0 {
            assert!(columns <= row_stride && (rows - 1) * row_stride + columns <= data.len());
        }
        Self { data, rows, columns, row_stride, column_stride: 1 }
    }

    pub(crate) fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, row_stride: self.column_stride, column_stride: self.row_stride, ..self }
    }
}

/// `out = a b`, or `out += a b`; `out` has rows of `out_stride` elements.
pub(crate) fn multiply<T: Real>(out: &mut [T], out_stride: usize, a: Matrix<'_, T>, b: Matrix<'_, T>, accumulate: bool) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows);
    if m == 0 || n == 0 {
        return;
    }
    assert!(n <= out_stride && (m - 1) * out_stride + n <= out.len());
    // SAFETY: `Matrix::strided` and the assertion above keep every index that gemm forms, at most
    // (rows - 1) * row_stride + (columns - 1) * column_stride, inside its slice (with k = 0 the
    // operands are not read); `out` is borrowed mutably, so it overlaps neither operand; strides
    // of slices fit in isize.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            if accumulate { T::one() } else { T::zero() },
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_sums_of_products() {
        let a = [1., 2., 3., 4., 5., 6.];
        let b = [1., 0., 2., 0., 1., 2.];
        let mut out = [9.; 4];
        multiply(&mut out, 2, Matrix::new(&a, 2, 3), Matrix::new(&b, 3, 2), false);
        assert_eq!(out, [8., 6., 20., 12.]);
        multiply(&mut out, 2, Matrix::new(&b, 3, 2).transposed(), Matrix::new(&a, 2, 3).transposed(), true);
        assert_eq!(out, [8. + 8., 6. + 20., 20. + 6., 12. + 12.]);
    }
}
