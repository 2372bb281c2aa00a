//! ln((1 - e^-x) / x), without loss of digits near 0.

use candle_core::Tensor;

use crate::Result;

/// Below this the series is exact to the last digit of f64.
const NEAR: f64 = 0.4;

/// ln((1 - e^-x) / x) of every element x, none of them negative: the logarithm of the mean of e^-t for t from 0 to x;
/// differentiable.
///
/// Near 0 it is -x/2 + ln(sinh u / u) with u = x/2, and ln(sinh u / u) = u^2/6 - u^4/180 + u^6/2835 - u^8/37800 + u^10/467775.
///
/// # Errors
/// Where the device fails.
pub fn log_mean_decay_each(x: &Tensor) -> Result<Tensor> {
    let near = x.lt(NEAR)?;
    // Each branch sees values of its own range alone: a gradient of 0 times infinity is no number.
    let small = near.where_cond(x, &x.zeros_like()?)?;
    let large = near.where_cond(&x.ones_like()?, x)?;
    let square = (&small * 0.5)?.sqr()?;
    let mut series = (&square * (1.0 / 467_775.0))?;
    for coefficient in [-1.0 / 37_800.0, 1.0 / 2_835.0, -1.0 / 180.0, 1.0 / 6.0] {
        series = ((series + coefficient)? * &square)?;
    }
    let far = (large.neg()?.exp()?.affine(-1.0, 1.0)?.log()? - large.log()?)?;
    Ok(near.where_cond(&(series - (small * 0.5)?)?, &far)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_slopes_are_right_from_zero_to_far_out() {
        let at = [0.0_f64, 1e-12, 1e-3, 0.399_999, 0.400_001, 3.0, 700.0];
        let x = Var::new(&at, &Device::Cpu).unwrap();
        let found = log_mean_decay_each(&x).unwrap();
        let slopes = found.sum_all().unwrap().backward().unwrap().get(&x).unwrap().to_vec1::<f64>().unwrap();
        for ((x, found), slope) in at.into_iter().zip(found.to_vec1::<f64>().unwrap()).zip(slopes) {
            let expected = if x == 0.0 { 0.0 } else { (-(-x).exp_m1() / x).ln() };
            assert!((found - expected).abs() < 1e-14 * expected.abs().max(1.0), "{x}: {found}, {expected}");
            let steep = if x < 1e-6 { -0.5 + x / 12.0 } else { 1.0 / x.exp_m1() - 1.0 / x };
            assert!((slope - steep).abs() < 1e-9, "{x}: {slope}, {steep}");
        }
    }
}
