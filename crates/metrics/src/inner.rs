//! Inner products of two sets of features, block by block: what KID and nearest neighbours are made of.
//!
//! In f64 where differences of large sums follow, in f32 where bounds decide. Blocks are cut by the numbers of rows alone, each on
//! one thread.

use std::borrow::Cow;

use faer::{Mat, prelude::ReborrowMut};

use crate::{features::Features, linear};

/// A number that products are computed in.
pub(crate) trait Element: linear::Scalar + Copy + Into<f64> {
    /// The largest relative error of one operation.
    const ROUNDOFF: f64;
    /// The least number above 0.
    const LEAST: f64;

    /// Features as such numbers, exactly.
    fn of(features: &[f32]) -> Cow<'_, [Self]>;
}

impl Element for f32 {
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
    const LEAST: f64 = 1.401_298_464_324_817e-45;

    fn of(features: &[f32]) -> Cow<'_, [Self]> {
        features.into()
    }
}

impl Element for f64 {
    const ROUNDOFF: f64 = f64::EPSILON / 2.0;
    // Products of two f32 do not come near it.
    const LEAST: f64 = 0.0;

    fn of(features: &[f32]) -> Cow<'_, [Self]> {
        features.iter().map(|v| f64::from(*v)).collect()
    }
}

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

/// A block's features.
pub(crate) fn block<T: Element>(features: &Features, block: usize) -> Cow<'_, [T]> {
    let range = range(features, block);
    T::of(&features.values()[range.start * features.size()..range.end * features.size()])
}

/// Room for the products of two blocks, kept from pair to pair.
pub(crate) struct Products<T: Element>(Mat<T>);

impl<T: Element> Products<T> {
    pub(crate) fn new() -> Self {
        Self(Mat::zeros(BLOCK, BLOCK))
    }

    /// The products of rows `a` with rows `b`; calls `row` for each row of `b` with its number and the products with
    /// every row of `a`.
    pub(crate) fn of(&mut self, a: &[T], b: &[T], size: usize, mut row: impl FnMut(usize, &mut [T])) {
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

/// The squared length of every row of `size` numbers.
pub(crate) fn squares(rows: &[f32], size: usize) -> Vec<f64> {
    rows.chunks_exact(size).map(|row| row.iter().map(|v| f64::from(*v).powi(2)).sum()).collect()
}
