//! The generalised normal prior, exp(-(|z|/a)^b); of unit variance unless asked otherwise.
//!
//! Shape b = 1 is Laplace, 2 normal, and large b nears uniform: one number that moves the entropy, and with it the
//! capacity of a code, while the variance stays. log p(z) = -(|z|/a)^b - ln(2 a G(1/b) / b), G the gamma function;
//! variance a^2 G(3/b) / G(1/b); entropy 1/b + ln(2 a G(1/b) / b) (Nadarajah, "A generalized normal distribution",
//! 2005). The rate is in closed form by absolute moments of the Gaussian, through Kummer's function.

use candle_core::Tensor;
use rand::{Rng, RngCore};
use rand_distr::{Gamma, Open01};
use statrs::function::gamma::{gamma_lr, gamma_ur, ln_gamma};
use vimae_core::{Entry, Result, Univariate, settings::Schema};

use crate::{
    BuildPrior, Factorial, Law,
    matching::{Match, Scale, refused},
    moment::absolute_moment,
    quantile,
};

const LEAST: f64 = 0.25;
const MOST: f64 = 16.0;
pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "generalised_normal",
    summary: "independent generalised normal dimensions, of unit variance by default; the shape sets the entropy",
    source: "Nadarajah, A generalized normal distribution, 2005",
    settings: Schema::of::<Shape>,
    build: |settings, _| {
        let Shape { shape, scale } = settings.read()?;
        Ok(Box::new(Factorial::new(settings.name(), GeneralisedNormal::new(shape, scale.into())?)))
    },
};

vimae_core::settings! {
    /// The settings of the law.
    struct Shape {
        /// shape b: 1 is Laplace, 2 normal, more is flatter
        shape: f64 = 4.0, from LEAST, to MOST;
        #[serde(flatten)]
        scale: Scale = Scale::default();
    }
}

/// The generalised normal law of mean 0.
#[derive(Debug, Clone, Copy)]
pub struct GeneralisedNormal {
    shape: f64,
    scale: f64,
    /// Of (|z|/a)^b after a uniform draw is taken out of it, see `sample`.
    radius: Gamma<f64>,
}

impl GeneralisedNormal {
    /// The law of this shape with the variance, entropy or scale a of `matched`.
    ///
    /// # Errors
    /// [`Setting`](vimae_core::Error::Setting) for a shape outside \[0.25, 16\].
    pub fn new(shape: f64, matched: Match) -> Result<Self> {
        let bad = || refused(ENTRY.name, "shape", shape, &format!("a number from {LEAST} to {MOST}"));
        if !(LEAST..=MOST).contains(&shape) {
            return Err(bad());
        }
        let radius = Gamma::new(1.0 + 1.0 / shape, 1.0).map_err(|_| bad())?;
        let unit = Self { shape, scale: 1.0, radius };
        Ok(Self { scale: matched.scale_of_unit(unit.variance(), unit.entropy()), ..unit })
    }

    /// ln(2 a G(1/b) / b)
    fn log_normaliser(&self) -> f64 {
        (2.0 * self.scale / self.shape).ln() + ln_gamma(1.0 / self.shape)
    }
}

impl Univariate for GeneralisedNormal {
    /// (|z|/a)^b follows the gamma law of shape 1/b, which is that of shape 1 + 1/b times the b-th power of a
    /// uniform draw; the root taken of each alone never underflows.
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        let signed = 2.0 * rng.sample::<f64, _>(Open01) - 1.0;
        self.scale * signed * rng.sample(self.radius).powf(1.0 / self.shape)
    }

    fn log_density(&self, x: f64) -> f64 {
        -(x.abs() / self.scale).powf(self.shape) - self.log_normaliser()
    }

    fn cdf(&self, x: f64) -> f64 {
        let reach = (x.abs() / self.scale).powf(self.shape);
        let order = 1.0 / self.shape;
        let tail = match reach {
            0.0 => 0.5,
            // Below, the lower half is the accurate one.
            r if r < order => 0.5 - 0.5 * gamma_lr(order, r),
            r if r > 1e4 => 0.0,
            r => 0.5 * gamma_ur(order, r),
        };
        if x < 0.0 { tail } else { 1.0 - tail }
    }

    fn quantile(&self, p: f64) -> f64 {
        quantile::symmetric(p, self.scale, |x| self.cdf(x))
    }

    fn entropy(&self) -> f64 {
        1.0 / self.shape + self.log_normaliser()
    }

    fn variance(&self) -> f64 {
        self.scale * self.scale * (ln_gamma(3.0 / self.shape) - ln_gamma(1.0 / self.shape)).exp()
    }
}

impl Law for GeneralisedNormal {
    /// Within 1e-12 scales of the mode the slope is taken as zero: for shapes below one it is infinite there.
    fn log_density_each(&self, x: &Tensor) -> Result<Tensor> {
        let distance = (x.abs()? / self.scale)?.maximum(1e-12)?;
        Ok(distance.powf(self.shape)?.affine(-1.0, -self.log_normaliser())?)
    }

    fn gaussian_rate_each(&self, mean: &Tensor, log_var: &Tensor) -> Result<Tensor> {
        let cross = absolute_moment(mean, log_var, self.shape, self.scale)?;
        let constant = self.log_normaliser() - 0.5 * (1.0 + std::f64::consts::TAU.ln());
        Ok((cross - (log_var * 0.5)?)?.affine(1.0, constant)?)
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("shape", self.shape), ("scale", self.scale)]
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::Error;

    use super::*;
    use crate::{laplace::Laplace, normal::Normal};

    #[test]
    fn shapes_one_and_two_are_laplace_and_normal() {
        for matched in [Match::Variance(1.7), Match::Entropy(0.4), Match::Variance(1.0)] {
            let of = |shape| GeneralisedNormal::new(shape, matched).unwrap();
            let pairs: [(_, &dyn Univariate); 2] = [(of(1.0), &Laplace::new(matched)), (of(2.0), &Normal::new(matched))];
            for (general, special) in pairs {
                for x in [-3.0, -0.2, 0.0, 1.4] {
                    assert!((general.log_density(x) - special.log_density(x)).abs() < 1e-10);
                    assert!((general.cdf(x) - special.cdf(x)).abs() < 1e-10);
                }
                assert!((general.entropy() - special.entropy()).abs() < 1e-10);
                assert!((general.quantile(0.03) - special.quantile(0.03)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_entropy_at_unit_variance_is_greatest_for_the_normal_shape() {
        let entropy = |shape| GeneralisedNormal::new(shape, Match::Variance(1.0)).unwrap().entropy();
        assert!([0.5, 1.0, 1.5].windows(2).all(|pair| entropy(pair[0]) < entropy(pair[1])) && entropy(1.5) < entropy(2.0));
        assert!(entropy(2.0) > entropy(4.0) && entropy(4.0) > entropy(16.0) && entropy(16.0) > 12f64.sqrt().ln());
    }

    #[test]
    fn a_shape_out_of_range_is_refused_by_name() {
        for shape in [0.0, -1.0, f64::NAN, 17.0] {
            let error = GeneralisedNormal::new(shape, Match::Scale(1.0)).unwrap_err();
            assert!(matches!(&error, Error::Setting { name, key, .. } if name == ENTRY.name && key == "shape"), "{error}");
        }
    }
}
