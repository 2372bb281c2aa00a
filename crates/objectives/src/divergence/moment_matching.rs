//! Differences of means and covariances: |mean q - mean p|^2 + weight |cov q - cov p|^2 (Frobenius).
//!
//! Covariances with N - 1. Symmetric, never negative, and blind to all but the first two moments. As a plug-in
//! estimate it lies above zero for equal laws: the means alone by (1/N + 1/M) tr cov.
//! (Kumar et al., "Variational Inference of Disentangled Latent Concepts", 2018, match the covariance so.)

use candle_core::Tensor;
use vimae_core::{Divergence, Entry, Result, settings::Schema};

use super::{BuildDivergence, pairs::expect_samples};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "moment_matching",
    summary: "Squared differences of means and covariances",
    source: "Kumar, Sattigeri & Balakrishnan, Variational Inference of Disentangled Latent Concepts, 2018",
    settings: Schema::of::<MomentMatching>,
    build: |settings, _| Ok(Box::new(settings.read::<MomentMatching>()?)),
};

vimae_core::settings! {
    /// The sum of both differences.
    pub struct MomentMatching {
        /// weight of the covariances beside the means
        pub covariance_weight: f64 = 1.0, from 0.0, to 1e6;
    }
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

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use vimae_core::{Purpose, Streams};

    use super::*;

    fn value(covariance_weight: f64, q: &Tensor, p: &Tensor) -> f64 {
        MomentMatching { covariance_weight }.estimate(q, p).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn means_and_covariances_by_hand() {
        let q = Tensor::new(&[[0.0_f64, 0.0], [2.0, 4.0]], &Device::Cpu).unwrap();
        let p = Tensor::new(&[[1.0_f64, 0.0], [1.0, 0.0]], &Device::Cpu).unwrap();
        // Means (1, 2) and (1, 0); covariance ((2, 4), (4, 8)) beside none.
        assert_eq!(value(0.0, &q, &p), 4.0);
        assert_eq!(value(0.5, &q, &p), 4.0 + 0.5 * 100.0);
    }

    #[test]
    fn equal_laws_are_apart_by_the_stated_bias() {
        let sample = |step, n: usize| {
            let values = Streams::new(1).normal(Purpose::Evaluation, step, n * 3).into_iter().map(f64::from).collect();
            Tensor::from_vec(values, (n, 3), &Device::Cpu).unwrap()
        };
        let mean = (0..2_000).map(|i| value(0.0, &sample(2 * i, 10), &sample(2 * i + 1, 15))).sum::<f64>() / 2_000.0;
        let stated = 3.0 * (1.0 / 10.0 + 1.0 / 15.0);
        // The standard deviation of one value is stated * sqrt(2 / 3).
        assert!((mean - stated).abs() < 4.0 * stated * (2.0_f64 / 3.0 / 2_000.0).sqrt(), "{mean}, stated {stated}");
    }
}
