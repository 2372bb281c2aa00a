//! The information ledger: what the code holds of the image, dimension by dimension, and how q(z) lies to the prior.
//!
//! In nats, of N test images. q(z|x) is the Gaussian head, or for a deterministic encoder that was trained
//! with noise the Gaussian fitted to noisy passes (`noise,K=..` in the protocol); without either the information is
//! infinite and no number is given. The identity behind it all: rate = I_q(X; Z) + KL(q(z) || p(z)) (Hoffman and
//! Johnson, "ELBO surgery", 2016).
//!
//! - `information.lower`, `infonce(..)` and `information.upper`, `leave_one_out(..)`: bounds of I_q(X; Z). The lower bound is
//!   at most `information.ceiling` = ln N: where it is near, the information is that or any amount more. Values of
//!   different N do not compare.
//! - `information.marginal_kl.upper` and `.lower`: KL(q(z) || p) lies between the rate less either bound.
//!   `information.marginal_kl` by neighbours is the estimate -h(q) - E_q ln p, the one reading that also a deterministic
//!   code has; it may come out negative.
//! - A bound that says nothing has no value: an upper bound of the information above the rate, the rate less a lower bound
//!   that is at its ceiling, a lower bound of a divergence below 0. Its note says what it was.
//! - `information.entropy`: h(z) of draws of q(z), and of as many prior draws beside the exact value: how far the two
//!   estimates of the prior differ is how far the other may be off. Higher is nearer to the full capacity in the paper's
//!   sense.
//! - `rate.dimension`: the rate of each dimension, where the prior has independent ones; their sum is the rate.
//! - `information.active_units`: dimensions whose mean code varies by more than 0.01 over the images (Burda et al.,
//!   "Importance Weighted Autoencoders", 2016). Counts of codes of different scale do not compare.
//! - `information.decoder`: -E ln p(x|z) under the decoder's own likelihood, or for decoder noise sigma where it has no scale: the
//!   distortion in nats. I(X; Z) under the decoder is h(X) less this, with h(X) unknown and common to all models of one data set
//!   (the entropy H(X) where images have probabilities).

use candle_core::Tensor;
use vimae_core::{
    Code, Entry, Error, Evidence, Findings, Input, Metric, Purpose, Result,
    settings::Schema,
    subset::{drawn, drawn_rows},
};
use vimae_spec::{Direction, Kind, Measurement, Protocol, Slice, Varies};

use crate::{
    BuildMetric, Summary,
    bridge::log_prior,
    chosen_likelihood::{self, Under},
    posterior::{Posterior, estimated},
    rate::rates,
    reconstruction::squared_errors,
    summary::{mean, mean_of, over_images, values},
};

pub mod bounds;
pub mod neighbours;

use bounds::Gaussians;
use neighbours::Entropy;

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "information",
    summary: "bounds of the information between image and code, entropy of the codes, rate by dimension, active units",
    source: "Poole et al., On Variational Bounds of Mutual Information, 2019; Kozachenko and Leonenko 1987; Burda et al. 2016",
    settings: Schema::of::<Information>,
    build: |settings| Ok(Box::new(settings.read::<Information>()?)),
};

/// Variance above which a unit is active.
const ACTIVE: f64 = 0.01;
/// The decoder noise that is the same for all models; the fitted one stands beside it.
const SIGMA: f64 = 0.1;
/// Nats below the ceiling where a bound says nothing more.
const NEAR: f64 = 0.1;

vimae_core::settings! {
    /// The ledger.
    pub struct Information {
        /// test images, drawn once for all; no more than evaluation.noise_images, 1 000 by default, so that methods compare
        images: usize = 10_000, from 2, to 1_000_000;
        /// which neighbour the entropy takes
        neighbour: usize = 3, from 1, to 1_000;
    }
}

