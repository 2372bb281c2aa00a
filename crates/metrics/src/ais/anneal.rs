//! Annealed importance sampling, forwards and backwards.
//!
//! Forwards, chains start at draws from f_0 and are carried to the posterior of each observation; the mean of their
//! weights is unbiased for p(x), so that its logarithm lies below ln p(x) on average (Neal, "Annealed importance
//! sampling", 2001). Backwards, chains start at an exact draw from the posterior, which is known where the
//! observation was simulated from the model; the mean of their weights is unbiased for 1 / p(x), and bounds ln p(x)
//! from above (Grosse, Ghahramani and Adams, "Sandwiching the marginal likelihood using bidirectional Monte Carlo",
//! 2015).
//!
//! A pilot run of its own random numbers learns the length of the leapfrog steps from acceptance, for each observation
//! and temperature, and the spacing of temperatures from the spread of the weights; both are then kept. Wu et al. (2017)
//! adapt steps while the chains that are weighed run; there a transition depends on its chain's past, and the two bounds
//! hold only nearly.

use vimae_core::{Result, Streams, numerics::log_mean_exp};

use super::schedule::{between, equalised, sigmoid};
use crate::{
    bridge::Bridge,
    hmc::{Chains, Move},
    importance::weights,
};

/// How finely and by how many chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Chains of each observation.
    pub chains: usize,
    /// Temperatures after the prior.
    pub temperatures: usize,
    /// Leapfrog steps at each.
    pub leapfrog: usize,
}

/// Powers of the likelihood, and the step of each observation's chains at each.
#[derive(Debug, Clone)]
pub struct Tuned {
    betas: Vec<f64>,
    steps: Vec<Vec<f64>>,
    plan: Plan,
}

/// Chains of each observation in the pilot run, and of all together, at least.
pub(super) const PILOTS: usize = 2;
const ALL_PILOTS: usize = 32;
/// The acceptance sought: the best for Hamiltonian moves in many dimensions (Beskos et al. 2013).
const ACCEPTANCE: f64 = 0.65;
/// How fast the logarithm of a step follows the acceptance.
const PACE: f64 = 0.2;
/// The first step, in standard deviations of f_0.
const FIRST_STEP: f64 = 0.7;
/// Places in a stream that one transition may use.
const PLACES: u64 = 4;

/// A point on the way from the prior: what the chains say of the distribution p(z) p(x|z)^beta / Z. On another way
/// it has no such meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct Waypoint {
    /// The power.
    pub beta: f64,
    /// ln Z of each observation, from below on average.
    pub log_normaliser: Vec<f64>,
    /// The mean of ln p(x|z) of each observation under that distribution.
    pub log_likelihood: Vec<f64>,
}

impl Waypoint {
    /// KL(p(z) p(x|z)^beta / Z || p(z)) = beta E ln p(x|z) - ln Z of each observation: its rate in nats.
    pub fn rates(&self) -> Vec<f64> {
        self.log_likelihood.iter().zip(&self.log_normaliser).map(|(l, z)| self.beta * l - z).collect()
    }
}

/// What came of a forward run.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// ln of the mean weight of each observation: a stochastic lower bound of ln p(x) in nats.
    pub log_likelihood: Vec<f64>,
    /// The temperatures asked for.
    pub path: Vec<Waypoint>,
    /// The share of moves accepted.
    pub acceptance: f64,
}

impl Tuned {
    /// Finds steps and temperatures by a pilot run with streams of its own. Temperatures are those of all observations together.
    ///
    /// # Errors
    /// Where the model or device fails.
    pub fn by_pilot(bridge: &dyn Bridge, plan: Plan, streams: &Streams) -> Result<Self> {
        let betas = sigmoid(plan.temperatures);
        let observations = bridge.observations();
        let copies = PILOTS.max(ALL_PILOTS.div_ceil(observations.max(1)));
        let mut current = vec![FIRST_STEP * bridge.scale(); observations];
        let mut chains = Chains::at(bridge, bridge.start(copies, streams, 0)?)?;
        // What is learnt at a temperature serves from there on; the first entries are those of f_0.
        let (mut steps, mut speeds) = (vec![current.clone()], vec![spread(&chains.increment.values, copies)]);
        for (t, beta) in (1..).zip(&betas[1..]) {
            let by = Move { beta: *beta, steps: &current, leapfrog: plan.leapfrog, streams, place: PLACES * t };
            let accepted = chains.transition(bridge, &by)?;
            steps.push(current.clone());
            speeds.push(spread(&chains.increment.values, copies));
            for (step, accepted) in current.iter_mut().zip(accepted.chunks_exact(copies)) {
                *step *= (PACE * (accepted.iter().sum::<f64>() / copies as f64 - ACCEPTANCE)).exp();
            }
        }
        let spaced = equalised(&betas, &speeds);
        let at = |beta: &f64| {
            let (k, share) = between(&betas, *beta);
            steps[k].iter().zip(&steps[k + 1]).map(|(low, high)| low.powf(1.0 - share) * high.powf(share)).collect()
        };
        Ok(Self { steps: spaced[1..].iter().map(at).collect(), betas: spaced, plan })
    }

