//! Student's t for the mean of a few values (Student, "The Probable Error of a Mean", 1908).

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{LEVEL, Summary};

/// Half of the 95 % interval of a mean of `count` values that has this standard error; none for fewer than two values.
pub fn half_interval(standard_error: f64, count: usize) -> Option<f64> {
    Some(standard_error * law(count)?.inverse_cdf(1.0 - LEVEL / 2.0))
}

/// The 95 % interval of the mean of `values`; none for fewer than two, where one is not finite, and for equal ones:
/// what is the same on every seed either does not vary or tells nothing of how much it does.
pub fn interval(values: &[f64]) -> Option<[f64; 2]> {
    let Summary { mean, standard_error } = Summary::of(values)?;
    let half = half_interval(standard_error.filter(|error| *error > 0.0)?, values.len())?;
    Some([mean - half, mean + half])
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
    let Summary { mean, standard_error } = Summary::of(values)?;
    let t = standard_error.filter(|error| *error > 0.0).map(|error| mean / error)?;
    let law = law(values.len())?;
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
    }

    #[test]
    fn sides_change_places_with_the_sign() {
        let (up, down) = (test(&[1.0, 2.0, 4.0]).unwrap(), test(&[-1.0, -2.0, -4.0]).unwrap());
        assert!((up.t + down.t).abs() < 1e-15 && (up.above - down.below).abs() < 1e-15 && up.above < up.below);
        assert_eq!(up.two_sided(), 2.0 * up.above);
    }
}
