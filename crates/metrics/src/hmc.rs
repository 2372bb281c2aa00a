//! Hamiltonian Monte Carlo: moves that leave f_0^(1 - beta) f_1^beta as it is.
//!
//! Leapfrog steps with unit mass, then acceptance by the change of energy (Neal, "MCMC using Hamiltonian dynamics",
//! 2011). All chains move in lockstep, each with a step of its own, so that one pass through the decoder serves all.
//! Positions and energies are kept in f64 on the CPU whatever the model computes in.

use rand::Rng;
use vimae_core::{Purpose, Result, Streams};

use crate::{bridge::Bridge, likelihood::Evaluated};

/// Where the chains are.
#[derive(Debug, Clone, PartialEq)]
pub struct Chains {
    /// Their coordinates, row by row.
    pub at: Vec<f64>,
    /// ln f_0 and its gradient there.
    pub base: Evaluated,
    /// ln f_1 - ln f_0 and its gradient there.
    pub increment: Evaluated,
}

/// How one transition moves.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// How far from f_0 to f_1.
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

impl Chains {
    /// Chains at these coordinates.
    ///
    /// # Errors
    /// Where the shapes do not fit or the model fails.
    pub fn at(bridge: &dyn Bridge, at: Vec<f64>) -> Result<Self> {
        let (base, increment) = bridge.evaluate(&at)?;
        Ok(Self { at, base, increment })
    }

    /// Moves every chain once; the probabilities with which the moves were accepted, one a chain. A move to where
    /// the density is not finite is never accepted.
    ///
    /// # Errors
    /// Where the model or device fails.
    pub fn transition(&mut self, bridge: &dyn Bridge, by: &Move<'_>) -> Result<Vec<f64>> {
        let size = bridge.size();
        let rows = self.base.values.len();
        let copies = (rows / bridge.observations().max(1)).max(1);
        let Move { beta, streams, place, .. } = *by;
        let mut momenta: Vec<f64> = streams.normal(Purpose::Evaluation, place, rows * size).into_iter().map(f64::from).collect();
        let uniform = |place| streams.fill(Purpose::Evaluation, place, rows, |rng| rng.random::<f64>());
        let (jitter, accept) = (uniform(place + 1), uniform(place + 2));
        let step = |row: usize| by.steps.get(row / copies).copied().unwrap_or_default() * (1.0 + JITTER * (2.0 * jitter[row] - 1.0));

        let mut next = self.clone();
        let kinetic = |momenta: &[f64]| momenta.chunks_exact(size).map(|p| 0.5 * p.iter().map(|p| p * p).sum::<f64>()).collect::<Vec<_>>();
        let before = kinetic(&momenta);
        kick(&mut momenta, &next, beta, size, |row| 0.5 * step(row));
        for leap in 1..=by.leapfrog {
            for (i, (coordinate, momentum)) in next.at.iter_mut().zip(&momenta).enumerate() {
                *coordinate += step(i / size) * momentum;
            }
            next = Self::at(bridge, next.at)?;
            let share = if leap == by.leapfrog { 0.5 } else { 1.0 };
            kick(&mut momenta, &next, beta, size, |row| share * step(row));
        }
        let after = kinetic(&momenta);

        let mut probabilities = Vec::with_capacity(rows);
        for row in 0..rows {
            let change = next.log_density(row, beta) - self.log_density(row, beta) + before[row] - after[row];
            // A NaN compares as smaller than everything, and is refused.
            let probability = if change >= 0.0 {
                1.0
            } else if change.is_finite() {
                change.exp()
            } else {
                0.0
            };
            if accept[row] < probability {
                self.take(&next, row, size);
            }
            probabilities.push(probability);
        }
        Ok(probabilities)
    }

    /// ln of the density at beta of a chain, up to its constant.
    fn log_density(&self, row: usize, beta: f64) -> f64 {
        self.base.values[row] + beta * self.increment.values[row]
    }

    fn take(&mut self, other: &Self, row: usize, size: usize) {
        let columns = row * size..(row + 1) * size;
        self.at[columns.clone()].copy_from_slice(&other.at[columns.clone()]);
        for (mine, theirs) in [(&mut self.base, &other.base), (&mut self.increment, &other.increment)] {
            mine.values[row] = theirs.values[row];
            mine.gradients[columns.clone()].copy_from_slice(&theirs.gradients[columns.clone()]);
        }
    }
}

/// Adds to each momentum its row's share of the gradient.
fn kick(momenta: &mut [f64], chains: &Chains, beta: f64, size: usize, share: impl Fn(usize) -> f64) {
    let gradients = chains.base.gradients.iter().zip(&chains.increment.gradients);
    for (i, (momentum, (base, increment))) in momenta.iter_mut().zip(gradients).enumerate() {
        *momentum += share(i / size) * (base + beta * increment);
    }
}

#[cfg(test)]
mod tests {
    use vimae_priors::normal;

    use super::*;
    use crate::{bridge::FromPrior, likelihood::LogLikelihood};

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
        let bridge = FromPrior { prior: &prior, likelihood: &likelihood };
        let mut chains = Chains::at(&bridge, bridge.start(CHAINS, &streams, 0).unwrap()).unwrap();
        let (mut all, mut accepted) = (Vec::new(), 0.0);
        for t in 0..transitions {
            let by = Move { beta, steps: &[step], leapfrog: 4, streams: &streams, place: 4 + 4 * t };
            let probabilities = chains.transition(&bridge, &by).unwrap();
            accepted += probabilities.iter().sum::<f64>() / (CHAINS as u64 * transitions) as f64;
            if t >= transitions / 2 {
                all.extend_from_slice(&chains.at);
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
