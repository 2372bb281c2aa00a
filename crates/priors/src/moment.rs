//! Absolute moments of Gaussians, E |X / a|^b for X ~ N(m, s^2), in closed form.
//!
//! E|X|^b = (2 s^2)^(b/2) G((1+b)/2) / sqrt(pi) * exp(-u) M((1+b)/2, 1/2, u), u = m^2 / 2 s^2, with Kummer's M, whose
//! series has positive terms alone; far out, for u > 60 + b^2, |m|^b times the asymptotic series in 1/u
//! (NIST Handbook of Mathematical Functions, 13.2 and 13.7). The relative error is below 1e-12.
//!
//! M is no tensor operation: value and slopes are computed in f64 on the CPU, and come back as the tangent plane
//! at the arguments, whose value and gradient are theirs.

use std::f64::consts::PI;

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use statrs::function::gamma::ln_gamma;
use vimae_core::{Error, Result};

/// E |X / scale|^power, X ~ N(mean, exp(log_var)), for every element; any shape, differentiable once.
pub(crate) fn absolute_moment(mean: &Tensor, log_var: &Tensor, power: f64, scale: f64) -> Result<Tensor> {
    if mean.dims() != log_var.dims() {
        return Err(Error::shape("log-variance", format!("{:?}", mean.dims()), log_var.dims()));
    }
    let values =
        |t: &Tensor| -> Result<Vec<f64>> { Ok(t.detach().to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?) };
    let (means, log_vars) = (values(mean)?, values(log_var)?);
    let factor = (0.5 * power * 2f64.ln() + ln_gamma(0.5 * (1.0 + power))).exp() / PI.sqrt();
    let moments: Vec<Moment> =
        means.par_iter().zip(&log_vars).map(|(m, v)| Moment::of(m / scale, (0.5 * v).exp() / scale, power, factor)).collect();

    let tensor = |part: fn(&Moment) -> f64, by: f64| -> Result<Tensor> {
        let values: Vec<f64> = moments.iter().map(|m| part(m) * by).collect();
        Ok(Tensor::from_vec(values, mean.shape(), &Device::Cpu)?.to_dtype(mean.dtype())?.to_device(mean.device())?)
    };
    // Differences that are zero, with slope one.
    let by_mean = (tensor(|m| m.by_mean, 1.0 / scale)? * (mean - mean.detach())?)?;
    let by_log_var = (tensor(|m| m.by_log_std, 0.5)? * (log_var - log_var.detach())?)?;
    Ok(((tensor(|m| m.value, 1.0)? + by_mean)? + by_log_var)?)
}

/// E|X|^b and its slopes by the mean and by the logarithm of the standard deviation.
struct Moment {
    value: f64,
    by_mean: f64,
    by_log_std: f64,
}

impl Moment {
    /// `factor` is E|X|^b of the standard normal.
    fn of(mean: f64, std: f64, power: f64, factor: f64) -> Self {
        let u = 0.5 * (mean / std).powi(2);
        if u > 60.0 + power * power {
            return Self::far(mean, power, u);
        }
        let order = 0.5 * (1.0 + power);
        let size = factor * std.powf(power) * (-u).exp();
        let value = size * kummer(order, 0.5, u);
        let by_mean = size * power * kummer(order, 1.5, u) * mean / (std * std);
        // The moment is homogeneous of degree b in mean and standard deviation (Euler).
        Self { value, by_mean, by_log_std: power * value - mean * by_mean }
    }

    fn far(mean: f64, power: f64, u: f64) -> Self {
        let size = mean.abs().powf(power);
        let (mut value, mut by_mean, mut by_log_std) = (0.0, 0.0, 0.0);
        let (mut term, mut k) = (1.0_f64, 0.0);
        while term.abs() > 1e-18 && k < 60.0 {
            value += size * term;
            by_mean += (power - 2.0 * k) * size * term / mean;
            by_log_std += 2.0 * k * size * term;
            term *= (k - 0.5 * power) * (k + 0.5 - 0.5 * power) / ((k + 1.0) * u);
            k += 1.0;
        }
        Self { value, by_mean, by_log_std }
    }
}

/// Kummer's M(a, c, u) for positive arguments.
fn kummer(a: f64, c: f64, u: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 0.0);
    while term > 1e-17 * sum {
        term *= (a + k) / (c + k) * u / (k + 1.0);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(mean: f64, std: f64, power: f64) -> Moment {
        let factor = (0.5 * power * 2f64.ln() + ln_gamma(0.5 * (1.0 + power))).exp() / PI.sqrt();
        Moment::of(mean, std, power, factor)
    }

    #[test]
    fn even_moments_are_polynomials() {
        for (m, s) in [(0.0, 1.0), (0.3, 2.0), (5.0, 0.5), (4.0, 0.1), (-300.0, 0.2)] {
            let (m2, v) = (m * m, s * s);
            assert!((moment(m, s, 2.0).value / (m2 + v) - 1.0).abs() < 1e-12);
            assert!((moment(m, s, 4.0).value / (m2 * m2 + 6.0 * m2 * v + 3.0 * v * v) - 1.0).abs() < 1e-12);
            assert!((moment(m, s, 4.0).by_mean - (4.0 * m * m2 + 12.0 * m * v)).abs() <= 1e-11 * (m * m2).abs());
            let by_log_std = 12.0 * m2 * v + 12.0 * v * v;
            assert!((moment(m, s, 4.0).by_log_std / by_log_std - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn both_series_meet_where_one_takes_over_and_slopes_are_slopes() {
        for power in [0.25, 0.7, 1.0, 1.5, 3.3, 16.0] {
            let edge = f64::sqrt(2.0 * (60.0 + power * power));
            let (below, above) = (moment(edge * (1.0 - 1e-12), 1.0, power), moment(edge * (1.0 + 1e-12), 1.0, power));
            assert!((below.value / above.value - 1.0).abs() < 1e-10, "{power}: {} {}", below.value, above.value);
            assert!((below.by_mean / above.by_mean - 1.0).abs() < 1e-9);
            assert!((below.by_log_std - above.by_log_std).abs() < 1e-10 * above.value);
            for (m, s) in [(0.4, 0.8), (-3.0, 0.5), (12.0, 1.1), (40.0, 0.3)] {
                let slope = |f: &dyn Fn(f64) -> f64| (f(1e-5) - f(-1e-5)) / 2e-5;
                let got = moment(m, s, power);
                let by_mean = slope(&|h| moment(m + h, s, power).value);
                let by_log_std = slope(&|h| moment(m, s * h.exp(), power).value);
                assert!((got.by_mean / by_mean - 1.0).abs() < 1e-6, "{power} at {m}: {} against {by_mean}", got.by_mean);
                assert!((got.by_log_std - by_log_std).abs() < 1e-6 * got.value, "{power} at {m}: {} against {by_log_std}", got.by_log_std);
            }
        }
    }
}
