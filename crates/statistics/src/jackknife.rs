//! Standard errors by leaving out one group of rows after another.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::summary::above_rounding;

/// Groups that rows are dealt to.
pub const GROUPS: usize = 10;
/// Seed of the order in which rows are dealt.
const SEED: u64 = 0;

/// The group of each of `count` rows. Sizes of groups differ by one at most. A function of `count` alone.
///
/// Rows may stand in an order: images class after class, or one of each class in turn. Every tenth row is then no sample of
/// the rows (of ten classes in turn it is one class), so that rows are dealt in an order that is drawn.
pub fn groups(count: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..count).map(|row| row % GROUPS).collect();
    groups.shuffle(&mut ChaCha8Rng::seed_from_u64(SEED));
    groups
}

/// The standard error of a statistic of which `without` has the values without each group: delete-a-group jackknife,
/// (G - 1) / G times the sum of squares about the mean (Shao & Tu, "The Jackknife and Bootstrap", 1995, 2.3). None for
/// fewer than two groups, where a value is not finite, and where all are the same but for rounding: a share of 0 of 500 is
/// not certain.
///
/// A statistic of two independent samples takes a group of both away at once.
pub fn error(without: &[f64]) -> Option<f64> {
    if without.len() < 2 || without.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let groups = without.len() as f64;
    let mean = without.iter().sum::<f64>() / groups;
    let squares: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
    above_rounding(((groups - 1.0) / groups * squares).sqrt(), without)
}

/// The value of `statistic` with its standard error; `statistic` is given the group that is left out, or none. `count`
/// rows in the smaller sample; fewer than two a group give no error.
pub fn estimate(count: usize, statistic: impl Fn(Option<usize>) -> f64) -> (f64, Option<f64>) {
    let value = statistic(None);
    if count < 2 * GROUPS {
        return (value, None);
    }
    let without: Vec<f64> = (0..GROUPS).map(|g| statistic(Some(g))).collect();
    (value, error(&without))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_mean_is_the_known_one() {
        // One value a group: the standard error of the mean of ten.
        let values: Vec<f64> = (0..GROUPS).map(|i| (i * i) as f64).collect();
        let mean_without = |left_out: Option<usize>| {
            let kept: Vec<f64> = (0..GROUPS).filter(|g| Some(*g) != left_out).map(|g| values[g]).collect();
            kept.iter().sum::<f64>() / kept.len() as f64
        };
        let (mean, error) = estimate(100, mean_without);
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        assert!((mean - 28.5).abs() < 1e-12 && (error.unwrap() - (squares / 90.0).sqrt()).abs() < 1e-12);
        assert_eq!(estimate(19, mean_without).1, None);
        assert_eq!((super::error(&[1.0]), super::error(&[1.0, f64::NAN])), (None, None));
        // Their sum is not ten times each.
        assert_eq!((super::error(&[0.1; GROUPS]), super::error(&[0.0; GROUPS])), (None, None));
    }

    #[test]
    fn groups_are_alike_in_size_and_the_same_for_every_call() {
        for count in [0, 9, 20, 203, 2_000] {
            let groups = groups(count);
            let sizes = (0..GROUPS).map(|group| groups.iter().filter(|g| **g == group).count());
            assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1, "{count}");
            assert_eq!((groups.len(), &groups), (count, &super::groups(count)));
        }
    }

    #[test]
    fn the_error_is_the_same_in_whatever_order_rows_stand() {
        const COUNT: usize = 2_000;
        let groups = groups(COUNT);
        // Ten classes in turn, and one after another.
        for class in [|row: usize| row % 10, |row: usize| row / 200] {
            let mean_without = |left_out: Option<usize>| {
                let kept = (0..COUNT).filter(|row| Some(groups[*row]) != left_out).map(|row| class(row) as f64);
                kept.clone().sum::<f64>() / kept.count() as f64
            };
            let error = estimate(COUNT, mean_without).1.unwrap();
            // The variance of 0, 1, .., 9 is 8.25.
            let independent = (8.25 / COUNT as f64).sqrt();
            assert!((0.4..2.5).contains(&(error / independent)), "{error} {independent}");
        }
    }
}
