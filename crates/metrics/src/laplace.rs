//! A Gaussian near the posterior of each observation, and the way from it to the posterior itself.
//!
//! The encoder's code is moved to the largest p(z) p(x|z) nearby by Gauss-Newton steps; there the precision is
//! J^T J / sigma^2 + I / var(p) with the decoder's Jacobian J, taken by central differences (Laplace's
//! approximation); under a likelihood of the decoder's own, its observed information + I / var(p). Where the prior's variance is
//! infinite, its quartiles say how wide it is ([`vimae_core::Univariate::squared_scale`]). Any start gives valid bounds in
//! annealing; this one needs tens of temperatures where the prior needs thousands, and serves encoders of every kind. Coordinates u
//! with z = m + C^-T u, precision C C^T, make f_0 standard normal.

use vimae_core::{Prior, Purpose, Result, Streams, numerics::Cholesky};

use crate::{
    bridge::{Bridge, log_prior},
    likelihood::{DecoderLikelihood, Evaluated, LogLikelihood},
};

/// A Gaussian for each observation.
pub struct FromGaussian<'a> {
    prior: &'a dyn Prior,
    likelihood: &'a DecoderLikelihood<'a>,
    fits: Vec<Fit>,
}

struct Fit {
    mean: Vec<f64>,
    precision: Cholesky,
}

/// Gauss-Newton steps at most.
const STEPS: usize = 12;
/// Halvings of a step that does not lead upwards, at most.
const HALVINGS: usize = 6;
/// Nats below which a step is the last.
const ENOUGH: f64 = 0.05;
/// The distance of differences: far above the rounding of f32 images, far below a unit of the code.
const DIFFERENCE: f64 = 5e-3;

impl<'a> FromGaussian<'a> {
    /// Fits the Gaussians from codes `[N, d]` of the observations, which the encoder gave.
    ///
    /// # Errors
    /// Where the shapes do not fit or the model fails.
    pub fn fit(prior: &'a dyn Prior, likelihood: &'a DecoderLikelihood<'a>, codes: &[f64]) -> Result<Self> {
        let size = likelihood.size();
        let fits: Result<Vec<Fit>> =
            codes.chunks_exact(size).enumerate().map(|(row, code)| climb(prior, &likelihood.only(row)?, code)).collect();
        Ok(Self { prior, likelihood, fits: fits? })
    }

    /// The fit of a row, `copies` rows an observation.
    fn rows<'s>(&'s self, at: &'s [f64]) -> impl Iterator<Item = (&'s Fit, &'s [f64])> {
        let size = self.likelihood.size();
        let copies = (at.len() / (size * self.fits.len()).max(1)).max(1);
        self.fits.iter().flat_map(move |fit| std::iter::repeat_n(fit, copies)).zip(at.chunks_exact(size))
    }
}

/// From one code upwards.
fn climb(prior: &dyn Prior, likelihood: &DecoderLikelihood<'_>, code: &[f64]) -> Result<Fit> {
    let size = code.len();
    let variance = prior.marginal().map_or(1.0, |law| law.squared_scale());
    let joint = |code: &[f64]| -> Result<(f64, Vec<f64>)> {
        let (prior, likelihood) = (log_prior(prior, code, size)?, likelihood.evaluate(code)?);
        let gradient = prior.gradients.iter().zip(&likelihood.gradients).map(|(p, l)| p + l).collect();
        Ok((prior.values[0] + likelihood.values[0], gradient))
    };
    let precision = |code: &[f64]| -> Result<Cholesky> {
        let mut matrix = likelihood.fisher(code, DIFFERENCE)?;
        (0..size).for_each(|i| matrix[i * size + i] += 1.0 / variance);
        let prior_alone = || (0..size * size).map(|i| if i % (size + 1) == 0 { 1.0 / variance } else { 0.0 }).collect::<Vec<_>>();
        // An observed information need not be positive; its diagonal says at least how wide the posterior is.
        let diagonal = || (0..size * size).map(|i| if i % (size + 1) == 0 { matrix[i].abs() } else { 0.0 }).collect::<Vec<_>>();
        let factor = Cholesky::of(&matrix, size).or_else(|| Cholesky::of(&diagonal(), size)).or_else(|| Cholesky::of(&prior_alone(), size));
        factor.ok_or_else(|| vimae_core::Error::Unsupported {
            what: format!("prior {}", prior.name()),
            reason: format!("its variance, {variance}, is not above 0"),
        })
    };
    let mut mean = code.to_vec();
    let mut factor = precision(&mean)?;
    let (mut height, mut gradient) = joint(&mean)?;
    for _ in 0..STEPS {
        let mut step = gradient.clone();
        factor.solve_lower(&mut step);
        factor.solve_upper(&mut step);
        let tries = (0..HALVINGS).map(|halving| {
            let share = 0.5_f64.powi(halving as i32);
            let next: Vec<f64> = mean.iter().zip(&step).map(|(m, s)| m + share * s).collect();
            joint(&next).map(|found| (next, found))
        });
        let mut better = None;
        for found in tries {
            let (next, (above, slope)) = found?;
            if above > height {
                better = Some((next, above, slope));
                break;
            }
        }
        let Some((next, above, slope)) = better else { break };
        let gain = above - height;
        (mean, height, gradient) = (next, above, slope);
        factor = precision(&mean)?;
        if gain < ENOUGH {
            break;
        }
    }
    Ok(Fit { mean, precision: factor })
}

