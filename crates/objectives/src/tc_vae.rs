//! The VAE with its rate decomposed: `a D + alpha I_q(x; z) + beta TC(z) + gamma sum_j KL(q(z_j) || p(z_j))`, where
//! `TC = KL(q(z) || prod_j q(z_j))` is the total correlation of the code's dimensions.
//!
//! The three terms add up to the rate for a prior of independent dimensions (Chen et al. 2018, equation 2). `q(z)` is
//! estimated from the batch as a sample of the population: minibatch weighted (their equation 5) or stratified
//! (appendix C.2).

use candle_core::Tensor;
use vimae_core::{Entry, Loss, Objective, Pass, Result, numerics::log_sum_exp_over, settings::Schema};

use crate::{
    BuildObjective, distortion,
    gaussian::{log_density, log_density_each},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "tc_vae",
    summary: "The VAE with mutual information, total correlation and dimension-wise rate weighted separately",
    source: "Chen et al., Isolating Sources of Disentanglement in Variational Autoencoders, 2018",
    settings: Schema::of::<TcVae>,
    build: |settings| Ok(Box::new(settings.read::<TcVae>()?)),
};

vimae_core::settings! {
    /// `recon_weight * D + alpha * I_q + beta * TC + gamma * sum_j KL_j`.
    pub struct TcVae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of the mutual information I_q
        pub alpha: f64 = 1.0, from 0.0, to 1e6;
        /// weight of the total correlation
        pub beta: f64 = 6.0, from 0.0, to 1e6;
        /// weight of the divergence of each dimension from the prior
        pub gamma: f64 = 1.0, from 0.0, to 1e6;
        /// how q(z) is estimated from a batch
        pub estimator: Estimator = Estimator::Weighted;
    }
}

vimae_core::settings! {
    /// How q(z) is estimated from a batch of M images of N.
    pub enum Estimator {
        /// Every image of the batch weighs 1 / (N M).
        Weighted,
        /// The image itself weighs 1 / N, another stands for those that are not in the batch.
        Stratified,
    }
}

impl Objective for TcVae {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn equation(&self) -> &'static str {
        "a D + alpha I_q(x; z) + beta KL(q(z) || prod_j q(z_j)) + gamma sum_j KL(q(z_j) || p(z_j))"
    }

    fn default_noise(&self) -> &'static str {
        "gaussian_head"
    }

    fn needs_rate(&self) -> bool {
        true
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        let own = log_density(pass.z, pass.code)?;
        let prior = pass.prior.log_density(pass.z)?;
        // [i, j, d]: log q(z_id | x_j), with the weight of image j in the estimate of q at z_i.
        let pairs =
            log_density_each(&pass.z.unsqueeze(1)?, &pass.code.mean.unsqueeze(0)?, &pass.code.log_variance("density")?.unsqueeze(0)?)?;
        let weights = self.log_weights(pass)?;
        let joint = log_sum_exp_over(&(pairs.sum(2)? + &weights)?, 1)?;
        let product = log_sum_exp_over(&pairs.broadcast_add(&weights.unsqueeze(2)?)?, 1)?.sum(1)?;

        let information = (&own - &joint)?.mean_all()?;
        let correlation = (&joint - &product)?.mean_all()?;
        let dimensions = (&product - &prior)?.mean_all()?;
        let rate = (&own - &prior)?.mean_all()?;
        let regulariser = (((&information * self.alpha)? + (&correlation * self.beta)?)? + (&dimensions * self.gamma)?)?;
        let total = ((&distortion * self.recon_weight)? + regulariser)?;
        let terms = vec![
            ("distortion", distortion),
            ("rate", rate),
            ("mutual_information", information),
            ("total_correlation", correlation),
            ("dimension_rate", dimensions),
        ];
        Ok(Loss { total, terms })
    }
}

impl TcVae {
    /// `[i, j]`: log weight of image j in the estimate of q at the code of image i, for a batch of M images of N.
    ///
    /// Weighted: `1 / (N M)` each. Stratified: `1 / N` for the image itself, `1 / (M - 1)` for the others but for one,
    /// the next, that stands for the rest of the population with `(N - M + 1) / (N (M - 1))`.
    fn log_weights(&self, pass: &Pass<'_>) -> Result<Tensor> {
        let m = pass.z.dim(0)?;
        let (batch, population) = (m as f64, (pass.population.max(m)) as f64);
        let weight = |i: usize, j: usize| -> f64 {
            if self.estimator == Estimator::Weighted || m < 2 {
                return -(population * batch).ln();
            }
            if i == j {
                -population.ln()
            } else if j == (i + 1) % m {
                ((population - batch + 1.0) / (population * (batch - 1.0))).ln()
            } else {
                -(batch - 1.0).ln()
            }
        };
        let weights: Vec<f64> = (0..m * m).map(|at| weight(at / m, at % m)).collect();
        Ok(Tensor::from_vec(weights, (m, m), pass.z.device())?.to_dtype(pass.z.dtype())?)
    }
}
