//! Likelihood by importance sampling with the encoder's own distribution.
//!
//! ln p(x) >= E ln 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x) (Burda, Grosse and Salakhutdinov, "Importance
//! Weighted Autoencoders", 2016), with p(x|z) = N(x; g(z), sigma^2 I): `nll`, `nll.iwae(K,sigma=..,N=..)`, nats, lower
//! is better, for sigma 0.1 and the likeliest on held-out images, and the one set where it is another. The same in
//! `nll.bits_per_dimension`, pixels in \[0, 1\].
//!
//! The bound is too high where q(z|x) is not the posterior that sigma gives; the note says how many of the K weights
//! count, and where that is about one the value says little. q is the Gaussian head, or for a deterministic encoder
//! the Gaussian fitted to noisy passes, which is far narrower than any posterior: prefer `ais` there. Values of
//! different sigma never compare, nor with Parzen windows.

use candle_core::{Device, Tensor};
use vimae_core::{Code, Entry, EvalCost, Evidence, Findings, Input, Metric, Purpose, Result, Workload, settings::Schema, subset::rows};
use vimae_spec::{Direction, Doubt, Kind, Measurement, Protocol, Varies};

use crate::{
    BuildMetric,
    chosen_likelihood::Under,
    importance::effective_count,
    nll::{NATS_AND_BITS, in_nats_and_bits},
    posterior::Posterior,
    summary::{mean_of, values},
};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "iwae",
    summary: "importance-weighted bound of the likelihood of test images, in nats",
    source: "Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders, 2016",
    settings: Schema::of::<Iwae>,
    build: |settings| Ok(Box::new(settings.read::<Iwae>()?)),
};

vimae_core::settings! {
    /// The importance-weighted bound.
    pub struct Iwae {
        /// standard deviation of the decoder's noise in [0, 1] pixels; 0 takes the likeliest on held-out images
        sigma: f64 = 0.1, from 0.0, to 10.0;
        /// draws of each image's code
        samples: usize = 5_000, from 1, to 10_000_000;
        /// test images, drawn once for all
        images: usize = 50, from 1, to 1_000_000;
    }
}

impl Metric for Iwae {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn on_request(&self) -> bool {
        true
    }

    fn reports(&self) -> Vec<String> {
        NATS_AND_BITS.map(String::from).into()
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::NoisyCodes, Input::HeldOut]
    }

    fn cost(&self, _: &Workload<'_>) -> EvalCost {
        EvalCost { decoded: self.images as f64 * self.samples as f64, ..EvalCost::default() }
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let samples = self.samples;
        let nll = || Protocol::new("nll.iwae").word(samples);
        let (code, places, passes) = match Posterior::of(evidence, self.images)? {
            Posterior::Gaussian { code, places, passes } => (code, places, passes),
            Posterior::Infinite(note) => {
                let none = mean_of(ENTRY.name, "nll", nll().sampled_from(evidence.sampler()), "nats", &[]).better(Direction::Lower);
                return Ok(vec![none.noted(format!("no encoder distribution to draw from: its information is {note}"))].into());
            }
        };
        let mut sigmas = vec![0.1, 0.0];
        if !sigmas.contains(&self.sigma) {
            sigmas.push(self.sigma);
        }
        let laws = Under::of(evidence, &sigmas)?;
        let originals = rows(evidence.originals()?, &places)?;
        let bounds = bounds(evidence, (&code, &originals), samples, &laws)?;
        let count = code.mean.dim(0)?;
        let dimensions = originals.elem_count() / originals.dim(0)?.max(1);
        let mut found = Vec::new();
        for (law, bounds) in laws.iter().zip(bounds) {
            let protocol = law.named(evidence, nll()).with("N", count).sampled_from(evidence.sampler());
            let counted = median(bounds.effective);
            let notes = [
                Some(format!("of {samples} weights {counted:.1} count (median)")),
                passes.map(|_| "drawn from Gaussians fitted to noisy passes".to_owned()),
                law.note(),
            ];
            let note = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
            let losses: Vec<f64> = bounds.log_likelihood.iter().map(|l| -l).collect();
            let doubted = |m: Measurement| m.doubted(Doubt::OneWeight, counted < 2.0);
            let over = [Varies::TestImages, Varies::CodeDraws];
            let pair = in_nats_and_bits(ENTRY.name, &protocol, (&losses, dimensions), law.support(), Some(&note));
            found.extend(pair.map(|m| doubted(m.of_kind(Kind::UpperBound).over(&over))));
        }
        Ok(found.into())
    }
}

