//! Student's t prior with n degrees of freedom; of unit variance unless asked otherwise.
//!
//! log p(z) = -(n+1)/2 ln(1 + z^2 / (n s^2)) - ln(s sqrt(n) B(n/2, 1/2)); variance s^2 n / (n - 2) for n > 2,
//! infinite below; entropy (n+1)/2 (psi((n+1)/2) - psi(n/2)) + ln(s sqrt(n) B(n/2, 1/2)).
//! The rate is by quadrature; the log density has branch points at +- i s sqrt(n).

use candle_core::Tensor;
use rand::{Rng, RngCore};
use rand_distr::StudentT as Standard;
use statrs::function::{
    beta::{beta_reg, ln_beta},
    gamma::digamma,
};
use vimae_core::{Entry, Result, Univariate, settings::Schema};

use crate::{
    BuildPrior, Factorial, Law,
    matching::{Match, Scale, refused},
    quadrature, quantile,
};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "student_t",
    summary: "independent dimensions of Student's t, of unit variance and five degrees of freedom by default",
    source: "Student's t; Abiri & Ohlsson, Variational auto-encoders with Student's t-prior, 2020",
    settings: Schema::of::<Shape>,
    build: |settings, _| {
        let Shape { degrees_of_freedom, scale } = settings.read()?;
        Ok(Box::new(Factorial::new(settings.name(), StudentT::new(degrees_of_freedom, scale.into())?)))
    },
};

vimae_core::settings! {
    /// The settings of the law.
    struct Shape {
        /// degrees of freedom; above 2 where the variance is matched
        degrees_of_freedom: f64 = 5.0, from 0.5, to 1e4;
        #[serde(flatten)]
        scale: Scale = Scale::default();
    }
}

/// Student's t of mean 0 (median 0, where it has no mean).
#[derive(Debug, Clone, Copy)]
pub struct StudentT {
    freedom: f64,
    scale: f64,
    standard: Standard<f64>,
}

impl StudentT {
    /// The law with so many degrees of freedom and the variance, entropy or scale s of `matched`.
    ///
    /// # Errors
    /// [`Setting`](vimae_core::Error::Setting) for degrees of freedom that are not positive, or without the
    /// variance that is to be matched.
    pub fn new(freedom: f64, matched: Match) -> Result<Self> {
        let bad = |allowed| refused(ENTRY.name, "degrees_of_freedom", freedom, allowed);
        if matches!(matched, Match::Variance(_)) && freedom <= 2.0 {
            return Err(bad("above 2, where the law has a variance to match; or match the entropy or the scale"));
        }
        let standard = Standard::new(freedom).map_err(|_| bad("a number above 0"))?;
        let unit = Self { freedom, scale: 1.0, standard };
        Ok(Self { scale: matched.scale_of_unit(unit.variance(), unit.entropy()), ..unit })
    }

    /// ln(s sqrt(n) B(n/2, 1/2))
    fn log_normaliser(&self) -> f64 {
        self.scale.ln() + 0.5 * self.freedom.ln() + ln_beta(0.5 * self.freedom, 0.5)
    }
}

impl Univariate for StudentT {
    fn sample(&self, rng: &mut dyn RngCore) -> f64 {
        self.scale * rng.sample(self.standard)
    }

    fn log_density(&self, x: f64) -> f64 {
        let t = x / self.scale;
        -0.5 * (self.freedom + 1.0) * (t * t / self.freedom).ln_1p() - self.log_normaliser()
    }

    fn cdf(&self, x: f64) -> f64 {
        let t = x / self.scale;
        // The form whose argument is small is the accurate one: far out, and near the middle.
        let tail = if t * t > self.freedom {
            0.5 * beta_reg(0.5 * self.freedom, 0.5, self.freedom / (self.freedom + t * t))
        } else {
            0.5 - 0.5 * beta_reg(0.5, 0.5 * self.freedom, t * t / (self.freedom + t * t))
        };
        if t < 0.0 { tail } else { 1.0 - tail }
    }

    fn quantile(&self, p: f64) -> f64 {
        quantile::symmetric(p, self.scale, |x| self.cdf(x))
    }

    fn entropy(&self) -> f64 {
        let half = 0.5 * (self.freedom + 1.0);
        half * (digamma(half) - digamma(0.5 * self.freedom)) + self.log_normaliser()
    }

    fn variance(&self) -> f64 {
        if self.freedom > 2.0 { self.scale * self.scale * self.freedom / (self.freedom - 2.0) } else { f64::INFINITY }
    }
}

impl Law for StudentT {
    fn log_density_each(&self, x: &Tensor) -> Result<Tensor> {
        let spread = self.scale * self.freedom.sqrt();
        // ln(1 + y^2) = 2 ln of the hypotenuse, of which the larger side is taken out: y^2 would overflow in f32.
        let far = (x.abs()? / spread)?.maximum(1.0)?;
        let near = (x / spread)?.div(&far)?.sqr()?;
        let log = (far.log()? * 2.0)?.add(&(near + far.recip()?.sqr()?)?.log()?)?;
        Ok(log.affine(-0.5 * (self.freedom + 1.0), -self.log_normaliser())?)
    }

    fn quadrature_nodes(&self) -> usize {
        quadrature::nodes(self.scale * self.freedom.sqrt())
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("freedom", self.freedom), ("scale", self.scale)]
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::Error;

    use super::*;

    #[test]
    fn the_default_in_words_is_the_default() {
        assert!(ENTRY.summary.contains("five degrees of freedom by default"));
        assert_eq!(Shape::default().degrees_of_freedom, 5.0);
    }

    #[test]
    fn a_variance_that_does_not_exist_is_refused_by_name() {
        let error = StudentT::new(2.0, Match::Variance(1.0)).unwrap_err();
        assert!(
            matches!(&error, Error::Setting { name, key, given, .. } if name == ENTRY.name && key == "degrees_of_freedom" && given == "2"),
            "{error}"
        );
        let cauchy = StudentT::new(1.0, Match::Scale(1.0)).unwrap();
        assert_eq!(cauchy.variance(), f64::INFINITY);
        assert!((cauchy.squared_scale() - 1.0).abs() < 1e-9);
        assert!((cauchy.entropy() - (4.0 * std::f64::consts::PI).ln()).abs() < 1e-10);
        assert!((cauchy.cdf(1.0) - 0.75).abs() < 1e-12 && (cauchy.quantile(0.75) - 1.0).abs() < 1e-10);
    }
}
