//! Inner products of two sets of features, block by block: what KID and nearest neighbours are made of.
//!
//! In f64 where differences of large sums follow, in f32 where bounds decide. Blocks are cut by the numbers of rows alone, each on
//! one thread.

use std::{
    borrow::Cow,
    ops::{Add, Mul, Sub},
};

use faer::Mat;

use crate::{features::Features, linear};

/// A number that products are computed in.
pub(crate) trait Element:
    linear::Scalar + Copy + PartialOrd + Into<f64> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// The largest relative error of one operation.
    const ROUNDOFF: f64;
    /// The least number above 0.
    const LEAST: f64;
    const INFINITY: Self;

    /// Features as such numbers, exactly.
    fn of(features: &[f32]) -> Cow<'_, [Self]>;

    /// The nearest such number.
    fn nearest(value: f64) -> Self;

    /// Such a number, `value` or the next above it.
    fn above(value: f64) -> Self;
}

impl Element for f32 {
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
    const LEAST: f64 = 1.401_298_464_324_817e-45;
    const INFINITY: Self = f32::INFINITY;

    fn of(features: &[f32]) -> Cow<'_, [Self]> {
        features.into()
    }

    fn nearest(value: f64) -> Self {
        value as Self
    }

    fn above(value: f64) -> Self {
        (value as Self).next_up()
    }
}

impl Element for f64 {
    const ROUNDOFF: f64 = f64::EPSILON / 2.0;
    // Products of two f32 do not come near it.
    const LEAST: f64 = 0.0;
    const INFINITY: Self = f64::INFINITY;

    fn of(features: &[f32]) -> Cow<'_, [Self]> {
        features.iter().map(|v| f64::from(*v)).collect()
    }

    fn nearest(value: f64) -> Self {
        value
    }

    fn above(value: f64) -> Self {
        value
    }
}

/// Rows and columns of a block: a multiple of the rows that the kernels of products take at a time (12, 24, 48).
pub(crate) const BLOCK: usize = 480;

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

/// Rows that [`Products::across`] brings together at a time.
const TOGETHER: usize = 16;

/// Room for the products of two blocks, kept from pair to pair.
pub(crate) struct Products<T: Element> {
    room: Mat<T>,
    rows: usize,
    columns: usize,
}

impl<T: Element> Products<T> {
    pub(crate) fn new() -> Self {
        Self { room: Mat::zeros(BLOCK, BLOCK), rows: 0, columns: 0 }
    }

    /// The products of rows `a` with rows `b`; calls `row` for each row of `b` with its number and the products with
    /// every row of `a`.
    pub(crate) fn of(&mut self, a: &[T], b: &[T], size: usize, row: impl FnMut(usize, &mut [T])) {
        self.multiply(a, b, size);
        self.each(row);
    }

    /// The products of rows `a` with rows `b`, which [`Self::each`] and [`Self::across`] hand out.
    pub(crate) fn multiply(&mut self, a: &[T], b: &[T], size: usize) {
        (self.rows, self.columns) = (a.len() / size, b.len() / size);
        let out = self.room.as_mut().submatrix_mut(0, 0, self.rows, self.columns);
        linear::product_here(out, linear::rows(a, self.rows, size), linear::rows(b, self.columns, size).transpose());
    }

    /// Calls `row` for each row of `b` with its number and the products with every row of `a`.
    pub(crate) fn each(&mut self, mut row: impl FnMut(usize, &mut [T])) {
        for j in 0..self.columns {
            if let Some(column) = self.room.as_mut().col_mut(j).subrows_mut(0, self.rows).try_as_col_major_mut() {
                row(j, column.as_slice_mut());
            }
        }
    }

    /// Calls `row` for each row of `a` with its number and the products with every row of `b`.
    pub(crate) fn across(&self, mut row: impl FnMut(usize, &mut [T])) {
        let mut together = vec![T::zero_impl(); TOGETHER * self.columns];
        for first in (0..self.rows).step_by(TOGETHER) {
            let count = TOGETHER.min(self.rows - first);
            for j in 0..self.columns {
                if let Some(column) = self.room.col(j).subrows(first, count).try_as_col_major() {
                    let places = together.iter_mut().skip(j).step_by(self.columns);
                    places.zip(column.as_slice()).for_each(|(place, product)| *place = *product);
                }
            }
            together.chunks_exact_mut(self.columns).take(count).enumerate().for_each(|(i, products)| row(first + i, products));
        }
    }
}

/// The squared length of every row of `size` numbers.
pub(crate) fn squares(rows: &[f32], size: usize) -> Vec<f64> {
    rows.chunks_exact(size).map(|row| row.iter().map(|v| f64::from(*v).powi(2)).sum()).collect()
}
