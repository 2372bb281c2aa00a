//! Means of numbers known by their logarithms.

/// ln (1/n sum_i exp(x_i)); minus infinity for no numbers, NaN where one is.
pub fn log_mean_exp(x: &[f64]) -> f64 {
    log_sum_exp(x) - (x.len() as f64).ln()
}

/// ln sum_i exp(x_i); minus infinity for no numbers, NaN where one is.
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_infinite() && !x.iter().any(|v| v.is_nan()) {
        return most;
    }
    most + x.iter().map(|v| (v - most).exp()).sum::<f64>().ln()
}

/// exp(x_i) / sum_j exp(x_j).
pub fn weights(x: &[f64]) -> Vec<f64> {
    let total = log_sum_exp(x);
    x.iter().map(|v| (v - total).exp()).collect()
}

/// The number of equal weights that a mean under these log-weights is worth: (sum w)^2 / sum w^2.
pub fn effective_count(x: &[f64]) -> f64 {
    1.0 / weights(x).iter().map(|w| w * w).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_large_nor_small_numbers_overflow() {
        assert!((log_mean_exp(&[1e4, 1e4 + 2.0_f64.ln()]) - (1e4 + 1.5_f64.ln())).abs() < 1e-10);
        assert!((log_mean_exp(&[-1e4, -2e4]) - (-1e4 - 2.0_f64.ln())).abs() < 1e-10);
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
        assert!(log_sum_exp(&[1.0, f64::NAN]).is_nan() && log_sum_exp(&[f64::NEG_INFINITY, f64::NAN]).is_nan());
    }

    #[test]
    fn equal_weights_count_in_full_and_one_alone_counts_once() {
        assert!((effective_count(&[3.0; 7]) - 7.0).abs() < 1e-12);
        assert!((effective_count(&[0.0, -1e3, -1e3]) - 1.0).abs() < 1e-12);
        assert!(weights(&[0.0, 3.0_f64.ln()]).iter().zip([0.25, 0.75]).all(|(got, expected)| (got - expected).abs() < 1e-12));
    }
}
