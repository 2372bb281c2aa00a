//! Squared distances between features, for comparisons that must come out as exact arithmetic has them.
//!
//! |x|^2 - 2 x.y + |y|^2 by a matrix product is fast, and wrong by some rounding of |x|^2 + |y|^2: two copies of a point
//! are then at a distance of about 1e-13 of that from one another, not at 0, and whether one lies in the ball that ends
//! at the other is chance. So the product gives a [`lower`] bound, which decides almost every comparison, and the sum of
//! squared differences ([`squared`]) decides the rest. What is decided is then a function of the features alone, not of
//! blocks, threads or the processor's vectors.

use crate::features::Features;

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

/// The largest difference, as a share of |x|^2 + |y|^2, between the distance by products and [`squared`].
///
/// With the unit roundoff u and n numbers a row, to first order: n u for the squared lengths, n u for the product
/// (2 |x||y| <= |x|^2 + |y|^2) and 2 n u for the sum of squared differences, at most 2 (|x|^2 + |y|^2); a few more for
/// what is added up here. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1.
pub(crate) fn slack(size: usize) -> f64 {
    (4 * size + 32) as f64 * (f64::EPSILON / 2.0)
}

/// A lower bound of [`squared`], from |x|^2 + |y|^2 and x.y; [`upper`] is one above.
pub(crate) fn lower(squares: f64, product: f64, slack: f64) -> f64 {
    squares * (1.0 - slack) - 2.0 * product
}

/// The upper bound that belongs to a [`lower`] one.
pub(crate) fn upper(lower: f64, squares: f64, slack: f64) -> f64 {
    lower + 2.0 * slack * squares
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

    #[test]
    fn the_bounds_hold_where_almost_everything_cancels() {
        for (offset, spread) in [(0.0, 1.0), (1_000.0, 1.0), (3e4, 1e-2), (1.0, 1e-7)] {
            for size in [1, 7, 64, 500] {
                let values = Streams::new(9).normal(Purpose::Evaluation, size as u64, 20 * size);
                let rows: Vec<Vec<f32>> = values.chunks(size).map(|row| row.iter().map(|v| offset + spread * v).collect()).collect();
                let product = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
                for (x, y) in rows.iter().flat_map(|x| rows.iter().map(move |y| (x, y))) {
                    let squares = product(x, x) + product(y, y);
                    let low = lower(squares, product(x, y), slack(size));
                    let exact = squared(x, y);
                    assert!(low <= exact && exact <= upper(low, squares, slack(size)), "{offset} {spread} {size}: {low} {exact}");
                }
            }
        }
    }
}
