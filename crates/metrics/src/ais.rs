//! Likelihood by annealed importance sampling, with its bidirectional check, and rate-distortion curves by the way.
//!
//! ln p(x) = ln E_{p(z)} p(x|z), under the decoder's own likelihood or N(x; g(z), sigma^2 I) where it has no scale, by Hamiltonian Monte Carlo through distributions between one that can
//! be drawn from and the posterior (Wu et al., "On the Quantitative Analysis of Decoder-Based Generative Models", 2017).
//! The way begins at the prior as theirs does (`start=prior`), or at a Gaussian near the posterior (`start=code`, by
//! Laplace's method), which reaches the same value with a small part of the work.
//!
//! - `nll`, `nll.ais(sigma=..,start=..` or `nll.ais(likelihood=..,start=..,chains=..,temperatures=..,leapfrog=..,N=..)`: -ln p(x) of N test
//!   images, nats, lower is better; too high on average, by no more than the gap where the model fits the data.
//! - `nll.bits_per_dimension`: the same / (D ln 2). The density is one of pixels in \[0, 1\]: for pixels from 0 to 255
//!   add log2 255 = 7.994. No code length: pixels are not dequantised.
//! - `ais.gap`, `bdmc(..)`: upper minus lower bound of ln p(x) on images simulated from the model, nats, lower is
//!   better; what the estimate may be off, as far as simulated images are like real ones.
//! - from the prior, `ais.rate` and `ais.distortion` at several beta: the rate (an upper bound in nats) and the mean of
//!   0.05 times the squared error of p(z) p(x|z)^beta / Z, the best that this decoder reaches with any encoder at that
//!   slope; `ais.distortion.nats`, -ln p(x|z), where the decoder has a likelihood of its own (Huang et al., "Evaluating Lossy
//!   Compression Rates of Deep Generative Models", 2020).
//!
//! Values of different sigma or data never compare, and none compares with Parzen windows: those measure a kernel
//! estimate on samples, this the model's own density. Images `[N, C, H, W]`.

use candle_core::Tensor;
use vimae_core::{
    Entry, EvalCost, Evidence, Findings, Input, Metric, Mode, Purpose, Result, Streams, Workload, settings::Schema, subset::drawn_rows,
};
use vimae_spec::{Direction, Doubt, Kind, Measurement, Protocol, Varies};

use crate::{
    BuildMetric, Summary,
    bridge::{Bridge, FromPrior},
    chosen_likelihood::Under,
    laplace::FromGaussian,
    likelihood::DecoderLikelihood,
    nll::{NATS_AND_BITS, in_nats_and_bits},
    reconstruction,
    summary::{mean, mean_of, values},
};

pub mod anneal;
pub mod schedule;

use anneal::{Forward, Plan, Tuned};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "ais",
    summary: "likelihood of test images by annealed importance sampling, its gap on simulated ones, and the decoder's rate-distortion curve",
    source: "Wu et al., On the Quantitative Analysis of Decoder-Based Generative Models, 2017; Huang et al., Evaluating Lossy Compression Rates of Deep Generative Models, 2020",
    settings: Schema::of::<Ais>,
    build: |settings| Ok(Box::new(settings.read::<Ais>()?)),
};

/// Powers of the likelihood at which rate and distortion are read: halves, quarters ... down to 2^-13.
const WAYPOINTS: i32 = 14;
/// Seconds of a Gaussian near the posterior of one image, most of it passes of a few codes.
const FIT_SECONDS: f64 = 0.08;
vimae_core::settings! {
    /// The likelihood by annealing.
    pub struct Ais {
        /// standard deviation of the decoder's noise in [0, 1] pixels; 0 takes the likeliest on held-out images
        sigma: f64 = 0.1, from 0.0, to 10.0;
        /// where chains begin: a Gaussian at the code of each image, or the prior, which also gives rate and distortion
        start: Start = Start::Code;
        /// test images, drawn once for all
        images: usize = 64, from 1, to 1_000_000;
        /// images drawn from the model for the gap, without which no likelihood is told
        simulated: usize = 20, from 1, to 1_000_000;
        /// chains of each image
        chains: usize = 4, from 1, to 10_000;
        /// distributions between prior and posterior
        temperatures: usize = 40, from 1, to 1_000_000;
        /// leapfrog steps at each
        leapfrog: usize = 3, from 1, to 1_000;
    }
}

