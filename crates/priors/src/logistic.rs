//! The logistic prior; of unit variance, scale b = sqrt(3) / pi, unless asked otherwise.
//!
//! log p(z) = -|z|/b - 2 ln(1 + exp(-|z|/b)) - ln b, the form that stays finite at any distance; entropy
//! ln b + 2 = 1.4046 nats against the normal's 1.4189. The VIMAE paper's prior for VIMAE-l; it gives no
//! scale, and unit variance is ours, so that both priors ask for codes of one size.

use std::f64::consts::PI;

use candle_core::Tensor;
use rand::{Rng, RngCore};
use rand_distr::Open01;
use vimae_core::{
    Entry, Result, Univariate,
    numerics::{softplus, softplus_of_negated_each},
    settings::Schema,
};

use crate::{
    BuildPrior, Factorial, Law,
    matching::{Match, Scale},
    quadrature,
};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "logistic",
    summary: "independent logistic dimensions, of unit variance by default",
    source: "The Variational InfoMax AutoEncoder, VIMAE-l",
    settings: Schema::of::<Scale>,
    build: |settings, _| Ok(Box::new(Factorial::new(settings.name(), Logistic::new(settings.read::<Scale>()?.into())))),
};

/// The logistic law of mean 0.
#[derive(Debug, Clone, Copy)]
pub struct Logistic {
    scale: f64,
}

impl Logistic {
    /// The law with the variance, entropy or scale b of `matched`.
    pub fn new(matched: Match) -> Self {
        Self { scale: matched.scale(UNIT_SCALE, UNIT_SCALE.ln() + 2.0) }
    }
}

/// The prior of logistic dimensions of unit variance.
pub const fn prior() -> Factorial<Logistic> {
    Factorial::new(ENTRY.name, Logistic { scale: UNIT_SCALE })
}

/// sqrt(3) / pi
const UNIT_SCALE: f64 = 1.732_050_807_568_877_2 / PI;

impl Univariate for Logistic {
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        self.quantile(rng.sample(Open01))
    }

    fn log_density(&self, x: f64) -> f64 {
        let distance = x.abs() / self.scale;
        -distance - 2.0 * softplus(-distance) - self.scale.ln()
    }

    fn cdf(&self, x: f64) -> f64 {
        1.0 / (1.0 + (-x / self.scale).exp())
    }

    fn quantile(&self, p: f64) -> f64 {
        self.scale * (p.ln() - (-p).ln_1p())
    }

    fn entropy(&self) -> f64 {
        self.scale.ln() + 2.0
    }

    fn variance(&self) -> f64 {
        (self.scale / UNIT_SCALE).powi(2)
    }
}

impl Law for Logistic {
    fn log_density_each(&self, x: &Tensor) -> Result<Tensor> {
        let distance = (x.abs()? / self.scale)?;
        let softplus = softplus_of_negated_each(&distance)?;
        Ok((distance + (softplus * 2.0)?)?.affine(-1.0, -self.scale.ln())?)
    }

    fn quadrature_nodes(&self) -> usize {
        quadrature::nodes(PI * self.scale)
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("scale", self.scale)]
    }
}