    /// Carries chains from the prior to the posterior of each observation. The path holds the temperatures nearest
    /// to each of `waypoints`, once each, in rising order.
    ///
    /// # Errors
    /// Where the model or device fails.
    pub fn forward(&self, bridge: &dyn Bridge, waypoints: &[f64], streams: &Streams) -> Result<Forward> {
        let copies = self.plan.chains;
        let mut wanted: Vec<usize> = waypoints.iter().map(|beta| self.nearest(*beta)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut chains = Chains::at(bridge, bridge.start(copies, streams, 0)?)?;
        let mut log_weights = vec![0.0; chains.increment.values.len()];
        let (mut path, mut acceptance) = (Vec::new(), 0.0);
        for t in 1..=self.plan.temperatures {
            let power = self.betas[t] - self.betas[t - 1];
            log_weights.iter_mut().zip(&chains.increment.values).for_each(|(w, l)| *w += power * l);
            let accepted = chains.transition(bridge, &self.at(t, streams))?;
            acceptance += accepted.iter().sum::<f64>() / (accepted.len() * self.plan.temperatures) as f64;
            if wanted.contains(&t) {
                path.push(self.waypoint(t, &log_weights, &chains));
            }
        }
        Ok(Forward { log_likelihood: log_weights.chunks_exact(copies).map(log_mean_exp).collect(), path, acceptance })
    }

    /// Carries chains from `exact`, one posterior draw for each observation, back to the prior: for each observation
    /// a stochastic upper bound of ln p(x) in nats.
    ///
    /// # Errors
    /// Where there is not one code for each observation, or the model or device fails.
    pub fn reverse(&self, bridge: &dyn Bridge, exact: &[f64], streams: &Streams) -> Result<Vec<f64>> {
        let (size, copies) = (bridge.size(), self.plan.chains);
        let codes: Vec<f64> = exact.chunks_exact(size).flat_map(|code| std::iter::repeat_n(code, copies).flatten().copied()).collect();
        let mut chains = Chains::at(bridge, bridge.coordinates(&codes))?;
        let mut log_weights = vec![0.0; chains.increment.values.len()];
        for t in (1..=self.plan.temperatures).rev() {
            chains.transition(bridge, &self.at(t, streams))?;
            let power = self.betas[t] - self.betas[t - 1];
            log_weights.iter_mut().zip(&chains.increment.values).for_each(|(w, l)| *w -= power * l);
        }
        Ok(log_weights.chunks_exact(copies).map(|weights| -log_mean_exp(weights)).collect())
    }

    fn at<'a>(&'a self, t: usize, streams: &'a Streams) -> Move<'a> {
        let place = PLACES * t as u64;
        Move { beta: self.betas[t], steps: &self.steps[t - 1], leapfrog: self.plan.leapfrog, streams, place }
    }

    /// The temperature after the prior that is nearest on a logarithmic scale.
    fn nearest(&self, beta: f64) -> usize {
        let distance = |t: &usize| (self.betas[*t] / beta).ln().abs();
        (1..=self.plan.temperatures).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(1)
    }

    fn waypoint(&self, t: usize, log_weights: &[f64], chains: &Chains) -> Waypoint {
        let copies = self.plan.chains;
        let mean = |(log_weights, values): (&[f64], &[f64])| weights(log_weights).iter().zip(values).map(|(w, v)| w * v).sum();
        Waypoint {
            beta: self.betas[t],
            log_normaliser: log_weights.chunks_exact(copies).map(log_mean_exp).collect(),
            log_likelihood: log_weights.chunks_exact(copies).zip(chains.increment.values.chunks_exact(copies)).map(mean).collect(),
        }
    }
}

/// The standard deviation over the chains of one observation, in the mean square over all observations.
fn spread(values: &[f64], copies: usize) -> f64 {
    let variance = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / copies as f64;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (copies - 1) as f64
    };
    (values.chunks_exact(copies).map(variance).sum::<f64>() / (values.len() / copies) as f64).sqrt()
}
