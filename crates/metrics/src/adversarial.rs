//! Jensen-Shannon and Kullback-Leibler divergence of the codes from the prior, by a critic.
//!
//! A small network learns to tell draws of the prior from codes of training images; its logit T is then an estimate of
//! the log density ratio ln p(z) / q(z) (Goodfellow et al., "Generative Adversarial Nets", 2014). What is reported is
//! computed on codes of test images and on other draws of the prior, none of which the critic saw, in nats:
//!
//! - `adversarial.js`: `ln 2 - (mean softplus(-T(p)) + mean softplus(T(q))) / 2`, a lower bound of JS(q, p) whatever the
//!   critic, at most ln 2; a critic that is worse than none may leave it below zero.
//! - `adversarial.kl.ratio`: `mean -T(q)`, KL(q || p) where the critic is right; no bound.
//! - `adversarial.kl.dv`: `mean -T(q) - ln mean exp(-T(p))`, the lower bound of Donsker and Varadhan (Belghazi et al.,
//!   "Mutual Information Neural Estimation", 2018), but for the logarithm of a mean over few draws. Where `ratio` is far
//!   above it, the critic's ratio is not a ratio of densities.
//!
//! The budget is the same for every model (1 000 steps of 200 codes and as many draws, network and draws from one
//! seed), so that values of one code size compare; the size of both samples and the budget are in the protocol's name.
//! Divergences that are larger than the critic can learn come out too small. Standard errors are those of the test
//! samples, for the critic as it came out.

use std::f64::consts::LN_2;

use candle_core::{DType, Device, Tensor};
use rand::Rng;
use vimae_core::{
    Entry, Error, EvalCost, Evidence, Findings, Init, Input, Metric, NoSettings, Parameters, Perceptron, Purpose, Result, Streams,
    Workload,
    numerics::{softplus, softplus_each},
    settings::Schema,
    subset::drawn_rows,
};
use vimae_ops::{linear, linear_relu};
use vimae_spec::{Direction, Measurement, Protocol, Varies};

use crate::{
    BuildMetric, Summary,
    summary::values,
    training::{minimise, operation},
};

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "adversarial",
    summary: "Jensen-Shannon and KL divergence of codes from the prior, by a critic trained on codes of training images",
    source: "Goodfellow et al., Generative Adversarial Nets, 2014; Belghazi et al., Mutual Information Neural Estimation, 2018",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Adversarial)),
};

/// Units of each of the critic's two hidden layers.
const HIDDEN: usize = 64;
/// Steps of its training.
pub const STEPS: u64 = 1_000;
/// Codes and draws in a step.
pub const BATCH: usize = 200;
/// Training images whose codes it learns from, at most.
const MOST: usize = 10_000;
/// Its first step size, from which it falls linearly to nothing.
const RATE: f64 = 2e-3;
/// One critic for every model, whatever run asks: the seed is no setting.
const SEED: u64 = 0;
/// Seconds of its training, on two threads.
const CRITIC_SECONDS: f64 = 2.0;

/// The divergences.
#[derive(Debug, Clone, Copy)]
pub struct Adversarial;

impl Metric for Adversarial {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes, Input::TrainCodes, Input::PriorSample]
    }

    fn cost(&self, _: &Workload<'_>) -> EvalCost {
        EvalCost { cpu_seconds: CRITIC_SECONDS, ..EvalCost::default() }
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let size = evidence.model().code_size();
        let (q, p) = (evidence.z()?, evidence.prior_sample()?);
        let known = Known::of(evidence)?;
        let estimate = |critic: Critic| -> Result<[(f64, f64); 3]> { Ok(divergences(&critic.logits(q)?, &critic.logits(p)?)) };
        let finite = values(q)?.iter().all(|v| v.is_finite()) && known.is_finite();
        let draws = Streams::new(SEED).fold_in("adversarial.prior");
        let critic = || Critic::train(size, &known, &|step| evidence.prior().draw(&draws, Purpose::Evaluation, step, BATCH, size));
        let found = if finite { Some(estimate(critic()?)?) } else { None };
        let (n, m) = (q.dim(0)?, p.dim(0)?);
        let one = |(index, name): (usize, &str)| {
            let (value, error) = found.map(|all| all[index]).filter(|(v, e)| v.is_finite() && e.is_finite()).unzip();
            let protocol = Protocol::new(name).with("critic", format!("{HIDDEN}x{HIDDEN}")).with("steps", STEPS).with("N", n).with("M", m);
            let why = if finite { "the critic's ratio is not finite" } else { "the codes are not all finite" };
            Measurement::new(ENTRY.name, ENTRY.name, protocol.sampled_from(evidence.sampler()), "nats")
                .valued(value, error)
                .over(&[Varies::TestImages, Varies::CodeDraws, Varies::PriorDraws])
                .sized(n)
                .better(Direction::Lower)
                .noted(value.is_none().then(|| why.to_owned()))
        };
        let names = ["adversarial.js", "adversarial.kl.ratio", "adversarial.kl.dv"];
        Ok(names.into_iter().enumerate().map(one).collect::<Vec<_>>().into())
    }
}

