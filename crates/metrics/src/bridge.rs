//! Ways from a distribution that can be drawn from to the posterior: f_0^(1 - beta) f_1^beta for beta from 0 to 1.
//!
//! f_1(z) = p(z) p(x|z), whose integral is p(x). f_0 is normalised: the prior ([`FromPrior`], the way of Wu et al.
//! 2017, on which every beta is a point of the rate-distortion curve), or a Gaussian at the code of each observation
//! ([`crate::laplace::FromGaussian`], far shorter).

use candle_core::{Device, Tensor, Var};
use vimae_core::{Error, Prior, Purpose, Result, Streams};

use crate::{
    likelihood::{Evaluated, LogLikelihood},
    summary::values,
};

/// A way to the posterior of each observation, in coordinates of its own.
pub trait Bridge {
    /// Coordinates of a chain.
    fn size(&self) -> usize;

    /// Observations.
    fn observations(&self) -> usize;

    /// A length over which f_0 changes, in these coordinates.
    fn scale(&self) -> f64;

    /// Exact draws from f_0, `copies` of each observation beside one another.
    ///
    /// # Errors
    /// As the sampler of f_0.
    fn start(&self, copies: usize, streams: &Streams, place: u64) -> Result<Vec<f64>>;

    /// The coordinates of codes, as many of each observation, beside one another.
    fn coordinates(&self, codes: &[f64]) -> Vec<f64>;

    /// ln f_0 and ln f_1 - ln f_0 at every row, with their gradients.
    ///
    /// # Errors
    /// Where the shapes do not fit or the model fails.
    fn evaluate(&self, at: &[f64]) -> Result<(Evaluated, Evaluated)>;
}

/// From the prior: p(z) p(x|z)^beta. Coordinates are the codes.
#[derive(Clone, Copy)]
pub struct FromPrior<'a> {
    /// p(z).
    pub prior: &'a dyn Prior,
    /// p(x|z).
    pub likelihood: &'a dyn LogLikelihood,
}

impl Bridge for FromPrior<'_> {
    fn size(&self) -> usize {
        self.likelihood.size()
    }

    fn observations(&self) -> usize {
        self.likelihood.observations()
    }

    fn scale(&self) -> f64 {
        self.prior.marginal().map_or(1.0, |law| law.squared_scale().sqrt())
    }

    fn start(&self, copies: usize, streams: &Streams, place: u64) -> Result<Vec<f64>> {
        let codes = self.prior.draw(streams, Purpose::Evaluation, place, self.observations() * copies, self.size())?;
        Ok(codes.into_iter().map(f64::from).collect())
    }

    fn coordinates(&self, codes: &[f64]) -> Vec<f64> {
        codes.to_vec()
    }

    fn evaluate(&self, at: &[f64]) -> Result<(Evaluated, Evaluated)> {
        Ok((log_prior(self.prior, at, self.size())?, self.likelihood.evaluate(at)?))
    }
}

/// ln p(z) and its gradient at rows of `size` values.
///
/// # Errors
/// Where the density has no gradient.
pub fn log_prior(prior: &dyn Prior, codes: &[f64], size: usize) -> Result<Evaluated> {
    let codes = Var::from_tensor(&Tensor::from_slice(codes, (codes.len() / size.max(1), size), &Device::Cpu)?)?;
    let density = prior.log_density(&codes)?;
    let gradient = density.sum_all()?.backward()?;
    let gradient = gradient
        .get(&codes)
        .ok_or_else(|| Error::Unsupported { what: format!("prior {}", prior.name()), reason: "its density has no gradient".into() })?;
    Ok(Evaluated { values: values(&density.detach())?, gradients: values(gradient)? })
}

#[cfg(test)]
mod tests {
    use vimae_priors::{Factorial, Match, student_t::StudentT};

    use super::*;

    /// A likelihood that is the same everywhere.
    struct Flat;

    impl LogLikelihood for Flat {
        fn size(&self) -> usize {
            1
        }

        fn observations(&self) -> usize {
            1
        }

        fn evaluate(&self, codes: &[f64]) -> Result<Evaluated> {
            Ok(Evaluated { values: vec![0.0; codes.len()], gradients: vec![0.0; codes.len()] })
        }
    }

    #[test]
    fn a_prior_of_infinite_variance_has_a_finite_scale() {
        let cauchy = Factorial::new("student_t", StudentT::new(1.0, Match::Scale(1.0)).unwrap());
        let scale = FromPrior { prior: &cauchy, likelihood: &Flat }.scale();
        assert!((scale - 1.0).abs() < 1e-9, "{scale}");
    }
}