impl Metric for Information {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn reports(&self) -> Vec<String> {
        [
            "information.lower",
            "information.upper",
            "information.ceiling",
            "information.marginal_kl",
            "information.marginal_kl.upper",
            "information.marginal_kl.lower",
            "information.entropy",
            "rate.dimension",
            "information.active_units",
            "information.decoder",
        ]
        .map(String::from)
        .into()
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::NoisyCodes, Input::PriorSample, Input::SampledReconstructions, Input::HeldOut]
    }

    fn reads(&self) -> &'static [&'static str] {
        &["noise_images"]
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let mut found = Vec::new();
        let means = &evidence.code()?.mean;
        // As many images for every method: of a deterministic encoder only so many have noisy passes.
        let most = self.images.min(evidence.evaluation().noise_images);
        let draws = match Posterior::of(evidence, most)? {
            Posterior::Gaussian { code, passes, .. } => {
                let gaussians = Gaussians::new(&code)?;
                let streams = evidence.streams().fold_in("information.codes");
                let draws = gaussians.draw(&streams.normal(Purpose::Evaluation, 0, code.mean.elem_count()));
                found.extend(mutual(evidence, &code, &gaussians, &draws, passes)?);
                found.extend(by_dimension(evidence, &code, passes)?);
                draws
            }
            Posterior::Infinite(note) => {
                for metric in ["information.lower", "information.upper"] {
                    found.push(nats(metric, Protocol::new(metric), &[]).noted(note.clone()));
                }
                values(&drawn_rows(means, most)?)?
            }
        };
        found.extend(self.entropies(evidence, &draws)?);
        found.push(active_units(&drawn_rows(means, self.images)?)?);
        found.extend(decoder(evidence)?);
        for measurement in &mut found {
            measurement.protocol = measurement.protocol.clone().sampled_from(evidence.sampler());
        }
        Ok(found.into())
    }
}

fn nats(metric: &str, protocol: Protocol, values: &[f64]) -> Measurement {
    mean_of(ENTRY.name, metric, protocol, "nats", values)
}

/// The mean in nats of what is not of test images: a constant, or draws from the prior.
fn nats_of_none(metric: &str, protocol: Protocol, values: &[f64]) -> Measurement {
    mean(ENTRY.name, metric, protocol, "nats", values)
}

/// Both bounds, their ceiling, and what they leave of the rate.
fn mutual(evidence: &dyn Evidence, code: &Code, q: &Gaussians, draws: &[f64], passes: Option<usize>) -> Result<Vec<Measurement>> {
    let count = q.count();
    if count < 2 {
        return Ok(Vec::new());
    }
    let terms = q.terms(draws, count);
    let rates = known_rates(evidence, code)?;
    let how = |bound: &str| estimated(Protocol::new(bound), passes).with("N", count);
    let (ceiling, [lower_error, upper_error]) = ((count as f64).ln(), terms.errors(|_, term| term));
    let of_images = [Varies::TestImages, Varies::CodeDraws];
    let bound = |metric: &str, name: &str, kind, values: &[f64], error: Option<f64>| {
        let found = nats(metric, how(name), values).of_kind(kind);
        let value = found.value;
        found.valued(value, error.filter(|_| value.is_some())).over(&of_images)
    };

    let mut lower = bound("information.lower", "infonce", Kind::LowerBound, &terms.lower, lower_error);
    let at_ceiling = lower.value.is_some_and(|value| ceiling - value < NEAR);
    if at_ceiling {
        lower.note = Some(format!("within {NEAR} nats of its ceiling of {ceiling:.3}: the information is this or any amount more"));
    }
    let mut upper = bound("information.upper", "leave_one_out", Kind::UpperBound, &terms.upper, upper_error);
    let mean_rate = rates.as_ref().ok().and_then(|rates| Summary::of(rates)).map(|rate| rate.mean);
    if let Some((value, rate)) = upper.value.zip(mean_rate).filter(|(value, rate)| value > rate) {
        upper = without_value(upper, format!("says nothing: the rate, {rate:.3}, is a smaller upper bound than {value:.3}"));
    }

    let divergence = |metric: &str, name: &str, kind, terms: &[f64], error: Option<f64>| match &rates {
        Ok(rates) => bound(metric, name, kind, &rates.iter().zip(terms).map(|(rate, term)| rate - term).collect::<Vec<_>>(), error),
        Err(reason) => nats(metric, how(name), &[]).of_kind(kind).sized(count).noted(reason.clone()),
    };
    let less = |side: usize| {
        let rates = rates.as_ref().ok()?;
        terms.errors(|i, term| rates.get(i).map_or(f64::NAN, |rate| rate - term)).get(side).copied().flatten()
    };
    let mut above = divergence("information.marginal_kl.upper", "rate-infonce", Kind::UpperBound, &terms.lower, less(0));
    if let Some(value) = above.value {
        above = match at_ceiling {
            true => without_value(
                above,
                format!("says nothing: the lower bound of the information is at its ceiling ln N, and {value:.3} falls as N grows"),
            ),
            false => above.noted("falls as N grows, for the lower bound of the information rises with N: compare equal N alone".to_owned()),
        };
    }
    let mut below = divergence("information.marginal_kl.lower", "rate-leave_one_out", Kind::LowerBound, &terms.upper, less(1));
    if let Some(value) = below.value.filter(|value| *value < 0.0) {
        below = without_value(below, format!("says nothing: {value:.3} is below 0, which every divergence is above"));
    }
    let ceiling = nats_of_none("information.ceiling", Protocol::new("ln").with("N", count), &[ceiling]);
    let ceiling = ceiling.of_kind(Kind::Constant).sized(count);
    Ok(vec![lower, upper, ceiling, above, below])
}

