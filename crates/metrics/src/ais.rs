//! Likelihood by annealed importance sampling, with its bidirectional check, and rate-distortion curves by the way.
//!
//! ln p(x) = ln E_{p(z)} N(x; g(z), sigma^2 I), by Hamiltonian Monte Carlo along p(z) p(x|z)^beta from the prior to
//! the posterior (Wu et al., "On the Quantitative Analysis of Decoder-Based Generative Models", 2017).
//!
//! - `nll`, `nll.ais(sigma=..,chains=..,temperatures=..,leapfrog=..,N=..)`: -ln p(x) of the first N test pictures,
//!   nats, lower is better; too high on average, by no more than the gap where the model fits the data.
//! - `nll.bits_per_dimension`: the same / (D ln 2). The density is one of pixels in \[0, 1\]: for pixels from 0 to 255
//!   add log2 255 = 7.994. No code length: pixels are not dequantised.
//! - `ais.gap`, `bdmc(..)`: upper minus lower bound of ln p(x) on pictures simulated from the model, nats, lower is
//!   better; what the estimate may be off, as far as simulated pictures are like real ones.
//! - `ais.rate` and `ais.distortion` at several beta: the rate (an upper bound in nats) and the mean of 0.05 times the
//!   squared error of p(z) p(x|z)^beta / Z, the best that this decoder reaches with any encoder at that slope (Huang
//!   et al., "Evaluating Lossy Compression Rates of Deep Generative Models", 2020).
//!
//! Values of different sigma or data never compare, and none compares with Parzen windows: those measure a kernel
//! estimate on samples, this the model's own density. Pictures `[N, C, H, W]`.

use candle_core::Tensor;
use vimae_core::{Entry, Evidence, Key, Metric, Purpose, Reading, Result, Settings};

use crate::{
    BuildMetric, Summary,
    hmc::Joint,
    likelihood::{DecoderLikelihood, bits_per_dimension},
    noise_scale::{self, NoiseScale},
    reconstruction,
};

pub mod anneal;
pub mod schedule;

use anneal::{Forward, Plan, Tuned};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "ais",
    summary: "likelihood of test pictures by annealed importance sampling, its gap on simulated ones, and the decoder's rate-distortion curve",
    source: "Wu et al., On the Quantitative Analysis of Decoder-Based Generative Models, 2017; Huang et al., Evaluating Lossy Compression Rates of Deep Generative Models, 2020",
    keys: &[
        noise_scale::KEY,
        Key::integer("pictures", 50, 1, 1_000_000, "test pictures, from the first"),
        Key::integer("simulated", 20, 0, 1_000_000, "pictures drawn from the model for the gap; 0 leaves it out"),
        Key::integer("chains", 4, 1, 10_000, "chains of each picture"),
        Key::integer("temperatures", 200, 1, 1_000_000, "distributions between prior and posterior"),
        Key::integer("leapfrog", 5, 1, 1_000, "leapfrog steps at each"),
    ],
    build: |settings| Ok(Box::new(Ais(settings.clone()))),
};

/// Powers of the likelihood at which rate and distortion are read: halves, quarters ... down to 2^-13.
const WAYPOINTS: i32 = 14;
/// Places in [`Purpose::Evaluation`] of each use of random numbers, 2^32 apart.
const PLACE: u64 = 0x41 << 40;

const fn place(use_: u64) -> u64 {
    PLACE + (use_ << 32)
}

/// The likelihood by annealing.
#[derive(Debug, Clone)]
pub struct Ais(Settings);

impl Metric for Ais {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn on_request(&self) -> bool {
        true
    }