/// Codes of training images: means `[N, d]`, and deviations where the head has them.
struct Known {
    mean: Vec<f64>,
    deviation: Option<Vec<f64>>,
}

impl Known {
    fn of(evidence: &dyn Evidence) -> Result<Self> {
        let code = evidence.train_code()?;
        let some = |tensor: &Tensor| -> Result<Vec<f64>> { values(&drawn_rows(tensor, MOST)?) };
        let deviation = code.log_var.as_ref().map(some).transpose()?;
        let deviation = deviation.map(|log_vars| log_vars.into_iter().map(|v| (0.5 * v).exp()).collect());
        Ok(Self { mean: some(&code.mean)?, deviation })
    }

    fn is_finite(&self) -> bool {
        self.mean.iter().chain(self.deviation.iter().flatten()).all(|v| v.is_finite())
    }

    /// Codes of [`BATCH`] images, drawn anew in each step.
    fn draw(&self, size: usize, step: u64) -> Vec<f32> {
        let streams = Streams::new(SEED).fold_in("adversarial.codes");
        let mut rng = streams.at(Purpose::Evaluation, 2 * step);
        let rows: Vec<usize> = (0..BATCH).map(|_| rng.random_range(0..(self.mean.len() / size).max(1))).collect();
        let mut codes: Vec<f64> = rows.iter().flat_map(|row| self.mean[row * size..][..size].iter().copied()).collect();
        if let Some(deviation) = &self.deviation {
            let noise = streams.normal(Purpose::Evaluation, 2 * step + 1, codes.len());
            let deviations = rows.iter().flat_map(|row| &deviation[row * size..][..size]);
            codes.iter_mut().zip(deviations).zip(noise).for_each(|((code, s), e)| *code += s * f64::from(e));
        }
        codes.into_iter().map(|v| v as f32).collect()
    }
}

/// Two hidden layers with ReLU, from codes `[N, d]` on the scale of the first draws to logits `[N]`.
struct Critic {
    network: Perceptron,
    /// Mean and deviation of each dimension.
    scale: [Tensor; 2],
}

impl Critic {
    fn train(size: usize, known: &Known, prior: &dyn Fn(u64) -> Result<Vec<f32>>) -> Result<Self> {
        let parameters = Parameters::new(SEED, DType::F32, &Device::Cpu);
        let init = |inputs: usize| {
            let bound = (3.0 / inputs as f64).sqrt();
            [Init::Uniform(-bound, bound), Init::Constant(0.0)]
        };
        let network = Perceptron::new(&parameters, "critic", size, &[HIDDEN; 2], init)?;
        let codes = |values: Vec<f32>| Ok::<_, Error>(Tensor::from_vec(values, (BATCH, size), &Device::Cpu)?);
        let both = |step: u64| Ok::<_, Error>(Tensor::cat(&[codes(known.draw(size, step))?, codes(prior(step)?)?], 0)?);
        let critic = Self { network, scale: scale(&both(0)?)? };
        let loss = |step: usize| -> Result<Tensor> {
            let logits = critic.forward(&both(step as u64)?, false)?;
            let (q, p) = (logits.narrow(0, 0, BATCH)?, logits.narrow(0, BATCH, BATCH)?);
            Ok((softplus_each(&q)?.mean_all()? + softplus_each(&p.neg()?)?.mean_all()?)?)
        };
        let learning_rate = |step: usize| RATE * (1.0 - step as f64 / STEPS as f64);
        minimise(&parameters, STEPS as usize, learning_rate, loss)?;
        Ok(critic)
    }

    fn logits(&self, codes: &Tensor) -> Result<Vec<f64>> {
        values(&self.forward(&codes.to_dtype(DType::F32)?, true)?)
    }

    fn forward(&self, codes: &Tensor, frozen: bool) -> Result<Tensor> {
        let [mean, deviation] = &self.scale;
        self.network.forward(&codes.broadcast_sub(mean)?.broadcast_div(deviation)?, frozen, |x, [weight, bias], relu| {
            if relu { linear_relu(x, weight, Some(bias)) } else { linear(x, weight, Some(bias)) }.map_err(operation)
        })
    }
}

/// Mean and deviation `[1, d]` of codes; a dimension that does not move keeps its scale.
fn scale(codes: &Tensor) -> Result<[Tensor; 2]> {
    let mean = codes.mean_keepdim(0)?;
    let variance = codes.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
    Ok([mean, (variance + 1e-12)?.sqrt()?])
}

