//! The standard normal prior, N(0, 1) in every dimension.
//!
//! log p(z) = -z^2/2 - ln(2 pi)/2; rate in closed form, (mean^2 + exp(log_var) - 1 - log_var) / 2
//! (Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, appendix B).

use std::f64::consts::{SQRT_2, TAU};

use candle_core::Tensor;
use rand::{Rng, RngCore};
use rand_distr::StandardNormal;
use statrs::function::erf::{erfc, erfc_inv};
use vimae_core::{Entry, Result, Univariate};

use crate::{BuildPrior, Factorial, Law};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "normal",
    summary: "independent standard normal dimensions",
    source: "Kingma and Welling, Auto-Encoding Variational Bayes, 2014",
    keys: &[],
    build: |_, _| Ok(Box::new(prior())),
};

/// The standard normal law.
#[derive(Debug, Clone, Copy)]
pub struct Normal;

/// The prior of standard normal dimensions.
pub const fn prior() -> Factorial<Normal> {
    Factorial::new(ENTRY.name, Normal)
}

impl Univariate for Normal {
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        rng.sample(StandardNormal)
    }

    fn log_density(&self, x: f64) -> f64 {
        -0.5 * (x * x + TAU.ln())
    }

    fn cdf(&self, x: f64) -> f64 {
        0.5 * erfc(-x / SQRT_2)
    }

    fn quantile(&self, p: f64) -> f64 {
        -SQRT_2 * erfc_inv(2.0 * p)
    }

    fn entropy(&self) -> f64 {
        0.5 * (1.0 + TAU.ln())
    }

    fn variance(&self) -> f64 {
        1.0
    }
}

impl Law for Normal {
    fn log_density_each(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.sqr()?.affine(-0.5, -0.5 * TAU.ln())?)
    }

    fn gaussian_rate_each(&self, mean: &Tensor, log_var: &Tensor) -> Result<Tensor> {
        let squares = (mean.sqr()? + log_var.exp()?)?;
        Ok((squares - log_var)?.affine(0.5, -0.5)?)
    }
}