    fn measure(&self, evidence: &Evidence<'_>) -> Result<Vec<Reading>> {
        let model = evidence.model;
        let scale = NoiseScale::from_settings(&self.0, evidence)?;
        let number = |key| self.0.integer(key);
        let plan = Plan { chains: number("chains")?, temperatures: number("temperatures")?, leapfrog: number("leapfrog")? };
        let likelihood = |pictures: &Tensor| {
            DecoderLikelihood::new(model, model.code_size(), pictures, evidence.range, scale.sigma, model.parameters().device())
        };
        let test = evidence.originals.narrow(0, 0, number("pictures")?.min(evidence.originals.dim(0)?))?;
        let test = likelihood(&test)?;
        let joint = Joint { prior: evidence.prior, likelihood: &test };
        let waypoints: Vec<f64> = (0..WAYPOINTS).map(|halvings| 0.5_f64.powi(halvings)).collect();
        let tuned = Tuned::by_pilot(&joint, plan, evidence.streams, place(0))?;
        let forward = tuned.forward(&joint, &waypoints, evidence.streams, place(1))?;

        let bounds = match number("simulated")? {
            0 => None,
            count => Some(sandwich(evidence, &likelihood, &test, count, plan)?),
        };
        Ok(self::readings(&scale, plan, &test, &forward, bounds.as_ref()))
    }
}

/// Lower and upper bounds of ln p(x) of pictures drawn from the model, for which an exact posterior draw is known.
fn sandwich<'a>(
    evidence: &Evidence<'_>,
    likelihood: &impl Fn(&Tensor) -> Result<DecoderLikelihood<'a>>,
    decode: &DecoderLikelihood<'_>,
    count: usize,
    plan: Plan,
) -> Result<Bounds> {
    let (streams, size) = (evidence.streams, evidence.model.code_size());
    let codes = evidence.prior.sample(streams, Purpose::Evaluation, place(2), count, size);
    let codes: Vec<f64> = codes.into_iter().map(f64::from).collect();
    let pictures = decode.simulate(&codes, streams, place(3))?;
    let likelihood = likelihood(&pictures)?;
    let joint = Joint { prior: evidence.prior, likelihood: &likelihood };
    let tuned = Tuned::by_pilot(&joint, plan, streams, place(4))?;
    let lower = tuned.forward(&joint, &[], streams, place(5))?.log_likelihood;
    let upper = tuned.reverse(&joint, &codes, streams, place(6))?;
    Ok(Bounds { lower, upper })
}

/// Bounds of ln p(x), one a picture.
#[derive(Debug, Clone, PartialEq)]
struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

fn readings(scale: &NoiseScale, plan: Plan, test: &DecoderLikelihood<'_>, forward: &Forward, bounds: Option<&Bounds>) -> Vec<Reading> {
    let Plan { chains, temperatures, leapfrog } = plan;
    let how = format!("sigma={},chains={chains},temperatures={temperatures},leapfrog={leapfrog}", scale.name());
    let gaps: Option<Vec<f64>> = bounds.map(|b| b.upper.iter().zip(&b.lower).map(|(upper, lower)| upper - lower).collect());
    let notes = [
        scale.note(),
        Some(format!("{:.0} % of the moves accepted", 100.0 * forward.acceptance)),
        gaps.as_deref().and_then(Summary::of).map(|gap| format!("gap {:.2} nats on simulated pictures", gap.mean)),
    ];
    let note = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let with_note = |reading: Reading| Reading { note: Some(reading.note.map_or(note.clone(), |own| format!("{own}; {note}"))), ..reading };

    let losses: Vec<f64> = forward.log_likelihood.iter().map(|l| -l).collect();
    let bits: Vec<f64> = losses.iter().map(|l| bits_per_dimension(*l, test.dimensions())).collect();
    let protocol = format!("nll.ais({how},N={})", losses.len());
    let mut readings = vec![
        with_note(Summary::reading("nll", protocol.clone(), "nats", Some(false), &losses)),
        with_note(Summary::reading("nll.bits_per_dimension", protocol, "bits", Some(false), &bits)),
    ];
    if let Some(gaps) = gaps {
        readings.push(Summary::reading("ais.gap", format!("bdmc({how},N={})", gaps.len()), "nats", Some(false), &gaps));
    }
    for waypoint in &forward.path {
        let protocol = format!("ais({how},N={},beta={:.3e})", losses.len(), waypoint.beta);
        let distortions: Vec<f64> =
            waypoint.log_likelihood.iter().map(|l| reconstruction::SCALE * test.squared_error(*l)).collect();
        readings.push(Summary::reading("ais.rate", protocol.clone(), "nats", None, &waypoint.rates()));
        readings.push(Summary::reading("ais.distortion", protocol, "squared error", Some(false), &distortions));
    }
    readings
}

#[cfg(test)]
mod tests;
