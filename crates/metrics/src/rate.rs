//! The rate, E KL(q(z|x) || p(z)) in nats: what a code says of its image beyond the prior.
//!
//! `rate.gaussian` for a Gaussian head: the prior's closed form or quadrature. `rate.noise(K=..)` for a
//! deterministic encoder trained with pixel noise: a diagonal Gaussian with unbiased variance is fitted to the
//! K noisy codes of each image, then as above; the fit adds about 1 / (2 (K - 1)) nats a dimension. Without
//! noise, where a dimension does not move under it, or under a prior that ends (uniform), the rate is infinite and no
//! number is given.
//! Codes `[N, d]`, noisy codes `[M, K, d]`.
//!
//! The two estimators never compare closely: one is the encoder's own distribution, the other a Gaussian through what
//! noise of one size makes of a deterministic code. What of the rate is information and what is distance from the
//! prior, dimension by dimension, says `information`.

use candle_core::{DType, Device, Tensor};
use vimae_core::{Code, Entry, Error, Evidence, Findings, Input, Metric, NoSettings, Prior, Result, settings::Schema};
use vimae_spec::Protocol;

use crate::{
    BuildMetric,
    summary::{mean_of, values},
};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "rate",
    summary: "mean divergence of an image's code distribution from the prior, in nats",
    source: "E KL(q(z|x) || p(z))",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Rate)),
};

/// Rows whose quadrature is in memory at once.
const ROWS: usize = 500;

/// The rate by the estimator that fits the encoder's head.
#[derive(Debug, Clone, Copy)]
pub struct Rate;

impl Metric for Rate {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::NoisyCodes]
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let rate = |protocol: &Protocol, rates: &[f64]| mean_of(ENTRY.name, ENTRY.name, protocol.clone(), "nats", rates);
        // A prior under which the rate of a Gaussian is infinite says so.
        let under_prior = |protocol: &Protocol, code: &Code| match rates(evidence.prior(), code) {
            Err(Error::Unsupported { reason, .. }) => Ok(rate(protocol, &[]).sized(code.mean.dim(0)?).noted(reason)),
            rates => Ok::<_, Error>(rate(protocol, &rates?)),
        };
        let protocol = |name| Protocol::new(name).sampled_from(evidence.sampler());
        let code = evidence.code()?;
        Ok(vec![match (&code.log_var, evidence.noisy_codes()?) {
            (Some(_), _) => under_prior(&protocol("rate.gaussian"), code)?,
            (None, Some(noisy)) => {
                let (images, passes, _) = noisy.dims3()?;
                let protocol = Protocol::new("rate.noise").with("K", passes).sampled_from(evidence.sampler());
                match fit(noisy)? {
                    Fit::Gaussian(code) => under_prior(&protocol, &code)?,
                    Fit::Collapsed(faults) => {
                        let note =
                            format!("infinite: for {faults} of {images} images a dimension of the code does not move under the noise");
                        rate(&protocol, &[]).sized(images).noted(note)
                    }
                }
            }
            (None, None) => {
                let note = "infinite: the encoder is deterministic and was trained without noise".to_owned();
                rate(&protocol("rate.noise"), &[]).sized(code.mean.dim(0)?).noted(note)
            }
        }]
        .into())
    }
}

/// The rate of every row of a Gaussian head's code, in nats, computed in f64.
///
/// # Errors
/// As [`Prior::rate`].
pub fn rates(prior: &dyn Prior, code: &Code) -> Result<Vec<f64>> {
    let count = code.mean.dim(0)?;
    let mut rates = Vec::with_capacity(count);
    for start in (0..count).step_by(ROWS) {
        let rows = code.map(|tensor| tensor.narrow(0, start, ROWS.min(count - start))?.to_dtype(DType::F64))?;
        rates.extend(values(&prior.rate(&rows)?)?);
    }
    Ok(rates)
}

/// What noisy codes say of each image's code distribution.
#[derive(Debug, Clone)]
pub enum Fit {
    /// A diagonal Gaussian per image.
    Gaussian(Code),
    /// So many images have a dimension without variance.
    Collapsed(usize),
}

