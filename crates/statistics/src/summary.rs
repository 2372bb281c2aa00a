//! The mean of a sample and how well it is known.

/// A mean with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The mean.
    pub mean: f64,
    /// Sample standard deviation / sqrt(n); none for a single value.
    pub standard_error: Option<f64>,
}

impl Summary {
    /// The summary of `values`; none where there are none or one is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let standard_error = (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt());
        Some(Self { mean, standard_error })
    }

    /// The standard error of the mean of `values`, where they vary: none for fewer than two, where one is not finite, and for equal
    /// ones, whose mean may be rounded.
    pub fn error_of_varying(values: &[f64]) -> Option<f64> {
        of_varying(values, values).map(|(_, error)| error)
    }
}

/// Share of the largest number up to which a standard error is rounding. Equal values may have one of about 1e-16 of it: their
/// sum need not be their multiple, and 97.3 - 97.2 is not quite 96.8 - 96.7.
const ROUNDING: f64 = 1e-12;

/// A standard error, where it is more than what rounding leaves of equal values. `from`: the numbers that the values were
/// computed from, which may be larger than they, or they themselves.
pub(crate) fn above_rounding<'a>(error: f64, from: impl IntoIterator<Item = &'a f64>) -> Option<f64> {
    let largest = from.into_iter().fold(0.0_f64, |largest, v| largest.max(v.abs()));
    (error > ROUNDING * largest).then_some(error)
}

/// Mean and standard error of `values`; none for fewer than two, where one is not finite, and for equal ones. `from` as for
/// [`above_rounding`].
pub(crate) fn of_varying(values: &[f64], from: &[f64]) -> Option<(f64, f64)> {
    let Summary { mean, standard_error } = Summary::of(values)?;
    Some((mean, above_rounding(standard_error?, from)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_comes_with_its_standard_error() {
        let summary = Summary::of(&[1.0, 2.0, 3.0, 6.0]).unwrap();
        assert_eq!(summary.mean, 3.0);
        // Squares about the mean: 4 + 1 + 0 + 9 = 14; sqrt(14 / 3 / 4).
        assert!((summary.standard_error.unwrap() - 1.080_123_449_734_643_5).abs() < 1e-15);
        assert_eq!(Summary::of(&[5.0]).unwrap().standard_error, None);
        assert_eq!((Summary::of(&[]), Summary::of(&[1.0, f64::NAN])), (None, None));
    }

    #[test]
    fn equal_values_have_no_error_though_their_sum_is_rounded() {
        for values in [vec![0.1; 3], vec![11.35; 7], vec![9.8; 10], vec![-9.8; 10]] {
            assert!(Summary::of(&values).unwrap().standard_error.unwrap() > 0.0, "{values:?} show nothing");
            assert_eq!((of_varying(&values, &values), Summary::error_of_varying(&values)), (None, None));
        }
        assert_eq!(of_varying(&[0.0; 3], &[0.0; 3]), None);
        // Values that differ in their last printed digit alone, and small ones.
        for values in [[1e6, 1e6 + 1e-3, 1e6], [1e-20, 2e-20, 3e-20]] {
            assert_eq!(Summary::error_of_varying(&values), Summary::of(&values).unwrap().standard_error, "{values:?}");
        }
    }
}