/// The bound of ln p(x) of each image in nats under one likelihood, and how many of its weights count.
#[derive(Debug, Clone, PartialEq)]
struct Bound {
    /// One per image.
    log_likelihood: Vec<f64>,
    /// One per image.
    effective: Vec<f64>,
}

/// The bounds of images `[N, C, H, W]` with Gaussians in `code` `[N, d]`, f64, from `samples` draws each: one for each
/// likelihood, all from the same draws, and those of Gaussian noise from the same decodings.
///
/// # Errors
/// Where the shapes do not fit or the code has no variance.
fn bounds(evidence: &dyn Evidence, (code, originals): (&Code, &Tensor), samples: usize, laws: &[Under<'_>]) -> Result<Vec<Bound>> {
    let model = evidence.model();
    let streams = evidence.streams().fold_in("iwae");
    let (count, size) = code.mean.dims2()?;
    let mut bounds = vec![Bound { log_likelihood: Vec::with_capacity(count), effective: Vec::with_capacity(count) }; laws.len()];
    for image in 0..count {
        let code = code.map(|tensor| tensor.narrow(0, image, 1))?;
        let noise = streams.normal(Purpose::Evaluation, image as u64, samples * size);
        let noise: Vec<f64> = noise.into_iter().map(f64::from).collect();
        let prior_minus_q = |codes: &Tensor| -> Result<Vec<f64>> {
            let log_q = log_density_of_draws(&code, &noise, size)?;
            Ok(values(&evidence.prior().log_density(codes)?)?.into_iter().zip(log_q).map(|(p, q)| p - q).collect())
        };
        let noise_tensor = Tensor::from_slice(&noise, (samples, size), &Device::Cpu)?;
        let log_var = code.log_var.clone().unwrap_or(code.mean.zeros_like()?);
        let codes = noise_tensor.broadcast_mul(&(log_var * 0.5)?.exp()?)?.broadcast_add(&code.mean)?;
        let ratios = prior_minus_q(&codes)?;
        let original = originals.narrow(0, image, 1)?;
        let codes = values(&codes)?;
        let mut errors: Option<Vec<f64>> = None;
        for (law, bound) in laws.iter().zip(&mut bounds) {
            let likelihood = law.likelihood(evidence, &original, model.parameters().device())?;
            let found = match law.sigma() {
                None => likelihood.log_likelihoods(&codes)?,
                Some(sigma) => {
                    let errors = match &errors {
                        Some(errors) => errors,
                        None => errors.insert(likelihood.squared_errors(&codes)?),
                    };
                    errors.iter().map(|error| likelihood.of_squared_error(*error, sigma)).collect()
                }
            };
            let weights: Vec<f64> = found.iter().zip(&ratios).map(|(found, ratio)| found + ratio).collect();
            bound.log_likelihood.push(vimae_core::numerics::log_mean_exp(&weights));
            bound.effective.push(effective_count(&weights));
        }
    }
    Ok(bounds)
}

/// ln q(z|x) of draws mean + exp(log_var / 2) noise, from the noise.
fn log_density_of_draws(code: &Code, noise: &[f64], size: usize) -> Result<Vec<f64>> {
    let log_vars = match &code.log_var {
        Some(log_var) => values(log_var)?,
        None => vec![0.0; size],
    };
    let constant = -0.5 * log_vars.iter().map(|v| v + std::f64::consts::TAU.ln()).sum::<f64>();
    Ok(noise.chunks_exact(size).map(|noise| constant - 0.5 * noise.iter().map(|e| e * e).sum::<f64>()).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
