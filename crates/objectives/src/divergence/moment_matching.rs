//! Differences of means and covariances: |mean q - mean p|^2 + weight |cov q - cov p|^2 (Frobenius).
//!
//! Covariances with N - 1. Symmetric, never negative, and blind to all but the first two moments. As a plug-in
//! estimate it lies above zero for equal laws: the means alone by (1/N + 1/M) tr cov.
//! (Kumar et al., "Variational Inference of Disentangled Latent Concepts", 2018, match the covariance so.)

use candle_core::Tensor;
use vimae_core::{Divergence, Entry, Key, Result};

use super::{BuildDivergence, pairs::expect_samples};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "moment_matching",
    summary: "Squared differences of means and covariances",
    source: "Kumar, Sattigeri & Balakrishnan, Variational Inference of Disentangled Latent Concepts, 2018",
    keys: &[Key::number("covariance_weight", 1.0, 0.0, 1e6, "weight of the covariances beside the means")],
    build: |settings, _| Ok(Box::new(MomentMatching { covariance_weight: settings.number("covariance_weight")? })),
};

/// The sum of both differences.
#[derive(Debug, Clone, Copy)]
pub struct MomentMatching {
    /// Weight of the covariances.
    pub covariance_weight: f64,
}

impl Divergence for MomentMatching {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        expect_samples(q, p)?;
        let ((q_mean, q_cov), (p_mean, p_cov)) = (moments(q)?, moments(p)?);
        let means = (q_mean - p_mean)?.sqr()?.sum_all()?;
        let covariances = (q_cov - p_cov)?.sqr()?.sum_all()?;
        Ok((means + (covariances * self.covariance_weight)?)?)
    }
}

/// Mean `[1, d]` and covariance `[d, d]`.
fn moments(sample: &Tensor) -> Result<(Tensor, Tensor)> {
    let mean = sample.mean_keepdim(0)?;
    let centred = sample.broadcast_sub(&mean)?;
    let covariance = (centred.t()?.matmul(&centred)? / (sample.dim(0)? - 1) as f64)?;
    Ok((mean, covariance))
}