/// JS, KL by the ratio and KL's lower bound with their standard errors, from the critic's logits on codes and draws.
fn divergences(q: &[f64], p: &[f64]) -> [(f64, f64); 3] {
    let of = |values: Vec<f64>| {
        let summary = Summary::of(&values);
        (summary.map_or(f64::NAN, |s| s.mean), summary.and_then(|s| s.standard_error).unwrap_or(f64::NAN))
    };
    let (on_q, on_p) = (of(q.iter().map(|t| softplus(*t)).collect()), of(p.iter().map(|t| softplus(-t)).collect()));
    let js = (LN_2 - 0.5 * (on_q.0 + on_p.0), 0.5 * on_q.1.hypot(on_p.1));
    let ratio = of(q.iter().map(|t| -t).collect());
    let highest = p.iter().fold(f64::NEG_INFINITY, |high, t| high.max(-t));
    let weights = of(p.iter().map(|t| (-t - highest).exp()).collect());
    let bound = (ratio.0 - highest - weights.0.ln(), ratio.1.hypot(weights.1 / weights.0));
    [js, ratio, bound]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Divergences of N(shift, s^2) with the shift in the first dimension from N(0, 1), in `size` dimensions.
    fn found(size: usize, shift: f64, s: f64) -> [(f64, f64); 3] {
        let normal = |place: u64, n: usize| Streams::new(3).normal(Purpose::Evaluation, place, n * size);
        let moved = |values: Vec<f32>| -> Vec<f64> {
            let shift = |i: usize| if i.is_multiple_of(size) { shift } else { 0.0 };
            values.into_iter().enumerate().map(|(i, v)| s * f64::from(v) + shift(i)).collect()
        };
        let known = Known { mean: moved(normal(0, 8_000)), deviation: None };
        let critic = Critic::train(size, &known, &|step| Ok(normal(10 + step, BATCH))).unwrap();
        let tensor = |values: Vec<f64>| Tensor::from_vec(values, (4_000, size), &Device::Cpu).unwrap();
        let (q, p) = (tensor(moved(normal(1, 4_000))), tensor(normal(2, 4_000).into_iter().map(f64::from).collect()));
        divergences(&critic.logits(&q).unwrap(), &critic.logits(&p).unwrap())
    }

    #[test]
    fn known_divergences_are_found_within_their_errors_and_the_critics() {
        // scipy.integrate.quad over the mixture's terms: JS of N(1.5, 1) and N(0, 1); KL = 1.5^2 / 2. In four dimensions
        // N(0, 1.6^2) and N(0, 1): JS over the radius by scipy.stats.chi; KL = 4 ((1.6^2 - 1) / 2 - ln 1.6).
        for (size, shift, s, exact) in [(1, 1.5, 1.0, [0.221171, 1.125]), (4, 0.0, 1.6, [0.171195, 1.239985])] {
            let [js, ratio, bound] = found(size, shift, s);
            assert!(js.0 < exact[0] + 3.0 * js.1 && js.0 > 0.9 * exact[0] - 3.0 * js.1, "JS {js:?}, exact {}", exact[0]);
            assert!(bound.0 < exact[1] + 3.0 * bound.1 && bound.0 > 0.75 * exact[1], "KL {bound:?}, exact {}", exact[1]);
            assert!((ratio.0 / exact[1] - 1.0).abs() < 0.25, "KL {ratio:?}, exact {}", exact[1]);
        }
    }

    #[test]
    fn equal_laws_have_next_to_no_divergence() {
        let [js, ratio, bound] = found(4, 0.0, 1.0);
        assert!(js.0.abs() < 0.02 && ratio.0.abs() < 0.06 && bound.0.abs() < 0.06, "{js:?} {ratio:?} {bound:?}");
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| found(2, 1.0, 1.0));
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn the_budget_in_words_is_the_budget() {
        let steps = format!("{} {:03} steps", STEPS / 1_000, STEPS % 1_000);
        assert!(include_str!("adversarial.rs").contains(&format!("({steps} of {BATCH} codes and as many draws")));
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocols.md");
        let page = std::fs::read_to_string(page).unwrap();
        assert!(page.contains(&format!("two hidden layers of {HIDDEN} units learns, in {steps} on codes")));
        assert!(page.contains(&format!("adversarial.js(critic={HIDDEN}x{HIDDEN},steps={STEPS},")));
    }

    #[test]
    fn sums_are_as_by_hand() {
        // q: T = -1, -3; p: T = 0, ln 3.
        let [js, ratio, bound] = divergences(&[-1.0, -3.0], &[0.0, 3.0_f64.ln()]);
        let softplus = |x: f64| (1.0 + x.exp()).ln();
        let cross = 0.5 * (softplus(-1.0) + softplus(-3.0)) + 0.5 * (softplus(0.0) + (4.0_f64 / 3.0).ln());
        assert!((js.0 - (LN_2 - 0.5 * cross)).abs() < 1e-12);
        assert!((ratio.0 - 2.0).abs() < 1e-12 && (ratio.1 - 1.0).abs() < 1e-12);
        assert!((bound.0 - (2.0 - (2.0_f64 / 3.0).ln())).abs() < 1e-12);
    }
}
