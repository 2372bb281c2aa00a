//! The uniform prior on [-a, a] in every dimension; of unit variance, a = sqrt(3), unless asked otherwise.
//!
//! Entropy ln 2a, 1.2425 nats at unit variance: the least of the laws here. A Gaussian head has mass outside any
//! interval, so that its rate is infinite; objectives that hold q(z) at the prior by a divergence need no rate.

use candle_core::Tensor;
use rand::{Rng, RngCore};
use rand_distr::Open01;
use vimae_core::{Entry, Error, Result, Univariate, settings::Schema};

use crate::{
    BuildPrior, Factorial, Law,
    matching::{Match, Scale},
};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "uniform",
    summary: "independent uniform dimensions, of unit variance by default",
    source: "density 1 / 2a on [-a, a]; Makhzani et al., Adversarial Autoencoders, 2015, take such priors by samples alone",
    settings: Schema::of::<Scale>,
    build: |settings, _| Ok(Box::new(Factorial::new(settings.name(), Uniform::new(settings.read::<Scale>()?.into())))),
};

/// sqrt(3)
const UNIT_HALF_WIDTH: f64 = 1.732_050_807_568_877_2;

/// The uniform law of mean 0.
#[derive(Debug, Clone, Copy)]
pub struct Uniform {
    half_width: f64,
}

impl Uniform {
    /// The law with the variance, entropy or scale (its half width a) of `matched`.
    pub fn new(matched: Match) -> Self {
        Self { half_width: matched.scale(UNIT_HALF_WIDTH, (2.0 * UNIT_HALF_WIDTH).ln()) }
    }
}

impl Univariate for Uniform {
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        self.quantile(rng.sample(Open01))
    }

    fn log_density(&self, x: f64) -> f64 {
        if x.abs() <= self.half_width { -self.entropy() } else { f64::NEG_INFINITY }
    }

    fn cdf(&self, x: f64) -> f64 {
        (0.5 + 0.5 * x / self.half_width).clamp(0.0, 1.0)
    }

    fn quantile(&self, p: f64) -> f64 {
        self.half_width * (2.0 * p - 1.0)
    }

    fn entropy(&self) -> f64 {
        (2.0 * self.half_width).ln()
    }

    fn variance(&self) -> f64 {
        self.half_width * self.half_width / 3.0
    }
}

impl Law for Uniform {
    fn log_density_each(&self, x: &Tensor) -> Result<Tensor> {
        let density = (x.zeros_like()? - self.entropy())?;
        let nothing = density.affine(0.0, f64::NEG_INFINITY)?;
        Ok(x.abs()?.le(self.half_width)?.where_cond(&density, &nothing)?)
    }

    fn gaussian_rate_each(&self, _: &Tensor, _: &Tensor) -> Result<Tensor> {
        Err(Error::Unsupported {
            what: "rate of a Gaussian code under the prior \"uniform\"".into(),
            reason: "a Gaussian has mass outside of every interval, so that it is infinite; a divergence takes its place".into(),
        })
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("half_width", self.half_width)]
    }
}