impl Bridge for FromGaussian<'_> {
    fn size(&self) -> usize {
        self.likelihood.size()
    }

    fn observations(&self) -> usize {
        self.fits.len()
    }

    fn scale(&self) -> f64 {
        1.0
    }

    fn start(&self, copies: usize, streams: &Streams, place: u64) -> Result<Vec<f64>> {
        let count = self.observations() * copies * self.size();
        Ok(streams.normal(Purpose::Evaluation, place, count).into_iter().map(f64::from).collect())
    }

    fn coordinates(&self, codes: &[f64]) -> Vec<f64> {
        self.rows(codes)
            .flat_map(|(fit, code)| {
                let centred: Vec<f64> = code.iter().zip(&fit.mean).map(|(z, m)| z - m).collect();
                fit.precision.upper_times(&centred)
            })
            .collect()
    }

    fn evaluate(&self, at: &[f64]) -> Result<(Evaluated, Evaluated)> {
        let size = self.size();
        let codes: Vec<f64> = self
            .rows(at)
            .flat_map(|(fit, u)| {
                let mut code = u.to_vec();
                fit.precision.solve_upper(&mut code);
                code.iter_mut().zip(&fit.mean).for_each(|(z, m)| *z += m);
                code
            })
            .collect();
        let (prior, likelihood) = (log_prior(self.prior, &codes, size)?, self.likelihood.evaluate(&codes)?);
        let (mut base, mut increment) = (Evaluated::with_capacity(at.len(), size), Evaluated::with_capacity(at.len(), size));
        for (row, (fit, u)) in self.rows(at).enumerate() {
            let normal = -0.5 * u.iter().map(|u| u * u).sum::<f64>() - 0.5 * size as f64 * std::f64::consts::TAU.ln();
            base.values.push(normal);
            base.gradients.extend(u.iter().map(|u| -u));
            // The volume of a unit of u: det C^-T.
            increment.values.push(prior.values[row] + likelihood.values[row] - fit.precision.log_determinant() - normal);
            let columns = row * size..(row + 1) * size;
            let mut slope: Vec<f64> =
                prior.gradients[columns.clone()].iter().zip(&likelihood.gradients[columns]).map(|(p, l)| p + l).collect();
            fit.precision.solve_lower(&mut slope);
            increment.gradients.extend(slope.iter().zip(u).map(|(slope, u)| slope + u));
        }
        Ok((base, increment))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};
    use vimae_core::{Decoder, Mode, PixelRange};
    use vimae_priors::{Factorial, Match, student_t::StudentT};

    use super::*;

    /// An image of one pixel that no code changes.
    struct Constant;

    impl Decoder for Constant {
        fn decode(&self, codes: &Tensor, _: Mode) -> Result<Tensor> {
            Ok((codes * codes.zeros_like()?)?)
        }
    }

    #[test]
    fn a_prior_of_infinite_variance_says_how_wide_a_posterior_is_that_the_image_does_not() {
        let cauchy = Factorial::new("student_t", StudentT::new(1.0, Match::Scale(1.0)).unwrap());
        let image = Tensor::zeros((1, 1), DType::F64, &Device::Cpu).unwrap();
        let likelihood = DecoderLikelihood::new(&Constant, 1, &image, PixelRange::Unit, 0.5, &Device::Cpu).unwrap();
        let bridge = FromGaussian::fit(&cauchy, &likelihood, &[0.5]).unwrap();
        let start = bridge.start(5, &Streams::new(1), 0).unwrap();
        let (_, increment) = bridge.evaluate(&start).unwrap();
        assert!(increment.values.iter().chain(&increment.gradients).all(|v| v.is_finite()));
    }
}
