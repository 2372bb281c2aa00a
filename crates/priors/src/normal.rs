//! The normal prior, N(0, s^2) in every dimension; standard unless asked otherwise.
//!
//! log p(z) = -(z/s)^2/2 - ln(2 pi)/2 - ln s; rate in closed form,
//! ((mean^2 + exp(log_var)) / s^2 - 1 - log_var) / 2 + ln s
//! (Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, appendix B).

use std::f64::consts::{SQRT_2, TAU};

use candle_core::Tensor;
use rand::{Rng, RngCore};
use rand_distr::StandardNormal;
use statrs::function::erf::{erfc, erfc_inv};
use vimae_core::{Entry, Result, Univariate, settings::Schema};

use crate::{
    BuildPrior, Factorial, Law,
    matching::{Match, NORMAL_ENTROPY, Scale},
};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "normal",
    summary: "independent normal dimensions, standard by default",
    source: "Kingma and Welling, Auto-Encoding Variational Bayes, 2014",
    settings: Schema::of::<Scale>,
    build: |settings, _| Ok(Box::new(Factorial::new(settings.name(), Normal::new(settings.read::<Scale>()?.into())))),
};

/// The normal law of mean 0.
#[derive(Debug, Clone, Copy)]
pub struct Normal {
    std: f64,
}

impl Normal {
    /// The law with the variance, entropy or scale (its standard deviation) of `matched`.
    pub fn new(matched: Match) -> Self {
        Self { std: matched.scale(1.0, NORMAL_ENTROPY) }
    }
}

/// The prior of standard normal dimensions.
pub const fn prior() -> Factorial<Normal> {
    Factorial::new(ENTRY.name, Normal { std: 1.0 })
}

impl Univariate for Normal {
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        let draw: f64 = rng.sample(StandardNormal);
        self.std * draw
    }

    fn log_density(&self, x: f64) -> f64 {
        -0.5 * ((x / self.std).powi(2) + TAU.ln()) - self.std.ln()
    }

    fn cdf(&self, x: f64) -> f64 {
        0.5 * erfc(-x / (SQRT_2 * self.std))
    }

    fn quantile(&self, p: f64) -> f64 {
        -SQRT_2 * self.std * erfc_inv(2.0 * p)
    }

    fn entropy(&self) -> f64 {
        NORMAL_ENTROPY + self.std.ln()
    }

    fn variance(&self) -> f64 {
        self.std * self.std
    }
}

impl Law for Normal {
    fn log_density_each(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.sqr()?.affine(-0.5 / self.variance(), -0.5 * TAU.ln() - self.std.ln())?)
    }

    fn gaussian_rate_each(&self, mean: &Tensor, log_var: &Tensor) -> Result<Tensor> {
        let squares = (mean.sqr()? + log_var.exp()?)?;
        // At unit variance these are the very operations of the standard prior, bit by bit.
        let squares = if self.std == 1.0 { squares } else { (squares / self.variance())? };
        Ok((squares - log_var)?.affine(0.5, -0.5 + self.std.ln())?)
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("std", self.std)]
    }
}
