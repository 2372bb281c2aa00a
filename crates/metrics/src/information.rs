//! The information ledger: what the code holds of the image, dimension by dimension, and how q(z) lies to the prior.
//!
//! In nats, of the first N test images. q(z|x) is the Gaussian head, or for a deterministic encoder that was trained
//! with noise the Gaussian fitted to noisy passes (`noise,K=..` in the protocol); without either the information is
//! infinite and no number is given. The identity behind it all: rate = I_q(X; Z) + KL(q(z) || p(z)) (Hoffman and
//! Johnson, "ELBO surgery", 2016).
//!
//! - `information.lower`, `infonce(..)` and `information.upper`, `leave_one_out(..)`: see [`bounds`]. The lower bound is
//!   at most `information.ceiling` = ln N: where it is near, the information is that or any amount more. Values of
//!   different N do not compare.
//! - `information.marginal_kl`: KL(q(z) || p) as the rate less either bound (from the lower bound it is too high), and
//!   by neighbours as -h(q) - E_q ln p, the one reading that also a deterministic code has. It may come out negative:
//!   it is a difference of estimates.
//! - `information.entropy`: h(z) of draws of q(z), and of as many prior draws beside the exact value: how far the two
//!   estimates of the prior differ is how far the other may be off. Higher is nearer to the full capacity in the paper's
//!   sense.
//! - `rate.dimension`: the rate of each dimension, where the prior has independent ones; their sum is the rate.
//! - `information.active_units`: dimensions whose mean code varies by more than 0.01 over the images (Burda et al.,
//!   "Importance Weighted Autoencoders", 2016). Counts of codes of different scale do not compare.
//! - `information.decoder`: -E ln p(x|z) for decoder noise sigma, the distortion in nats: I(X; Z) under the decoder is
//!   h(X) less this, with h(X) unknown and common to all models of one data set and sigma.

use candle_core::Tensor;
use vimae_core::{Code, Entry, Error, Evidence, Key, Metric, Purpose, Reading, Result};

use crate::{
    BuildMetric, Summary,
    bridge::log_prior,
    likelihood::DecoderLikelihood,
    noise_scale::NoiseScale,
    posterior::Posterior,
    rate::rates,
    reconstruction::squared_errors,
    summary::values,
};

pub mod bounds;
pub mod neighbours;

use bounds::Gaussians;

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "information",
    summary: "bounds of the information between image and code, entropy of the codes, rate by dimension, active units",
    source: "Poole et al., On Variational Bounds of Mutual Information, 2019; Kozachenko and Leonenko 1987; Burda et al. 2016",
    keys: &[
        Key::integer("images", 10_000, 2, 1_000_000, "test images, from the first"),
        Key::integer("neighbour", 3, 1, 1_000, "which neighbour the entropy takes"),
    ],
    build: |settings| Ok(Box::new(Information { images: settings.integer("images")?, neighbour: settings.integer("neighbour")? })),
};

/// The place in [`Purpose::Evaluation`] of the draws of codes.
const PLACE: u64 = 0x43 << 40;
/// Variance above which a unit is active.
const ACTIVE: f64 = 0.01;
/// The decoder noise that is the same for all models; the fitted one stands beside it.
const SIGMA: f64 = 0.1;
/// Nats below the ceiling where a bound says nothing more.
const NEAR: f64 = 0.1;

/// The ledger.
#[derive(Debug, Clone, Copy)]
pub struct Information {
    images: usize,
    neighbour: usize,
}

impl Metric for Information {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn measure(&self, evidence: &Evidence<'_>) -> Result<Vec<Reading>> {
        let mut readings = Vec::new();
        let draws = match Posterior::of(evidence, self.images)? {
            Posterior::Gaussian { code, name } => {
                let gaussians = Gaussians::new(&code)?;
                let noise = evidence.streams.normal(Purpose::Evaluation, PLACE, code.mean.elem_count());
                let draws = gaussians.draw(&noise);
                readings.extend(mutual(evidence, &code, &gaussians, &draws, &name)?);
                readings.extend(by_dimension(evidence, &code, &name)?);
                draws
            }
            Posterior::Infinite(note) => {
                for metric in ["information.lower", "information.upper"] {
                    readings.push(Reading { note: Some(note.clone()), ..Summary::reading(metric, metric.into(), "nats", None, &[]) });
                }
                values(&first(&evidence.code.mean, self.images)?)?
            }
        };
        readings.extend(self.entropies(evidence, &draws)?);
        readings.push(active_units(&first(&evidence.code.mean, self.images)?)?);
        readings.extend(decoder(evidence)?);
        Ok(readings)
    }
}

