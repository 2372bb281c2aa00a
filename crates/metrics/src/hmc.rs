//! Hamiltonian Monte Carlo on codes: moves that leave p(z) p(x|z)^beta as it is.
//!
//! Leapfrog steps with unit mass, then acceptance by the change of energy (Neal, "MCMC using Hamiltonian dynamics",
//! 2011). All chains move in lockstep, each with a step of its own, so that one pass through the decoder serves all.
//! Positions and energies are kept in f64 on the CPU whatever the model computes in.

use candle_core::{Device, Tensor, Var};
use rand::Rng;
use vimae_core::{Error, Prior, Purpose, Result, Streams};

use crate::{
    likelihood::{Evaluated, LogLikelihood},
    summary::values,
};

/// The joint density of codes and observations.
#[derive(Clone, Copy)]
pub struct Joint<'a> {
    /// p(z).
    pub prior: &'a dyn Prior,
    /// p(x|z).
    pub likelihood: &'a dyn LogLikelihood,
}

/// Where the chains are.
#[derive(Debug, Clone, PartialEq)]
pub struct Chains {
    /// Their codes, row by row.
    pub codes: Vec<f64>,
    /// ln p(z) and its gradient.
    pub prior: Evaluated,
    /// ln p(x|z) and its gradient.
    pub likelihood: Evaluated,
}

/// How one transition moves.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The power of the likelihood.
    pub beta: f64,
    /// The step of each observation's chains.
    pub steps: &'a [f64],
    /// Leapfrog steps.
    pub leapfrog: usize,
    /// Random streams.
    pub streams: &'a Streams,
    /// The place in [`Purpose::Evaluation`]; the next four are used.
    pub place: u64,
}

/// The width of the factor that steps are multiplied with at random, so that no orbit closes on itself.
const JITTER: f64 = 0.2;

impl Joint<'_> {
    /// Chains at `codes`.
    ///
    /// # Errors
    /// Where the shapes do not fit.
    pub fn at(&self, codes: Vec<f64>) -> Result<Chains> {
        let (prior, likelihood) = (self.log_prior(&codes)?, self.likelihood.evaluate(&codes)?);
        Ok(Chains { codes, prior, likelihood })
    }

    fn log_prior(&self, codes: &[f64]) -> Result<Evaluated> {
        let size = self.likelihood.size();
        let codes = Var::from_tensor(&Tensor::from_slice(codes, (codes.len() / size.max(1), size), &Device::Cpu)?)?;
        let density = self.prior.log_density(&codes)?;
        let gradient = density.sum_all()?.backward()?;
        let gradient = gradient.get(&codes).ok_or_else(|| Error::Unsupported {
            what: format!("prior {}", self.prior.name()),
            reason: "its density has no gradient".into(),
        })?;
        Ok(Evaluated { values: values(&density.detach())?, gradients: values(gradient)? })
    }

    /// Moves every chain once; the probabilities with which the moves were accepted, one a chain. A move to where
    /// the density is not finite is never accepted.
    ///
    /// # Errors
    /// Where the model or device fails.
    pub fn transition(&self, chains: &mut Chains, by: &Move<'_>) -> Result<Vec<f64>> {
        let size = self.likelihood.size();
        let rows = chains.prior.values.len();
        let copies = (rows / self.likelihood.observations().max(1)).max(1);
        let Move { beta, streams, place, .. } = *by;
        let mut momenta: Vec<f64> = streams.normal(Purpose::Evaluation, place, rows * size).into_iter().map(f64::from).collect();
        let uniform = |place| streams.fill(Purpose::Evaluation, place, rows, |rng| rng.random::<f64>());
        let (jitter, accept) = (uniform(place + 1), uniform(place + 2));
        let step = |row: usize| by.steps.get(row / copies).copied().unwrap_or_default() * (1.0 + JITTER * (2.0 * jitter[row] - 1.0));

        let mut next = chains.clone();
        let kinetic = |momenta: &[f64]| momenta.chunks_exact(size).map(|p| 0.5 * p.iter().map(|p| p * p).sum::<f64>()).collect::<Vec<_>>();
        let before = kinetic(&momenta);
        kick(&mut momenta, &next, beta, size, |row| 0.5 * step(row));
        for leap in 1..=by.leapfrog {
            for (i, (code, momentum)) in next.codes.iter_mut().zip(&momenta).enumerate() {
                *code += step(i / size) * momentum;
            }
            next = self.at(next.codes)?;
            let share = if leap == by.leapfrog { 0.5 } else { 1.0 };
            kick(&mut momenta, &next, beta, size, |row| share * step(row));
        }
        let after = kinetic(&momenta);

        let mut probabilities = Vec::with_capacity(rows);
        for row in 0..rows {
            let change = next.log_density(row, beta) - chains.log_density(row, beta) + before[row] - after[row];
            // A NaN compares as smaller than everything, and is refused.
            let probability = if change >= 0.0 { 1.0 } else if change.is_finite() { change.exp() } else { 0.0 };
            if accept[row] < probability {
                chains.take(&next, row, size);
            }
            probabilities.push(probability);
        }
        Ok(probabilities)
    }
}

