//! ln(1 + exp x), finite for any x.

use candle_core::Tensor;

use crate::Result;

/// ln(1 + exp x).
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// ln(1 + exp x) of every element; differentiable.
///
/// # Errors
/// Where the device fails.
pub fn softplus_each(x: &Tensor) -> Result<Tensor> {
    Ok((x.relu()? + softplus_of_negated_each(&x.abs()?)?)?)
}

/// ln(1 + exp(-x)) of every element x, none of them negative; differentiable, at half the operations of [`softplus_each`].
///
/// # Errors
/// Where the device fails.
pub fn softplus_of_negated_each(x: &Tensor) -> Result<Tensor> {
    Ok((x.neg()?.exp()? + 1.0)?.log()?)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn it_is_finite_far_out() {
        assert_eq!([-1e4, 0.0, 1e4].map(softplus), [0.0, LN_2, 1e4]);
        let x = Tensor::new(&[-1e4_f64, 0.0, 1e4], &Device::Cpu).unwrap();
        assert_eq!(softplus_each(&x).unwrap().to_vec1::<f64>().unwrap(), [0.0, LN_2, 1e4]);
        assert!(softplus(f64::NAN).is_nan());
    }

    #[test]
    fn its_slope_is_the_sigmoid() {
        let at = [-3.0, -0.2, 0.7, 40.0];
        let x = Var::new(&at, &Device::Cpu).unwrap();
        let value = softplus_each(&x).unwrap();
        let slope = value.sum_all().unwrap().backward().unwrap().get(&x).unwrap().to_vec1::<f64>().unwrap();
        for ((x, value), slope) in at.iter().zip(value.to_vec1::<f64>().unwrap()).zip(slope) {
            assert!((value - softplus(*x)).abs() < 1e-12 && (slope - 1.0 / (1.0 + (-x).exp())).abs() < 1e-12, "{x}");
        }
        let negated = softplus_of_negated_each(&Tensor::new(&[0.0, 2.5], &Device::Cpu).unwrap()).unwrap().to_vec1::<f64>().unwrap();
        assert!((negated[0] - LN_2).abs() < 1e-15 && (negated[1] - softplus(-2.5)).abs() < 1e-15);
    }
}