fn first(rows: &Tensor, most: usize) -> Result<Tensor> {
    Ok(rows.narrow(0, 0, rows.dim(0)?.min(most))?)
}

/// Both bounds, their ceiling, and what they leave of the rate.
fn mutual(evidence: &Evidence<'_>, code: &Code, q: &Gaussians, draws: &[f64], name: &str) -> Result<Vec<Reading>> {
    let count = q.count();
    if count < 2 {
        return Ok(Vec::new());
    }
    let terms = q.terms(draws, count);
    let rates = known_rates(evidence, code)?;
    let how = |bound: &str| format!("{bound}({name},N={count})");
    let marginal = |bound: &str, terms: &[f64]| {
        let of = |values: &[f64]| Summary::reading("information.marginal_kl", how(bound), "nats", Some(false), values);
        match &rates {
            Ok(rates) => of(&rates.iter().zip(terms).map(|(rate, term)| rate - term).collect::<Vec<_>>()),
            Err(reason) => Reading { n: count, note: Some(reason.clone()), ..of(&[]) },
        }
    };
    let ceiling = (count as f64).ln();
    let mut lower = Summary::reading("information.lower", how("infonce"), "nats", None, &terms.lower);
    if lower.value.is_some_and(|value| ceiling - value < NEAR) {
        lower.note = Some(format!("within {NEAR} nats of its ceiling of {ceiling:.3}: the information is this or any amount more"));
    }
    let mut upper = Summary::reading("information.upper", how("leave_one_out"), "nats", None, &terms.upper);
    let rate = rates.as_ref().ok().and_then(|rates| Summary::of(rates)).map(|rate| rate.mean);
    if let (Some(value), Some(rate)) = (upper.value, rate.filter(|rate| upper.value.is_some_and(|value| value > *rate))) {
        upper.note = Some(format!("says nothing: the rate, {rate:.3}, is a smaller upper bound than {value:.3}"));
    }
    let surplus = marginal("rate-leave_one_out", &terms.upper);
    let note = upper.note.as_ref().map(|_| "says nothing: the upper bound of the information is above the rate".to_owned());
    let exact = Reading { standard_error: None, ..Summary::reading("information.ceiling", format!("ln(N={count})"), "nats", None, &[ceiling]) };
    Ok(vec![
        lower,
        upper,
        Reading { n: count, ..exact },
        marginal("rate-infonce", &terms.lower),
        Reading { note: surplus.note.clone().or(note), ..surplus },
    ])
}

/// The rate of every row, or why there is none: a prior on an interval has no place for all of a Gaussian.
fn known_rates(evidence: &Evidence<'_>, code: &Code) -> Result<std::result::Result<Vec<f64>, String>> {
    match rates(evidence.prior, code) {
        Err(Error::Unsupported { reason, .. }) => Ok(Err(reason)),
        rates => Ok(Ok(rates?)),
    }
}

/// The rate of each dimension alone.
fn by_dimension(evidence: &Evidence<'_>, code: &Code, name: &str) -> Result<Vec<Reading>> {
    if evidence.prior.marginal().is_none() {
        return Ok(Vec::new());
    }
    let column = |tensor: &Tensor, j| tensor.narrow(1, j, 1)?.contiguous();
    let one = |j| -> Result<Reading> {
        let code = Code { mean: column(&code.mean, j)?, log_var: code.log_var.as_ref().map(|v| column(v, j)).transpose()? };
        let protocol = format!("rate.dimension({name},dimension={j})");
        let reading = |rates: &[f64]| Summary::reading("rate.dimension", protocol, "nats", None, rates);
        Ok(match known_rates(evidence, &code)? {
            Ok(rates) => reading(&rates),
            Err(reason) => Reading { n: code.mean.dim(0)?, note: Some(reason), ..reading(&[]) },
        })
    };
    (0..code.mean.dim(1)?).map(one).collect()
}

