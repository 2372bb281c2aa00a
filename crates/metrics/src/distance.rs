//! Squared distances between features, for comparisons that must come out as exact arithmetic has them.
//!
//! |x|^2 - 2 x.y + |y|^2 by a matrix product is fast, and wrong by some rounding of |x|^2 + |y|^2: two copies of a point
//! are then at a distance of about 1e-13 of that from one another, not at 0, and whether one lies in the ball that ends
//! at the other is chance. So the product gives [`Bounds`], which decide almost every comparison, and the sum of
//! squared differences ([`squared`]) decides the rest. Bounds by products in f32 are wider and cost half as much. What is decided is
//! then a function of the features alone, not of blocks, threads or the processor's vectors.

use crate::{bounds::Bounds, features::Features};

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

/// Rows of larger squared lengths have products beyond the range of f32.
pub(crate) const LONGEST: f64 = 1e37;

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
    squares.iter().all(|square| *square < LONGEST) && Bounds::of::<f32>(size).share() * square < 1e-3 * variance
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
}
