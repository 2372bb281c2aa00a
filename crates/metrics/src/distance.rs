//! Squared distances between features, for comparisons that must come out as exact arithmetic has them.
//!
//! |x|^2 - 2 x.y + |y|^2 by a matrix product is fast, and wrong by some rounding of |x|^2 + |y|^2: two copies of a point
//! are then at a distance of about 1e-13 of that from one another, not at 0, and whether one lies in the ball that ends
//! at the other is chance. So the product gives [`Bounds`], which decide almost every comparison, and the sum of
//! squared differences ([`squared`]) decides the rest. Bounds by products in f32 are wider and cost half as much. What is decided is then a function of the features alone, not of
//! blocks, threads or the processor's vectors.

use crate::{features::Features, inner::Element};

/// Partial sums of [`squared`], fixed so that every processor adds in one order.
const LANES: usize = 8;

/// |x - y|^2, f64: the same bits for (y, x), and exactly 0 for copies.
pub(crate) fn squared(x: &[f32], y: &[f32]) -> f64 {
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0_f64; LANES];
    for (x, y) in x.iter().zip(y) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            let difference = f64::from(*x) - f64::from(*y);
            *sum += difference * difference;
        }
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
    sums.iter().sum::<f64>() + rest
}

/// [`squared`] of two images.
pub(crate) fn between(a: &Features, i: usize, b: &Features, j: usize) -> f64 {
    squared(a.row(i), b.row(j))
}

/// Bounds of [`squared`] from |x|^2 + |y|^2 in f64 and x.y in `T`.
///
/// With the unit roundoffs u of f64 and v of `T`, and n numbers a row: n u for the squared lengths, n v / (1 - n v) for the product
/// (2 |x||y| <= |x|^2 + |y|^2) and 2 n u for the sum of squared differences, at most 2 (|x|^2 + |y|^2), as shares of |x|^2 + |y|^2; a
/// few more for what is added up here, and for each term of the product that underflows the least number of `T`. Higham, "Accuracy
/// and Stability of Numerical Algorithms", 2002, section 3.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    share: f64,
    least: f64,
}

impl Bounds {
    pub(crate) fn of<T: Element>(size: usize) -> Self {
        let n = size as f64;
        let product = n * T::ROUNDOFF / (1.0 - n * T::ROUNDOFF);
        Self { share: product + (3.0 * n + 32.0) * f64::ROUNDOFF, least: 2.0 * n * T::LEAST }
    }

    /// A lower bound.
    pub(crate) fn lower(self, squares: f64, product: f64) -> f64 {
        squares * (1.0 - self.share) - 2.0 * product - self.least
    }

    /// The upper bound that belongs to a lower one.
    pub(crate) fn upper(self, lower: f64, squares: f64) -> f64 {
        lower + 2.0 * (self.share * squares + self.least)
    }

    /// How far two rows of squared lengths `squares` in all may seem apart beyond what they are.
    pub(crate) fn width(self, squares: f64) -> f64 {
        self.upper(0.0, squares)
    }
}

/// Whether bounds by products in f32 leave few comparisons open: where rows differ by much more than their lengths round. `squares`:
/// their squared lengths.
pub(crate) fn single(values: &[f32], size: usize, squares: &[f64]) -> bool {
    let n = squares.len() as f64;
    let mut mean = vec![0.0; size];
    for row in values.chunks_exact(size) {
        mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v) / n);
    }
    let square = squares.iter().sum::<f64>() / n;
    let variance = square - mean.iter().map(|m| m * m).sum::<f64>();
    let longest = squares.iter().copied().fold(0.0, f64::max);
    // Longer rows have products beyond the range of f32.
    longest < 1e37 && Bounds::of::<f32>(size).share * square < 1e-3 * variance
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn copies_are_at_zero_and_both_ways_are_one_distance() {
        let values = Streams::new(4).normal(Purpose::Evaluation, 0, 2 * 2051);
        let (x, y) = values.split_at(2051);
        assert_eq!(squared(x, x), 0.0);
        assert_eq!(squared(x, y).to_bits(), squared(y, x).to_bits());
        assert_eq!(squared(&[1.0, 2.0, 4.0], &[0.0, 0.0, 1.0]), 14.0);
        assert_eq!(squared(&[0.5; 20], &[0.25; 20]), 20.0 * 0.0625);
    }

    fn product<T: Element + std::iter::Sum + std::ops::Mul<Output = T>>(x: &[f32], y: &[f32]) -> f64 {
        T::of(x).iter().zip(T::of(y).iter()).map(|(x, y)| *x * *y).sum::<T>().into()
    }

    #[test]
    fn the_bounds_hold_where_almost_everything_cancels() {
        for (offset, spread) in [(0.0, 1.0), (1_000.0, 1.0), (3e4, 1e-2), (1.0, 1e-7), (0.0, 1e-22), (1e-21, 3e-22)] {
            for size in [1, 7, 64, 500] {
                let values = Streams::new(9).normal(Purpose::Evaluation, size as u64, 20 * size);
                let rows: Vec<Vec<f32>> = values.chunks(size).map(|row| row.iter().map(|v| offset + spread * v).collect()).collect();
                for (x, y) in rows.iter().flat_map(|x| rows.iter().map(move |y| (x, y))) {
                    let squares = product::<f64>(x, x) + product::<f64>(y, y);
                    let exact = squared(x, y);
                    let of = [(Bounds::of::<f64>(size), product::<f64>(x, y)), (Bounds::of::<f32>(size), product::<f32>(x, y))];
                    for (bounds, product) in of {
                        let low = bounds.lower(squares, product);
                        assert!(low <= exact && exact <= bounds.upper(low, squares), "{offset} {spread} {size}: {low} {exact}");
                    }
                }
            }
        }
    }
}