vimae_core::settings! {
    enum Start { Code, Prior }
}

impl Metric for Ais {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn on_request(&self) -> bool {
        true
    }

    fn reports(&self) -> Vec<String> {
        NATS_AND_BITS.into_iter().chain(["ais.gap", "ais.rate", "ais.distortion", "ais.distortion.nats"]).map(String::from).collect()
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::HeldOut]
    }

    fn cost(&self, _: &Workload<'_>) -> EvalCost {
        // Forwards after a pilot for every image, and backwards for simulated ones.
        let once = self.chains + anneal::PILOTS;
        let chains = (self.images * once + self.simulated * (once + self.chains)) as f64;
        // The gradient of each leapfrog step is a pass forwards and one for the codes backwards.
        let annealing = chains * self.temperatures as f64 * (2.0 * self.leapfrog as f64 + 1.0);
        let fits = match self.start {
            Start::Code => (self.images + self.simulated) as f64 * FIT_SECONDS,
            Start::Prior => 0.0,
        };
        EvalCost { decoded: annealing, cpu_seconds: fits, ..EvalCost::default() }
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let Some(law) = Under::of(evidence, &[self.sigma])?.pop() else { return Ok(Findings::default()) };
        let run = Run {
            evidence,
            law,
            plan: Plan { chains: self.chains, temperatures: self.temperatures, leapfrog: self.leapfrog },
            from_prior: self.start == Start::Prior,
        };
        let originals = evidence.originals()?;
        let count = self.images.min(originals.dim(0)?);
        let test = run.likelihood(&drawn_rows(originals, count)?)?;
        let bridge = run.bridge(&test, &drawn_rows(&evidence.code()?.mean, count)?)?;
        let waypoints: Vec<f64> = if run.from_prior { (0..WAYPOINTS).map(|halvings| 0.5_f64.powi(halvings)).collect() } else { Vec::new() };
        let tuned = Tuned::by_pilot(bridge.as_ref(), run.plan, &run.streams("pilot"))?;
        let forward = tuned.forward(bridge.as_ref(), &waypoints, &run.streams("forward"))?;
        let bounds = run.sandwich(&test, self.simulated)?;
        Ok(run.found(&test, &forward, &bounds).into())
    }
}

/// One measurement.
struct Run<'a> {
    evidence: &'a dyn Evidence,
    law: Under<'a>,
    plan: Plan,
    from_prior: bool,
}

impl<'a> Run<'a> {
    fn streams(&self, purpose: &str) -> Streams {
        self.evidence.streams().fold_in("ais").fold_in(purpose)
    }

