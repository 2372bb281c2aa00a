//! Inner products of two sets of features, block by block: what KID and nearest neighbours are made of.
//!
//! In f64, since differences of large sums follow. Blocks are cut by the numbers of rows alone, each on one thread.

use faer::{Mat, prelude::ReborrowMut};

use crate::{features::Features, linear};

/// Rows and columns of a block.
pub(crate) const BLOCK: usize = 512;

/// Blocks of rows of a set.
pub(crate) fn blocks(features: &Features) -> usize {
    features.count().div_ceil(BLOCK)
}

/// The rows of a block.
pub(crate) fn range(features: &Features, block: usize) -> std::ops::Range<usize> {
    block * BLOCK..((block + 1) * BLOCK).min(features.count())
}

/// A block's features in f64.
pub(crate) fn block(features: &Features, block: usize) -> Vec<f64> {
    let range = range(features, block);
    features.values()[range.start * features.size()..range.end * features.size()].iter().map(|v| f64::from(*v)).collect()
}

/// Room for the products of two blocks, kept from pair to pair.
pub(crate) struct Products(Mat<f64>);

impl Products {
    pub(crate) fn new() -> Self {
        Self(Mat::zeros(BLOCK, BLOCK))
    }

    /// The products of rows `a` with rows `b`; calls `row` for each row of `b` with its number and the products with
    /// every row of `a`.
    pub(crate) fn of(&mut self, a: &[f64], b: &[f64], size: usize, mut row: impl FnMut(usize, &mut [f64])) {
        let (n, m) = (a.len() / size, b.len() / size);
        let mut out = self.0.as_mut().submatrix_mut(0, 0, n, m);
        linear::product_here(out.rb_mut(), linear::rows(a, n, size), linear::rows(b, m, size).transpose());
        for j in 0..m {
            if let Some(column) = out.rb_mut().col_mut(j).try_as_col_major_mut() {
                row(j, column.as_slice_mut());
            }
        }
    }
}

/// The squared length of every row.
pub(crate) fn squares(features: &Features) -> Vec<f64> {
    features.values().chunks_exact(features.size()).map(|row| row.iter().map(|v| f64::from(*v).powi(2)).sum()).collect()
}
