//! Standard errors by leaving out one group of rows after another.

/// Groups that rows are dealt to in turn.
pub const GROUPS: usize = 10;

/// The group of row `index`.
pub fn group(index: usize) -> usize {
    index % GROUPS
}

/// The standard error of a statistic of which `without` has the values without each group: delete-a-group jackknife,
/// (G - 1) / G times the sum of squares about the mean (Shao & Tu, "The Jackknife and Bootstrap", 1995, 2.3). None for
/// fewer than two groups, where a value is not finite, and where all are the same: a share of 0 of 500 is not certain.
///
/// A statistic of two independent samples takes a group of both away at once.
pub fn error(without: &[f64]) -> Option<f64> {
    if without.len() < 2 || without.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let groups = without.len() as f64;
    let mean = without.iter().sum::<f64>() / groups;
    let squares: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
    Some(((groups - 1.0) / groups * squares).sqrt()).filter(|error| *error > 0.0)
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
    }
}