/// Fits a diagonal Gaussian with unbiased variance to the `K` codes of each image, `[M, K, d]`.
///
/// # Errors
/// Where there are fewer than two codes per image.
pub fn fit(noisy: &Tensor) -> Result<Fit> {
    let (images, passes, size) = noisy.dims3()?;
    if passes < 2 {
        return Err(Error::shape("noisy codes", "[M, K, d] with K of 2 or more", noisy.dims()));
    }
    let (mut means, mut log_vars) = (Vec::with_capacity(images * size), Vec::with_capacity(images * size));
    let mut collapsed = 0;
    for codes in values(noisy)?.chunks_exact(passes * size) {
        let before = means.len();
        for j in 0..size {
            let column = || codes.iter().skip(j).step_by(size);
            let mean = column().sum::<f64>() / passes as f64;
            let variance = column().map(|z| (z - mean).powi(2)).sum::<f64>() / (passes - 1) as f64;
            // The mean of equal values may differ from them in its last bit.
            let still = column().all(|z| *z == codes[j]);
            means.push(mean);
            log_vars.push(if still { f64::NEG_INFINITY } else { variance.ln() });
        }
        collapsed += usize::from(log_vars[before..].contains(&f64::NEG_INFINITY));
    }
    if collapsed > 0 {
        return Ok(Fit::Collapsed(collapsed));
    }
    let tensor = |values| Tensor::from_vec(values, (images, size), &Device::Cpu);
    Ok(Fit::Gaussian(Code { mean: tensor(means)?, log_var: Some(tensor(log_vars)?) }))
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};
    use vimae_priors::normal;

    use super::*;
    use crate::Summary;

    fn noisy(images: usize, passes: usize, std: &[f32]) -> Tensor {
        let size = std.len();
        let mut values = Streams::new(3).normal(Purpose::Evaluation, 0, images * passes * size);
        values.iter_mut().enumerate().for_each(|(i, v)| *v = 0.5 + *v * std[i % size]);
        Tensor::from_vec(values, (images, passes, size), &Device::Cpu).unwrap()
    }

    #[test]
    fn the_fit_to_noisy_codes_finds_the_rate_of_the_gaussian_they_came_from() {
        let Fit::Gaussian(code) = fit(&noisy(200, 64, &[0.1, 0.5])).unwrap() else { panic!("collapsed") };
        let mean = Summary::of(&rates(&normal::prior(), &code).unwrap()).unwrap().mean;
        let exact: f64 = [0.1_f64, 0.5].iter().map(|s| 0.5 * (0.25 + s * s - 1.0) - s.ln()).sum();
        let bias = 2.0 / (2.0 * 63.0);
        assert!((mean - exact - bias).abs() < 0.02, "{mean}, expected {exact} and a bias of {bias}");
    }

    #[test]
    fn a_dimension_that_does_not_move_is_a_collapse() {
        assert!(matches!(fit(&noisy(5, 3, &[1.0, 0.0])).unwrap(), Fit::Collapsed(5)));
        assert!(fit(&noisy(5, 1, &[1.0])).is_err());
    }

    #[test]
    fn the_number_of_rows_in_memory_does_not_matter() {
        let size = 3;
        let count = ROWS + 7;
        let draw = |step| {
            let values = Streams::new(1).normal(Purpose::Evaluation, step, count * size);
            Tensor::from_vec(values, (count, size), &Device::Cpu).unwrap()
        };
        let code = Code { mean: draw(0), log_var: Some(draw(1)) };
        let all = rates(&normal::prior(), &code).unwrap();
        assert_eq!(all.len(), count);
        let last = Code { mean: code.mean.narrow(0, ROWS, 7).unwrap(), log_var: Some(code.log_var.unwrap().narrow(0, ROWS, 7).unwrap()) };
        assert_eq!(rates(&normal::prior(), &last).unwrap(), all[ROWS..]);
    }
}
