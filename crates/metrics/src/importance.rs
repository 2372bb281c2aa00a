//! Importance weights that are known by their logarithms.

use vimae_core::numerics::log_sum_exp;

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
    fn equal_weights_count_in_full_and_one_alone_counts_once() {
        assert!((effective_count(&[3.0; 7]) - 7.0).abs() < 1e-12);
        assert!((effective_count(&[0.0, -1e3, -1e3]) - 1.0).abs() < 1e-12);
        assert!(weights(&[0.0, 3.0_f64.ln()]).iter().zip([0.25, 0.75]).all(|(got, expected)| (got - expected).abs() < 1e-12));
    }
}