impl Chains {
    /// ln p(z) + beta ln p(x|z) of a chain.
    fn log_density(&self, row: usize, beta: f64) -> f64 {
        self.prior.values[row] + beta * self.likelihood.values[row]
    }

    fn take(&mut self, other: &Self, row: usize, size: usize) {
        let columns = row * size..(row + 1) * size;
        self.codes[columns.clone()].copy_from_slice(&other.codes[columns.clone()]);
        for (mine, theirs) in [(&mut self.prior, &other.prior), (&mut self.likelihood, &other.likelihood)] {
            mine.values[row] = theirs.values[row];
            mine.gradients[columns.clone()].copy_from_slice(&theirs.gradients[columns.clone()]);
        }
    }
}

/// Adds to each momentum its row's share of the gradient.
fn kick(momenta: &mut [f64], chains: &Chains, beta: f64, size: usize, share: impl Fn(usize) -> f64) {
    let gradients = chains.prior.gradients.iter().zip(&chains.likelihood.gradients);
    for (i, (momentum, (prior, likelihood))) in momenta.iter_mut().zip(gradients).enumerate() {
        *momentum += share(i / size) * (prior + beta * likelihood);
    }
}

#[cfg(test)]
mod tests {
    use vimae_priors::normal;

    use super::*;

    /// One observation of x = z + noise of this deviation in two dimensions, at (1, -1).
    struct Shifted(f64);

    impl LogLikelihood for Shifted {
        fn size(&self) -> usize {
            2
        }

        fn observations(&self) -> usize {
            1
        }

        fn evaluate(&self, codes: &[f64]) -> Result<Evaluated> {
            let precision = self.0.powi(-2);
            let errors: Vec<f64> = codes.iter().enumerate().map(|(i, z)| if i % 2 == 0 { z - 1.0 } else { z + 1.0 }).collect();
            let values = errors.chunks(2).map(|e| -0.5 * precision * (e[0] * e[0] + e[1] * e[1])).collect();
            Ok(Evaluated { values, gradients: errors.iter().map(|e| -precision * e).collect() })
        }
    }

    fn moved(beta: f64, transitions: u64, step: f64) -> (Vec<f64>, f64) {
        const CHAINS: usize = 400;
        let (prior, likelihood, streams) = (normal::prior(), Shifted(0.5), Streams::new(3));
        let joint = Joint { prior: &prior, likelihood: &likelihood };
        let start = prior.sample(&streams, Purpose::Evaluation, 0, CHAINS, 2).into_iter().map(f64::from).collect();
        let mut chains = joint.at(start).unwrap();
        let (mut all, mut accepted) = (Vec::new(), 0.0);
        for t in 0..transitions {
            let by = Move { beta, steps: &[step], leapfrog: 4, streams: &streams, place: 4 + 4 * t };
            let probabilities = joint.transition(&mut chains, &by).unwrap();
            accepted += probabilities.iter().sum::<f64>() / (CHAINS as u64 * transitions) as f64;
            if t >= transitions / 2 {
                all.extend_from_slice(&chains.codes);
            }
        }
        (all, accepted)
    }

    #[test]
    fn chains_end_in_the_posterior() {
        // N(0, 1) and x = 1 with variance 1/4 at power 1/2: precision 1 + 2, mean 2 / 3.
        for (beta, mean, variance) in [(1.0, 0.8, 0.2), (0.5, 2.0 / 3.0, 1.0 / 3.0)] {
            let (codes, accepted) = moved(beta, 40, 0.3);
            let first: Vec<f64> = codes.iter().step_by(2).copied().collect();
            let n = first.len() as f64;
            let got = first.iter().sum::<f64>() / n;
            let spread = first.iter().map(|z| (z - got).powi(2)).sum::<f64>() / n;
            // 8 000 draws, of which neighbours in time are alike.
            assert!((got - mean).abs() < 0.03, "{got}, expected {mean}");
            assert!((spread / variance - 1.0).abs() < 0.1, "{spread}, expected {variance}");
            assert!(accepted > 0.7 && accepted < 1.0, "{accepted}");
        }
    }

    #[test]
    fn a_step_too_long_is_refused_and_the_chains_stay() {
        let (codes, accepted) = moved(1.0, 4, 1e200);
        assert_eq!(accepted, 0.0);
        assert!(codes.iter().all(|z| z.is_finite()));
    }
}