/// A bound that says nothing, and why.
fn without_value(bound: Measurement, why: String) -> Measurement {
    Measurement { doubts: Vec::new(), ..bound.valued(None, None).over(&[]).noted(why) }
}

/// The rate of every row, or why there is none: a prior on an interval has no place for all of a Gaussian.
fn known_rates(evidence: &dyn Evidence, code: &Code) -> Result<std::result::Result<Vec<f64>, String>> {
    match rates(evidence.prior(), code) {
        Err(Error::Unsupported { reason, .. }) => Ok(Err(reason)),
        rates => Ok(Ok(rates?)),
    }
}

/// The rate of each dimension alone.
fn by_dimension(evidence: &dyn Evidence, code: &Code, passes: Option<usize>) -> Result<Vec<Measurement>> {
    if evidence.prior().marginal().is_none() {
        return Ok(Vec::new());
    }
    let one = |j| -> Result<Measurement> {
        let code = code.map(|tensor| tensor.narrow(1, j, 1)?.contiguous())?;
        let protocol = estimated(Protocol::new("rate.dimension"), passes).with("dimension", j);
        let rate = |rates: &[f64]| nats("rate.dimension", protocol, rates).of_slice(Slice::Dimension(j));
        Ok(match known_rates(evidence, &code)? {
            Ok(rates) => rate(&rates),
            Err(reason) => rate(&[]).sized(code.mean.dim(0)?).noted(reason),
        })
    };
    (0..code.mean.dim(1)?).map(one).collect()
}

impl Information {
    /// The entropy of q(z) beside the prior's, and the divergence that follows.
    fn entropies(&self, evidence: &dyn Evidence, draws: &[f64]) -> Result<Vec<Measurement>> {
        let (prior, sample) = (evidence.prior(), evidence.prior_sample()?);
        let (size, k) = (evidence.code()?.mean.dim(1)?, self.neighbour);
        let count = draws.len() / size.max(1);
        let available = sample.dim(0)?.min(count);
        let draws: Vec<f64> = drawn(count, available).into_iter().flat_map(|row| &draws[row * size..(row + 1) * size]).copied().collect();
        let draws = &draws[..];
        let reference = values(&sample.narrow(0, 0, available)?)?;
        let one = |metric, (of, rows): (&str, &[f64]), direction, terms: Option<&[f64]>, error: Option<f64>, varies: &[Varies]| {
            let protocol = Protocol::new("neighbours").word(of).with("k", k).with("N", available);
            let in_nats = if varies.contains(&Varies::TestImages) { nats } else { nats_of_none };
            let found = in_nats(metric, protocol, terms.unwrap_or_default()).sized(available).better(direction);
            let value = found.value;
            let found = found.valued(value, error.filter(|_| value.is_some())).over(varies);
            found.noted(terms.is_none().then(|| neighbours::why_none(rows, k)))
        };
        let own = neighbours::entropy(draws, size, k);
        let of_prior = neighbours::entropy(&reference, size, k);
        let log_prior = match (log_prior(prior, draws, size), prior.marginal()) {
            // A density on an interval has no gradient at its ends, and none is needed here.
            (Err(Error::Unsupported { .. }), Some(law)) => {
                draws.chunks_exact(size.max(1)).map(|row| row.iter().map(|z| law.log_density(*z)).sum()).collect()
            }
            (known, _) => known?.values,
        };
        let divergence: Option<Vec<f64>> = own.as_ref().map(|own| own.terms.iter().zip(&log_prior).map(|(h, p)| -h - p).collect());
        let of_codes = [Varies::TestImages, Varies::CodeDraws];
        let terms = |e: &Option<Entropy>| e.as_ref().map(|e| e.terms.clone());
        let error = |e: &Option<Entropy>| e.as_ref().and_then(|e| e.error(|_, term| term));
        let less = |e: &Entropy| e.error(|i, term| log_prior.get(i).map_or(f64::NAN, |p| -term - p));
        let (q, p) = (("q(z)", draws), ("prior", &reference[..]));
        let mut found = vec![
            one("information.entropy", q, Direction::Higher, terms(&own).as_deref(), error(&own), &of_codes),
            one("information.entropy", p, Direction::Neither, terms(&of_prior).as_deref(), error(&of_prior), &[Varies::PriorDraws]),
            one("information.marginal_kl", q, Direction::Lower, divergence.as_deref(), own.as_ref().and_then(less), &of_codes),
        ];
        if let Some(law) = prior.marginal() {
            found.push(
                nats_of_none("information.entropy", Protocol::new("exact").word("prior"), &[size as f64 * law.entropy()])
                    .of_kind(Kind::Constant),
            );
        }
        Ok(found)
    }
}

