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
}
