//! An image of one pixel, x ~ N(0, s^2), through a linear Gaussian autoencoder: z = w x + tau eps, output u z.
//!
//! Distortion and rate are quadratic in (x, eps), so that the four points (+-s, +-1) give their expectations exactly; the
//! objectives and the prior are the ones that train. The best encoder for a rate R holds q(z) at the prior and has
//! distortion s^2 exp(-2 R).

use std::f64::consts::TAU;

use anyhow::Result;
use candle_core::{DType, Device, Tensor, Var};
use serde_json::{Value, json};
use vimae_core::{Code, Objective, Parameters, Pass, Prior, Purpose, RateRule, Streams};
use vimae_ops::{Adam, AdamConfig};
use vimae_tests::parts::prior;

/// Standard deviation s of the data.
const SPREAD: f64 = 2.0;

/// The autoencoder's three numbers, `[1]` each.
struct Linear {
    w: Var,
    log_var: Var,
    u: Var,
}

/// One of the objectives' terms, and the whole loss.
struct Terms {
    total: Tensor,
    distortion: f64,
    rate: f64,
}

fn objective(name: &str, settings: Value) -> Result<Box<dyn Objective>> {
    Ok(vimae_objectives::OBJECTIVES.build(name, settings.as_object().unwrap_or(&Default::default()))?)
}

fn column(values: &[f64]) -> Result<Tensor> {
    Ok(Tensor::from_slice(values, (values.len(), 1), &Device::Cpu)?)
}

impl Linear {
    fn new(w: f64, variance: f64, u: f64) -> Result<Self> {
        let var = |value: f64| Var::new(&[value], &Device::Cpu);
        Ok(Self { w: var(w)?, log_var: var(variance.ln())?, u: var(u)? })
    }

    /// The loss on pixels `[N]` with noise `[K N]`.
    fn loss(&self, objective: &dyn Objective, prior: &dyn Prior, pixels: &[f64], noise: &[f64]) -> Result<Terms> {
        let blocks = noise.len() / pixels.len();
        let x = column(pixels)?;
        let mean = x.broadcast_mul(&self.w)?.repeat((blocks, 1))?;
        let code = Code { log_var: Some(mean.zeros_like()?.broadcast_add(&self.log_var)?), mean };
        let z = code.sample(&column(noise)?)?;
        let image = |t: Tensor| t.reshape(((), 1, 1, 1));
        let (images, output) = (image(x.clone())?, image(z.broadcast_mul(&self.u)?)?);
        let loss = objective.loss(&Pass {
            images: &images,
            output: &output,
            likelihood: None,
            code: &code,
            z: &z,
            prior,
            prior_sample: &x,
            divergence: None,
            parameters: &Parameters::new(0, DType::F64, &Device::Cpu),
            population: pixels.len(),
            rate_rule: RateRule::default(),
        })?;
        let rate = prior.rate(&code)?.mean_all()?.to_scalar::<f64>()?;
        let distortion = loss.terms.iter().find(|(name, _)| *name == "distortion").map_or(Ok(f64::NAN), |(_, t)| t.to_scalar::<f64>())?;
        Ok(Terms { total: loss.total, distortion, rate })
    }

    /// The exact expectation of a loss that is quadratic in pixel and noise.
    fn expected(&self, objective: &dyn Objective, prior: &dyn Prior) -> Result<Terms> {
        self.loss(objective, prior, &[SPREAD, SPREAD, -SPREAD, -SPREAD], &[1.0, -1.0, 1.0, -1.0])
    }

    /// Minimises the exact loss.
    fn train(&self, objective: &dyn Objective, prior: &dyn Prior) -> Result<Terms> {
        let names = [("log_var", &self.log_var), ("u", &self.u), ("w", &self.w)];
        let weights = names.map(|(name, var)| (name.to_owned(), var.clone())).to_vec();
        let mut adam = Adam::named(weights, AdamConfig { beta1: 0.9, ..AdamConfig::default() })?;
        // The step size falls, since |R0 - rate| has a kink where its optimum may be.
        for round in 0..8 {
            adam.set_learning_rate(0.02 * 0.3_f64.powi(round));
            for _ in 0..2_000 {
                adam.step(&self.expected(objective, prior)?.total.backward()?)?;
            }
        }
        self.expected(objective, prior)
    }
}

/// Trains a fresh model and compares it with the rate and distortion that theory has.
fn optimum(name: &str, settings: Value, rate: f64) -> Result<()> {
    let (objective, prior) = (objective(name, settings.clone())?, prior("normal")?);
    let found = Linear::new(0.3, 0.5, 0.4)?.train(objective.as_ref(), prior.as_ref())?;
    let distortion = SPREAD * SPREAD * (-2.0 * rate).exp();
    assert!((found.rate - rate).abs() < 2e-3, "{name} {settings}: rate {}, expected {rate}", found.rate);
    assert!((found.distortion - distortion).abs() < 1e-2, "{name} {settings}: distortion {}, expected {distortion}", found.distortion);
    Ok(())
}

/// Where `a s^2 exp(-2 R) + beta R` is smallest.
fn free_rate(a: f64, beta: f64) -> f64 {
    (0.5 * (2.0 * a * SPREAD * SPREAD / beta).ln()).max(0.0)
}

