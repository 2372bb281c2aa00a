//! Sums of numbers that are known by their logarithms.

use candle_core::Tensor;

use crate::Result;

/// ln sum_i exp(x_i); minus infinity for no numbers, NaN where one is.
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let sum = ScaledSum::of(x.iter().copied());
    if sum.largest.is_infinite() && !x.iter().any(|v| v.is_nan()) {
        return sum.largest;
    }
    sum.largest + sum.scaled.ln()
}

/// ln (1/n sum_i exp(x_i)); minus infinity for no numbers, NaN where one is.
pub fn log_mean_exp(x: &[f64]) -> f64 {
    log_sum_exp(x) - (x.len() as f64).ln()
}

/// sum_i exp(x_i) in two parts, neither of which overflows: exp(largest) times `scaled`, which is between 1 and n.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaledSum {
    /// The largest x_i; minus infinity for no numbers.
    pub largest: f64,
    /// sum_i exp(x_i - largest).
    pub scaled: f64,
}

impl ScaledSum {
    /// The sum over the numbers `x`, which it goes through twice.
    pub fn of(x: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = x.clone().fold(f64::NEG_INFINITY, f64::max);
        Self { largest, scaled: x.map(|v| (v - largest).exp()).sum() }
    }
}

/// ln sum exp over dimension `dim` of a tensor, which goes; differentiable.
///
/// # Errors
/// Where there is no such dimension.
pub fn log_sum_exp_over(x: &Tensor, dim: usize) -> Result<Tensor> {
    // The largest value is a constant to the gradient: it cancels.
    let largest = x.detach().max_keepdim(dim)?;
    let scaled = x.broadcast_sub(&largest)?.exp()?.sum(dim)?;
    Ok((scaled.log()? + largest.squeeze(dim)?)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

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
    fn tensors_have_the_values_of_numbers_and_shares_as_gradient() {
        let rows = [[1e4, 1e4 + 2.0_f64.ln()], [-3.0, -3.0]];
        let x = Var::new(&rows, &Device::Cpu).unwrap();
        let found = log_sum_exp_over(&x, 1).unwrap();
        for (found, row) in found.to_vec1::<f64>().unwrap().iter().zip(&rows) {
            assert!((found - log_sum_exp(row)).abs() < 1e-10);
        }
        let gradient = found.sum_all().unwrap().backward().unwrap().get(&x).unwrap().to_vec2::<f64>().unwrap();
        for (found, expected) in gradient.concat().iter().zip([1.0 / 3.0, 2.0 / 3.0, 0.5, 0.5]) {
            assert!((found - expected).abs() < 1e-10, "{gradient:?}");
        }
        assert!(log_sum_exp_over(&x, 2).is_err());
    }
}
