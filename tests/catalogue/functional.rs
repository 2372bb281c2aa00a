//! The losses of tensors alone give what the entries of the catalogue give.

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use vimae_core::{Code, Parameters, Pass, Prior, Purpose, RateRule, Streams};
use vimae_objectives::{OBJECTIVES, elbo, gaussian_rate, info_vae, mmd};
use vimae_priors::{PRIORS, logistic, normal};
use vimae_tests::parts::{divergence_with, part_request};

/// Made-up tensors of a step, in f64.
struct Step {
    images: Tensor,
    output: Tensor,
    code: Code,
    z: Tensor,
    prior_sample: Tensor,
}

impl Step {
    fn new() -> Result<Self> {
        let draw = |step, shape: &[usize]| -> Result<Tensor> {
            let values = Streams::new(3).normal(Purpose::Evaluation, step, shape.iter().product());
            Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F64)?)
        };
        let code = Code { mean: draw(2, &[6, 2])?, log_var: Some(draw(3, &[6, 2])?) };
        Ok(Self {
            images: draw(0, &[6, 2, 3, 3])?,
            output: draw(1, &[6, 2, 3, 3])?,
            code,
            z: draw(4, &[6, 2])?,
            prior_sample: draw(5, &[6, 2])?,
        })
    }

    /// The loss of an entry.
    fn loss(&self, name: &str, settings: Value, divergence: Option<&str>) -> Result<f64> {
        self.loss_under(name, settings, divergence, RateRule::default())
    }

    fn loss_under(&self, name: &str, settings: Value, divergence: Option<&str>, rate_rule: RateRule) -> Result<f64> {
        let objective = OBJECTIVES.build(name, settings.as_object().context("settings")?)?;
        let divergence = divergence.map(|name| divergence_with(name, json!({}), &part_request(2, DType::F64))).transpose()?;
        let (prior, parameters) = (normal::prior(), Parameters::new(1, DType::F64, &Device::Cpu));
        let Self { images, output, code, z, prior_sample } = self;
        let (divergence, population) = (divergence.as_deref(), 6);
        let pass = Pass {
            images,
            output,
            likelihood: None,
            code,
            z,
            prior: &prior,
            prior_sample,
            divergence,
            parameters: &parameters,
            population,
            rate_rule,
        };
        Ok(objective.loss(&pass)?.total.to_scalar()?)
    }

    fn rate(&self) -> Result<Tensor> {
        Ok(gaussian_rate(&self.code.mean, self.code.log_var.as_ref().context("a log-variance")?)?)
    }
}

fn same(ours: &Tensor, entry: f64) -> Result<()> {
    let ours: f64 = ours.to_scalar()?;
    ensure!((ours - entry).abs() <= 1e-12 * entry.abs(), "{ours} and {entry}");
    Ok(())
}

#[test]
fn losses_of_tensors_are_those_of_the_entries() -> Result<()> {
    let step = Step::new()?;
    let Step { images, output, z, prior_sample, .. } = &step;
    same(&elbo(images, output, &step.rate()?)?, step.loss("vae", json!({}), None)?)?;
    let weights = vimae_objectives::info_vae::InfoVae { recon_weight: 0.5, alpha: 2.0, lambda: 7.0 };
    let settings = json!({ "recon_weight": 0.5, "alpha": 2.0, "lambda": 7.0 });
    let distance = mmd(z, prior_sample)?;
    same(&info_vae(images, output, &step.rate()?, &distance, &weights)?, step.loss("info_vae", settings, Some("mmd_imq"))?)?;
    // Without the rate it is the VIMAE.
    let weights = vimae_objectives::info_vae::InfoVae { recon_weight: 0.05, alpha: 0.0, lambda: 10.0 };
    same(&info_vae(images, output, &step.rate()?, &distance, &weights)?, step.loss("vimae_n", json!({}), Some("mmd_imq"))?)
}

#[test]
fn the_gaussian_rate_is_that_of_the_normal_prior() -> Result<()> {
    let step = Step::new()?;
    same(&step.rate()?, normal::prior().rate(&step.code)?.mean_all()?.to_scalar()?)
}

#[test]
fn a_sample_of_a_prior_is_a_function_of_its_seed_and_has_its_variance() -> Result<()> {
    let (cpu, prior) = (Device::Cpu, logistic::prior());
    let draw = |count, seed| -> Result<Vec<f32>> { Ok(prior.sample((count, 4), seed, &cpu)?.flatten_all()?.to_vec1()?) };
    ensure!(prior.sample((3, 4), 1, &cpu)?.dims() == [3, 4]);
    let sample = draw(5_000, 1)?;
    ensure!(sample == draw(5_000, 1)? && sample[..40] == draw(10, 1)? && sample != draw(5_000, 2)?);
    let variance = sample.iter().map(|v| f64::from(v * v)).sum::<f64>() / sample.len() as f64;
    ensure!((variance - 1.0).abs() < 0.06, "{variance}");
    // Every prior of the catalogue that needs no encoder has one.
    let request = part_request(4, DType::F32);
    for name in PRIORS.names() {
        let prior = PRIORS.build(name, &Default::default(), &request)?;
        match prior.sample((2, 4), 1, &cpu) {
            Ok(sample) => ensure!(sample.dims() == [2, 4] && sample.dtype() == DType::F32, "{name}"),
            Err(error) => ensure!(matches!(error, vimae_core::Error::Unsupported { .. }), "{name}: {error}"),
        }
    }
    Ok(())
}

#[test]
fn warm_up_and_free_bits_change_the_rate_alone() -> Result<()> {
    let step = Step::new()?;
    let (whole, rate) = (step.loss("vae", json!({}), None)?, step.rate()?.to_scalar::<f64>()?);
    let under = |weight, free_nats| step.loss_under("vae", json!({}), None, RateRule { weight, free_nats });
    ensure!((under(0.25, 0.0)? - (whole - 0.75 * rate)).abs() < 1e-10);
    let log_var = step.code.log_var.as_ref().context("a log-variance")?;
    let each = |j: usize| -> Result<f64> { Ok(gaussian_rate(&step.code.mean.narrow(1, j, 1)?, &log_var.narrow(1, j, 1)?)?.to_scalar()?) };
    let rates = [each(0)?, each(1)?];
    // Between the two, so that one dimension is free and the other counts.
    let free = 0.5 * (rates[0] + rates[1]);
    let counted = rates[0].max(free) + rates[1].max(free);
    ensure!((under(1.0, free)? - (whole - rate + counted)).abs() < 1e-10, "{rates:?}");
    ensure!((under(1.0, 1e-9)? - whole).abs() < 1e-10);
    let info = |rule| step.loss_under("info_vae", json!({ "alpha": 0.5 }), Some("mmd_imq"), rule);
    let rule = RateRule { weight: 0.5, free_nats: 0.0 };
    ensure!((info(rule)? - (info(RateRule::default())? - 0.25 * rate)).abs() < 1e-10);
    Ok(())
}
