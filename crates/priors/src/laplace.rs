//! The Laplace prior; of unit variance, scale b = 1 / sqrt(2), unless asked otherwise.
//!
//! log p(z) = -|z|/b - ln 2b; entropy 1 + ln 2b, 1.3466 nats at unit variance. The rate has a closed form, from
//! E|X| = s sqrt(2/pi) exp(-m^2 / 2 s^2) + m erf(m / (s sqrt 2)) for X ~ N(m, s^2).

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, TAU};

use candle_core::Tensor;
use rand::{Rng, RngCore};
use rand_distr::Open01;
use vimae_core::{Entry, Result, Univariate, settings::Schema};

use crate::{
    BuildPrior, Factorial, Law,
    matching::{Match, Scale},
};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "laplace",
    summary: "independent Laplace dimensions, of unit variance by default",
    source: "density exp(-|z|/b) / 2b; Barello, Charles & Pillow, Sparse-Coding Variational Auto-Encoders, 2018",
    settings: Schema::of::<Scale>,
    build: |settings, _| Ok(Box::new(Factorial::new(settings.name(), Laplace::new(settings.read::<Scale>()?.into())))),
};

/// The Laplace law of mean 0.
#[derive(Debug, Clone, Copy)]
pub struct Laplace {
    scale: f64,
}

impl Laplace {
    /// The law with the variance, entropy or scale b of `matched`.
    pub fn new(matched: Match) -> Self {
        Self { scale: matched.scale(FRAC_1_SQRT_2, 1.0 + (2.0 * FRAC_1_SQRT_2).ln()) }
    }
}

impl Univariate for Laplace {
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        self.quantile(rng.sample(Open01))
    }

    fn log_density(&self, x: f64) -> f64 {
        -x.abs() / self.scale - (2.0 * self.scale).ln()
    }

    fn cdf(&self, x: f64) -> f64 {
        let tail = 0.5 * (-x.abs() / self.scale).exp();
        if x < 0.0 { tail } else { 1.0 - tail }
    }

    fn quantile(&self, p: f64) -> f64 {
        let below = |p: f64| self.scale * (2.0 * p).ln();
        if p < 0.5 { below(p) } else { -below(1.0 - p) }
    }

    fn entropy(&self) -> f64 {
        1.0 + (2.0 * self.scale).ln()
    }

    fn variance(&self) -> f64 {
        2.0 * self.scale * self.scale
    }
}

/// Beyond so many standard deviations exp(-r^2 / 2) is zero in f64, and r^2 could overflow.
const FAR: f64 = 40.0;

impl Law for Laplace {
    fn log_density_each(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.abs()?.affine(-1.0 / self.scale, -(2.0 * self.scale).ln())?)
    }

    fn gaussian_rate_each(&self, mean: &Tensor, log_var: &Tensor) -> Result<Tensor> {
        let std = (log_var * 0.5)?.exp()?;
        let ratio = (mean / &std)?.clamp(-FAR, FAR)?;
        let spread = ((ratio.sqr()? * -0.5)?.exp()? * std)?;
        let mean_distance = ((spread * FRAC_2_PI.sqrt())? + (mean * (ratio * FRAC_1_SQRT_2)?.erf()?)?)?;
        let cross = mean_distance.affine(1.0 / self.scale, (2.0 * self.scale).ln())?;
        Ok((cross + log_var.affine(-0.5, -0.5 * (1.0 + TAU.ln()))?)?)
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("scale", self.scale)]
    }
}
