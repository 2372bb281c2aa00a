//! Student's t for the mean of a few values (Student, "The Probable Error of a Mean", 1908).

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{LEVEL, summary::of_varying};

/// Half of the 95 % interval of a mean of `count` values that has this standard error; none for fewer than two values.
pub fn half_interval(standard_error: f64, count: usize) -> Option<f64> {
    Some(standard_error * law(count)?.inverse_cdf(1.0 - LEVEL / 2.0))
}

/// The 95 % interval of the mean of `values`; none for fewer than two, where one is not finite, and for equal ones:
/// what is the same on every seed either does not vary or tells nothing of how much it does.
pub fn interval(values: &[f64]) -> Option<[f64; 2]> {
    interval_from(values, values)
}

/// The same of the differences of pairs, first minus second. Differences that are equal but for the rounding of the pairs
/// have none: 97.3 - 97.2 and 96.8 - 96.7.
pub fn paired_interval(pairs: &[[f64; 2]]) -> Option<[f64; 2]> {
    interval_from(&differences(pairs), pairs.as_flattened())
}

fn interval_from(values: &[f64], from: &[f64]) -> Option<[f64; 2]> {
    let (mean, error) = of_varying(values, from)?;
    let half = half_interval(error, values.len())?;
    Some([mean - half, mean + half])
}

fn differences(pairs: &[[f64; 2]]) -> Vec<f64> {
    pairs.iter().map(|[first, second]| first - second).collect()
}

/// Student's t of a mean and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Mean / standard error.
    pub t: f64,
    /// Probability of a t as large where the true mean is zero.
    pub above: f64,
    /// Probability of a t as small where the true mean is zero.
    pub below: f64,
}

impl Test {
    /// Probability of a t as far from zero, on either side, where the true mean is zero.
    pub fn two_sided(&self) -> f64 {
        2.0 * self.above.min(self.below)
    }
}

/// Tests a true mean of zero; none for fewer than two values, for equal ones, and where one is not finite.
pub fn test(values: &[f64]) -> Option<Test> {
    test_from(values, values)
}

/// The same of the differences of pairs, first minus second: the paired t test. None too for differences that are equal but
/// for the rounding of the pairs.
pub fn paired_test(pairs: &[[f64; 2]]) -> Option<Test> {
    test_from(&differences(pairs), pairs.as_flattened())
}

fn test_from(values: &[f64], from: &[f64]) -> Option<Test> {
    let (mean, error) = of_varying(values, from)?;
    let (t, law) = (mean / error, law(values.len())?);
    Some(Test { t, above: law.sf(t), below: law.cdf(t) })
}

fn law(count: usize) -> Option<StudentsT> {
    let freedom = count.checked_sub(1).filter(|freedom| *freedom > 0)?;
    StudentsT::new(0.0, 1.0, freedom as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_absent() {
        assert_eq!((interval(&[1.0]), interval(&[]), half_interval(1.0, 1), half_interval(1.0, 0)), (None, None, None, None));
        assert_eq!((interval(&[1.0, f64::NAN]), interval(&[2.0, 2.0, 2.0])), (None, None));
        assert_eq!((test(&[1.0]), test(&[2.0, 2.0]), test(&[1.0, f64::INFINITY])), (None, None, None));
        for values in [vec![0.1; 3], vec![11.35; 7], vec![9.8; 10]] {
            assert_eq!((interval(&values), test(&values)), (None, None), "{values:?}");
        }
    }

    #[test]
    fn differences_of_pairs_are_equal_where_the_pairs_say_so() {
        let equal = [[97.3, 97.2], [96.8, 96.7], [95.9, 95.8], [97.7, 97.6], [96.2, 96.1]];
        let large = equal.map(|pair| pair.map(|v| v + 10_000.0));
        assert!(test(&differences(&large)).unwrap().t > 1e10, "the differences alone do not say so");
        for pairs in [equal, large] {
            assert_eq!((paired_test(&pairs), paired_interval(&pairs)), (None, None));
        }
        let pairs = [[97.3, 97.2], [96.8, 96.6], [95.9, 95.8]];
        assert_eq!(paired_test(&pairs), test(&differences(&pairs)));
        assert_eq!(paired_interval(&pairs), interval(&differences(&pairs)));
        assert_eq!((paired_test(&[]), paired_interval(&pairs[..1])), (None, None));
    }

    #[test]
    fn sides_change_places_with_the_sign() {
        let (up, down) = (test(&[1.0, 2.0, 4.0]).unwrap(), test(&[-1.0, -2.0, -4.0]).unwrap());
        assert!((up.t + down.t).abs() < 1e-15 && (up.above - down.below).abs() < 1e-15 && up.above < up.below);
        assert_eq!(up.two_sided(), 2.0 * up.above);
    }
}