impl Information {
    /// The entropy of q(z) beside the prior's, and the divergence that follows.
    fn entropies(&self, evidence: &Evidence<'_>, draws: &[f64]) -> Result<Vec<Reading>> {
        let (size, k) = (evidence.code.mean.dim(1)?, self.neighbour);
        let available = evidence.prior_sample.dim(0)?.min(draws.len() / size.max(1));
        let draws = &draws[..available * size];
        let reference = values(&evidence.prior_sample.narrow(0, 0, available)?)?;
        let how = |of: &str| format!("neighbours({of},k={k},N={available})");
        let reading = |metric, of: &str, higher, terms: Option<&[f64]>| {
            let reading = Summary::reading(metric, how(of), "nats", higher, terms.unwrap_or_default());
            let note = terms.is_none().then(|| format!("codes coincide, or there are not more than {k}: no neighbours at a distance"));
            Reading { n: available, note: note.or(reading.note), ..reading }
        };
        let own = neighbours::entropy(draws, size, k);
        let of_prior = neighbours::entropy(&reference, size, k);
        let log_prior = match (log_prior(evidence.prior, draws, size), evidence.prior.marginal()) {
            // A density on an interval has no gradient at its ends, and none is needed here.
            (Err(Error::Unsupported { .. }), Some(law)) => {
                draws.chunks_exact(size.max(1)).map(|row| row.iter().map(|z| law.log_density(*z)).sum()).collect()
            }
            (known, _) => known?.values,
        };
        let divergence: Option<Vec<f64>> = own.as_ref().map(|own| own.terms.iter().zip(&log_prior).map(|(h, p)| -h - p).collect());
        let mut readings = vec![
            reading("information.entropy", "q(z)", Some(true), own.as_ref().map(|e| e.terms.as_slice())),
            reading("information.entropy", "prior", None, of_prior.as_ref().map(|e| e.terms.as_slice())),
            reading("information.marginal_kl", "q(z)", Some(false), divergence.as_deref()),
        ];
        if let Some(law) = evidence.prior.marginal() {
            readings.push(Summary::reading("information.entropy", "exact(prior)".into(), "nats", None, &[size as f64 * law.entropy()]));
        }
        Ok(readings)
    }
}

/// Dimensions of the mean code `[N, d]` that vary over the images.
fn active_units(means: &Tensor) -> Result<Reading> {
    let (count, size) = means.dims2()?;
    let means = values(means)?;
    let variance = |j: usize| {
        let column = || means.iter().skip(j).step_by(size);
        let mean = column().sum::<f64>() / count as f64;
        column().map(|z| (z - mean).powi(2)).sum::<f64>() / count as f64
    };
    let variances: Vec<f64> = (0..size).map(variance).collect();
    let active = variances.iter().filter(|v| **v > ACTIVE).count() as f64;
    let reading = Summary::reading("information.active_units", format!("active_units(variance={ACTIVE},N={count})"), "1", None, &[active]);
    let finite = variances.iter().all(|v| v.is_finite());
    Ok(Reading {
        n: count,
        value: reading.value.filter(|_| finite),
        note: Some(if finite { format!("of {size}") } else { "the codes are not all finite".into() }),
        ..reading
    })
}

/// The distortion in nats.
fn decoder(evidence: &Evidence<'_>) -> Result<Vec<Reading>> {
    let errors = squared_errors(evidence.originals, evidence.sampled_reconstructions)?;
    let model = evidence.model;
    let one = evidence.originals.narrow(0, 0, 1)?;
    let mut scales = vec![NoiseScale { sigma: SIGMA, chosen_on: None }];
    // Without held-out images, or with perfect reconstructions, there is none to fit.
    scales.extend(NoiseScale::fitted(evidence).ok());
    scales
        .into_iter()
        .map(|scale| {
            let likelihood = DecoderLikelihood::new(model, model.code_size(), &one, evidence.range, scale.sigma, one.device())?;
            let nats: Vec<f64> = errors.iter().map(|error| -likelihood.of_squared_error(*error)).collect();
            let protocol = format!("distortion(code=sample,sigma={},N={})", scale.name(), nats.len());
            let reading = Summary::reading("information.decoder", protocol, "nats", Some(false), &nats);
            Ok(Reading { note: reading.note.clone().or(scale.note()), ..reading })
        })
        .collect()
}