#[test]
fn equation_2_the_elbo_spends_nats_until_one_more_saves_less_than_it_costs() -> Result<()> {
    for (a, beta) in [(1.0, 1.0), (1.0, 0.25), (0.25, 1.0)] {
        optimum("vae", json!({ "recon_weight": a, "beta": beta }), free_rate(a, beta))?;
    }
    Ok(())
}

#[test]
fn section_2_3_the_elbo_is_best_without_information_where_nats_are_dear() -> Result<()> {
    // 2 a s^2 < beta: the optimum is the useless code.
    optimum("beta_h_vae", json!({ "recon_weight": 0.5, "beta": 10.0 }), 0.0)
}

#[test]
fn equation_4_the_optimum_is_at_the_target_rate_where_its_weight_outweighs_the_slope() -> Result<()> {
    let r0: f64 = 0.8;
    let slope = 2.0 * SPREAD * SPREAD * (-2.0 * r0).exp();
    assert!((1.0..3.0).contains(&slope));
    optimum("rate_target_vae", json!({ "beta": 3.0, "r0": r0 }), r0)?;
    // A smaller weight cannot hold the rate down: what the ELBO would have taken is taken.
    optimum("rate_target_vae", json!({ "beta": 1.0, "r0": r0 }), free_rate(1.0, 1.0))?;
    // Above what the ELBO would take, the target lifts the rate.
    optimum("rate_target_vae", json!({ "beta": 3.0, "r0": 2.0 }), 2.0)
}

#[test]
fn the_appendix_bounds_the_encoding_information_from_below_with_h_of_x_known() -> Result<()> {
    // q(z) = N(0, 1): w^2 s^2 + tau^2 = 1, and the rate is I_q = -ln tau.
    let variance: f64 = 0.3;
    let w = (1.0 - variance).sqrt() / SPREAD;
    let (plain, prior) = (objective("plain_ae", json!({}))?, prior("normal")?);
    let entropy = 0.5 * (TAU * std::f64::consts::E * SPREAD * SPREAD).ln();
    let variational = |u: f64, noise: f64| -> Result<(f64, f64)> {
        let terms = Linear::new(w, variance, u)?.expected(plain.as_ref(), prior.as_ref())?;
        let log_likelihood = -0.5 * (TAU * noise).ln() - terms.distortion / (2.0 * noise);
        Ok((terms.rate, entropy + log_likelihood))
    };
    let information = -0.5 * variance.ln();
    for u in [0.2, 0.8, 1.5, 2.5] {
        for noise in [0.1, 0.5, 1.2, 3.0] {
            let (rate, bound) = variational(u, noise)?;
            assert!((rate - information).abs() < 1e-12 && bound < information, "u {u} noise {noise}: {rate} {bound}");
        }
    }
    // The decoder that turns the encoder round reaches it: E[x|z] = w s^2 z, Var[x|z] = s^2 tau^2.
    let (_, bound) = variational(w * SPREAD * SPREAD, SPREAD * SPREAD * variance)?;
    assert!((bound - information).abs() < 1e-12, "{bound} {information}");
    Ok(())
}

#[test]
fn the_importance_weighted_bound_is_the_evidence_for_the_exact_posterior_and_rises_to_it_with_samples() -> Result<()> {
    // x|z ~ N(u z, v): a = 1 / (2 v), and -log p(x) is the loss plus ln(2 pi v) / 2.
    let (u, v) = (1.5, 0.6);
    let total = u * u + v;
    let (posterior, prior) = (Linear::new(u / total, v / total, u)?, prior("normal")?);
    let pixels: Vec<f64> = (0..400).map(|i| if i % 2 == 0 { 1.1 } else { -0.7 }).collect();
    let evidence = pixels.iter().map(|x| 0.5 * ((TAU * total).ln() + x * x / total)).sum::<f64>() / pixels.len() as f64;
    let loss = |model: &Linear, samples: usize| -> Result<f64> {
        let iwae = objective("iwae", json!({ "recon_weight": 1.0 / (2.0 * v), "samples": samples }))?;
        let noise = Streams::new(5).normal(Purpose::CodeNoise, 0, samples * pixels.len());
        let noise: Vec<f64> = noise.into_iter().map(f64::from).collect();
        let loss = model.loss(iwae.as_ref(), prior.as_ref(), &pixels, &noise)?.total.to_scalar::<f64>()?;
        Ok(loss + 0.5 * (TAU * v).ln())
    };
    for samples in [1, 7] {
        let found = loss(&posterior, samples)?;
        assert!((found - evidence).abs() < 1e-10, "{samples} samples: {found}, evidence {evidence}");
    }
    // An encoder that is off: each bound is looser than the next, and none goes below the evidence by more than chance.
    let off = Linear::new(0.1, 0.9, u)?;
    let (one, ten, many) = (loss(&off, 1)?, loss(&off, 10)?, loss(&off, 256)?);
    assert!(one > ten + 0.1 && ten > many + 0.01 && (many - evidence).abs() < 0.03, "{one} {ten} {many} {evidence}");
    Ok(())
}
