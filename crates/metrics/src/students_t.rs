//! Student's t for the mean of a few values.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::Summary;

/// Half of the 95 % interval of a mean of `count` values that has this standard error; none for fewer than two values.
pub fn half_interval(standard_error: f64, count: usize) -> Option<f64> {
    Some(standard_error * law(count)?.inverse_cdf(0.975))
}

/// The 95 % interval of the mean of `values`; none for fewer than two, or where one is not finite.
pub fn interval(values: &[f64]) -> Option<[f64; 2]> {
    let Summary { mean, standard_error } = Summary::of(values)?;
    let half = half_interval(standard_error?, values.len())?;
    Some([mean - half, mean + half])
}

/// Student's t of the mean of `values`, and the probability of one as large where the true mean is zero (one-sided);
/// none for fewer than two values, for equal ones, and where one is not finite.
pub fn test(values: &[f64]) -> Option<(f64, f64)> {
    let Summary { mean, standard_error } = Summary::of(values)?;
    let t = standard_error.filter(|error| *error > 0.0).map(|error| mean / error)?;
    Some((t, law(values.len())?.sf(t)))
}

fn law(count: usize) -> Option<StudentsT> {
    let freedom = count.checked_sub(1).filter(|freedom| *freedom > 0)?;
    StudentsT::new(0.0, 1.0, freedom as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        // Ten values with mean 5.5 and standard deviation 3.0277; t at 9 degrees is 2.2622.
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let [low, high] = interval(&values).unwrap();
        assert!((low - 3.3341).abs() < 1e-3 && (high - 7.6659).abs() < 1e-3, "{low} {high}");
        // t at one degree of freedom is 12.7062.
        assert!((half_interval(2.0, 2).unwrap() - 25.4124).abs() < 1e-3);
        assert_eq!((interval(&[1.0]), interval(&[]), half_interval(1.0, 1), half_interval(1.0, 0)), (None, None, None, None));
        assert_eq!(interval(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn the_test_is_students() {
        // scipy.stats.ttest_1samp([1, 2, 4], 0, alternative="greater"): t = 2.6458, p = 0.0590
        let (t, p) = test(&[1.0, 2.0, 4.0]).unwrap();
        assert!((t - 2.645_75).abs() < 1e-4 && (p - 0.059_04).abs() < 1e-4, "{t} {p}");
        assert_eq!((test(&[1.0]), test(&[2.0, 2.0]), test(&[1.0, f64::INFINITY])), (None, None, None));
    }
}