    fn likelihood(&self, images: &Tensor) -> Result<DecoderLikelihood<'a>> {
        self.law.likelihood(self.evidence, images, self.evidence.model().parameters().device())
    }

    /// The way for images whose codes the encoder says are `codes` `[N, d]`.
    fn bridge<'b>(&self, likelihood: &'b DecoderLikelihood<'b>, codes: &Tensor) -> Result<Box<dyn Bridge + 'b>>
    where
        'a: 'b,
    {
        let prior = self.evidence.prior();
        Ok(match self.from_prior {
            true => Box::new(FromPrior { prior, likelihood }),
            false => Box::new(FromGaussian::fit(prior, likelihood, &values(codes)?)?),
        })
    }

    /// Bounds of ln p(x) of images drawn from the model, for which an exact posterior draw is known.
    fn sandwich(&self, decode: &DecoderLikelihood<'_>, count: usize) -> Result<Bounds> {
        let (model, prior) = (self.evidence.model(), self.evidence.prior());
        let exact = prior.draw(&self.streams("simulated.codes"), Purpose::Evaluation, 0, count, model.code_size())?;
        let exact: Vec<f64> = exact.into_iter().map(f64::from).collect();
        let shape = model.image_shape();
        let images = decode.simulate(&exact, &self.streams("simulated.images"), 0)?;
        let images = images.reshape((count, shape.channels, shape.height, shape.width))?;
        let likelihood = self.likelihood(&images)?;
        let bridge = self.bridge(&likelihood, &model.encode(&images, Mode::Evaluate)?.mean.detach())?;
        let tuned = Tuned::by_pilot(bridge.as_ref(), self.plan, &self.streams("simulated.pilot"))?;
        let lower = tuned.forward(bridge.as_ref(), &[], &self.streams("simulated.forward"))?.log_likelihood;
        let upper = tuned.reverse(bridge.as_ref(), &exact, &self.streams("simulated.reverse"))?;
        Ok(Bounds { lower, upper })
    }

    fn found(&self, test: &DecoderLikelihood<'_>, forward: &Forward, bounds: &Bounds) -> Vec<Measurement> {
        let Plan { chains, temperatures, leapfrog } = self.plan;
        let protocol = |name: &str, n: usize| {
            self.law
                .named(self.evidence, Protocol::new(name))
                .with("start", if self.from_prior { "prior" } else { "code" })
                .with("chains", chains)
                .with("temperatures", temperatures)
                .with("leapfrog", leapfrog)
                .with("N", n)
        };
        let whole = |protocol: Protocol| protocol.sampled_from(self.evidence.sampler());
        let gaps: Vec<f64> = bounds.upper.iter().zip(&bounds.lower).map(|(upper, lower)| upper - lower).collect();
        let gap = Summary::of(&gaps).map(|gap| gap.mean);
        // A gap that is not finite is wide as well.
        let wide = gap.is_none_or(|gap| gap > 1.0);
        let notes = [
            Some(format!("{:.0} % of the moves accepted", 100.0 * forward.acceptance)),
            Some(gap.map_or_else(|| "no finite gap on simulated images".into(), |gap| format!("gap {gap:.2} nats on simulated images"))),
            self.law.note(),
        ];
        let note = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let losses: Vec<f64> = forward.log_likelihood.iter().map(|l| -l).collect();
        let doubted = |m: Measurement| m.doubted(Doubt::WideGap, wide);
        let nll = whole(protocol("nll.ais", losses.len()));
        let mut found: Vec<Measurement> = in_nats_and_bits(ENTRY.name, &nll, (&losses, test.dimensions()), self.law.support(), None)
            .map(|m| doubted(Measurement { note: Some(m.note.as_ref().map_or(note.clone(), |own| format!("{own}; {note}"))), ..m }))
            .into();
        // Few simulated images are enough, and the gap says itself what it is.
        let gap = mean(ENTRY.name, "ais.gap", whole(protocol("bdmc", gaps.len())), "nats", &gaps).better(Direction::Lower);
        found.push(gap.over(&[Varies::GeneratedImages]));
        for waypoint in &forward.path {
            let protocol = whole(protocol("ais", losses.len()).with("beta", format!("{:.3e}", waypoint.beta)));
            // A likelihood of the decoder's own has its distortion in nats.
            let distortion = |l: &f64| test.squared_error(*l).map_or(-l, |error| reconstruction::SCALE * error);
            let distortions: Vec<f64> = waypoint.log_likelihood.iter().map(distortion).collect();
            let (metric, unit) =
                if self.law.sigma().is_some() { ("ais.distortion", "squared error") } else { ("ais.distortion.nats", "nats") };
            found.push(doubted(mean_of(ENTRY.name, "ais.rate", protocol.clone(), "nats", &waypoint.rates()).of_kind(Kind::UpperBound)));
            found.push(doubted(mean_of(ENTRY.name, metric, protocol, unit, &distortions).better(Direction::Lower)));
        }
        found
    }
}

/// Bounds of ln p(x), one per image.
#[derive(Debug, Clone, PartialEq)]
struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

#[cfg(test)]
mod tests;
