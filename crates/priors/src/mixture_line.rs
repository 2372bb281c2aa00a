//! Equal mixtures of Gaussians of one width on the real line.

use std::f64::consts::{SQRT_2, TAU};

use rand::{Rng, RngCore};
use rand_distr::StandardNormal;
use statrs::function::erf::erfc;
use vimae_core::{Univariate, numerics::ScaledSum};

use crate::quantile;

/// 1/K sum_k N(m_k, s^2).
#[derive(Debug, Clone)]
pub(crate) struct MixtureLine {
    pub(crate) means: Vec<f64>,
    pub(crate) std: f64,
}

impl MixtureLine {
    fn mean_of(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.means.iter().map(|m| f(*m)).sum::<f64>() / self.means.len() as f64
    }

    /// Lowest and highest mean.
    fn range(&self) -> (f64, f64) {
        self.means.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), m| (low.min(*m), high.max(*m)))
    }
}

impl Univariate for MixtureLine {
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        let mean = self.means[rng.random_range(0..self.means.len())];
        mean + self.std * rng.sample::<f64, _>(StandardNormal)
    }

    fn log_density(&self, x: f64) -> f64 {
        let exponent = |m: f64| -0.5 * ((x - m) / self.std).powi(2);
        let ScaledSum { largest, scaled } = ScaledSum::of(self.means.iter().map(|m| exponent(*m)));
        largest + (scaled / self.means.len() as f64).ln() - 0.5 * TAU.ln() - self.std.ln()
    }

    fn cdf(&self, x: f64) -> f64 {
        self.mean_of(|m| 0.5 * erfc((m - x) / (SQRT_2 * self.std)))
    }

    fn quantile(&self, p: f64) -> f64 {
        let (low, high) = self.range();
        quantile::invert(p, 0.5 * (low + high), 0.5 * (high - low) + self.std, |x| self.cdf(x))
    }

    /// By the trapezoidal rule, which converges geometrically here: twelve standard deviations beyond the outer means,
    /// sixteen nodes in each.
    fn entropy(&self) -> f64 {
        let (low, high) = self.range();
        let (start, end) = (low - 12.0 * self.std, high + 12.0 * self.std);
        let count = (16.0 * (end - start) / self.std).ceil();
        let step = (end - start) / count;
        let surprise = |x: f64| -self.log_density(x) * self.log_density(x).exp();
        (0..=count as usize).map(|i| surprise(start + i as f64 * step)).sum::<f64>() * step
    }

    fn variance(&self) -> f64 {
        let mean = self.mean_of(|m| m);
        self.std * self.std + self.mean_of(|m| (m - mean).powi(2))
    }
}