/// Dimensions of the mean code `[N, d]` that vary over the images.
fn active_units(means: &Tensor) -> Result<Measurement> {
    let (count, size) = means.dims2()?;
    let means = values(means)?;
    let variance = |j: usize| {
        let column = || means.iter().skip(j).step_by(size);
        let mean = column().sum::<f64>() / count as f64;
        column().map(|z| (z - mean).powi(2)).sum::<f64>() / count as f64
    };
    let variances: Vec<f64> = (0..size).map(variance).collect();
    let active = variances.iter().filter(|v| **v > ACTIVE).count() as f64;
    let finite = variances.iter().all(|v| v.is_finite());
    let protocol = Protocol::new("active_units").with("variance", ACTIVE).with("N", count);
    // The variance of one value is 0 whatever the unit does: not that of a unit at rest.
    let (value, note) = match (count, finite) {
        (0 | 1, _) => (None, "one image does not vary".to_owned()),
        (_, true) => (Some(active), format!("of {size}")),
        (_, false) => (None, "the codes are not all finite".to_owned()),
    };
    let found = Measurement::new(ENTRY.name, "information.active_units", protocol, "1").valued(value, None).sized(count).noted(note);
    Ok(over_images(found, count))
}

/// The distortion in nats.
fn decoder(evidence: &dyn Evidence) -> Result<Vec<Measurement>> {
    let originals = evidence.originals()?;
    let model = evidence.model();
    let one = |law: &Under<'_>, distortions: &[f64]| {
        let protocol = law.named(evidence, Protocol::new("distortion").with("code", "sample")).with("N", distortions.len());
        let found = nats("information.decoder", protocol, distortions).better(Direction::Lower);
        let own = found.note.clone();
        found.noted(own.or(law.note()))
    };
    if let Some(own) = chosen_likelihood::own(evidence) {
        let code = evidence.code()?;
        let z = if code.log_var.is_some() { evidence.z()? } else { &code.mean };
        let law = Under::Own(own);
        let found = law.likelihood(evidence, originals, model.parameters().device())?.log_likelihoods(&values(z)?)?;
        return Ok(vec![one(&law, &found.iter().map(|l| -l).collect::<Vec<_>>())]);
    }
    let errors = squared_errors(originals, evidence.sampled_reconstructions()?)?;
    let first = originals.narrow(0, 0, 1)?;
    // Without held-out images, or with perfect reconstructions, there is none to fit.
    let fitted = evidence.noise_scale().is_ok();
    let laws = match Under::of(evidence, if fitted { &[SIGMA, 0.0] } else { &[SIGMA] }) {
        Err(Error::Unsupported { .. }) => Vec::new(),
        laws => laws?,
    };
    let under = |law: &Under<'_>| {
        let likelihood = law.likelihood(evidence, &first, first.device())?;
        let sigma = law.sigma().unwrap_or(SIGMA);
        Ok(one(law, &errors.iter().map(|error| -likelihood.of_squared_error(*error, sigma)).collect::<Vec<_>>()))
    };
    laws.iter().map(under).collect()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use vimae_spec::Doubt;

    use super::*;

    #[test]
    fn numbers_in_words_are_those_that_count() {
        let most = vimae_spec::Evaluation::default().noise_images;
        let about = ENTRY.settings().into_iter().find(|setting| setting.name == "images").unwrap().about;
        assert!(about.contains(&format!("{} {:03} by default", most / 1_000, most % 1_000)), "{about}");
        assert!(include_str!("information.rs").contains(&format!("varies by more than {ACTIVE} over the images")));
    }

    #[test]
    fn units_of_one_image_are_neither_active_nor_at_rest() {
        let of = |rows: &[[f32; 2]]| active_units(&Tensor::from_slice(&rows.concat(), (rows.len(), 2), &Device::Cpu).unwrap()).unwrap();
        // The variance of two values is a quarter of their squared difference: 0.0225 and 0.
        let two = of(&[[0.3, 1.0], [0.0, 1.0]]);
        assert_eq!((two.value, two.note.as_deref(), &two.doubts[..]), (Some(1.0), Some("of 2"), &[Doubt::FewImages][..]));
        let one = of(&[[0.3, 1.0]]);
        assert_eq!((one.value, one.note.as_deref(), one.doubts.len()), (None, Some("one image does not vary"), 0));
        assert!(of(&[[0.3, 1.0]; 30]).doubts.is_empty());
    }
}
