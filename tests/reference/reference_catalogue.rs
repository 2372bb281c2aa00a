//! Every prior, rate, divergence and objective of the catalogue against golden values of SciPy and NumPy, which
//! `make_catalogue.py` writes. An entry without a golden value fails by name.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use vimae_core::{Code, Encoder, Error, ImageShape, Init, Mode, Parameters, PartRequest, Pass, PixelRange, Prior, RateRule};
use vimae_objectives::{OBJECTIVES, divergence::DIVERGENCES};
use vimae_priors::PRIORS;
use vimae_tests::{
    golden::{close, near, of_entry, tensor, tensors},
    parts::{divergence_with, part_request, prior_with},
};

/// Rows whose rates by random draws are averaged.
const ROWS: usize = 4_000;

fn number(case: &Value, key: &str) -> Result<f64> {
    case[key].as_f64().with_context(|| format!("{key} is no number"))
}

fn integer(case: &Value, key: &str) -> Result<usize> {
    Ok(usize::try_from(case[key].as_u64().with_context(|| format!("{key} is no whole number"))?)?)
}

/// Sets the parameters that a case gives.
fn set(parameters: Option<&Parameters>, case: &Value) -> Result<()> {
    match (parameters, case.get("parameters")) {
        (Some(parameters), Some(given)) => Ok(parameters.load(&tensors(given)?)?),
        (None, None) => Ok(()),
        (ours, _) => anyhow::bail!("parameters: ours {}, the case's {}", ours.is_some(), case["parameters"]),
    }
}

/// An encoder whose mean and log-variance are linear in the pixels.
struct Linear {
    mean: Tensor,
    log_var: Tensor,
}

impl Encoder for Linear {
    fn encode(&self, images: &Tensor, _: Mode) -> vimae_core::Result<Code> {
        let pixels = images.flatten_from(1)?;
        Ok(Code { mean: pixels.matmul(&self.mean)?, log_var: Some(pixels.matmul(&self.log_var)?) })
    }
}

/// The prior of a case, bound to the encoder that the case gives.
fn prior_of(name: &str, case: &Value) -> Result<Box<dyn Prior>> {
    let image = ImageShape { channels: 1, height: 2, width: 2 };
    let size = integer(case, "size")?;
    let request = PartRequest { code: size, image, range: PixelRange::Unit, seed: 1, dtype: DType::F64, device: Device::Cpu };
    let prior = prior_with(name, case["settings"].clone(), &request)?;
    set(prior.parameters(), case)?;
    if case.get("to_mean").is_none() {
        return Ok(prior);
    }
    let encoder = Linear { mean: tensor(&case["to_mean"])?, log_var: tensor(&case["to_log_var"])? };
    prior.bind(&encoder)?.context("the prior does not depend on the encoder")
}

#[test]
fn priors() -> Result<()> {
    for name in PRIORS.names() {
        for case in of_entry("prior", name)? {
            let what = format!("{name} {}", case["settings"]);
            let prior = prior_of(name, &case)?;
            let size = integer(&case, "size")?;
            close(&what, &prior.log_density(&tensor(&case["points"])?)?, &tensor(&case["log_density"])?, 1e-9, 1e-9)?;
            if case.get("entropy").is_some() {
                let entropy = prior.entropy(size).with_context(|| format!("{what} has no entropy"))?;
                near(&format!("{what} entropy"), entropy, number(&case, "entropy")?, 0.0, number(&case, "entropy_within")?)?;
            }
            let Some(law) = prior.marginal() else { continue };
            if case.get("variance").is_none() {
                continue;
            }
            near(&format!("{what} variance"), law.variance(), number(&case, "variance")?, 1e-9, 0.0)?;
            let along = |key: &str, f: &dyn Fn(f64) -> f64| -> Result<Tensor> {
                let values: Vec<f64> = tensor(&case[key])?.to_vec1::<f64>()?.into_iter().map(f).collect();
                Ok(Tensor::new(values, &Device::Cpu)?)
            };
            close(&format!("{what} cdf"), &along("at", &|x| law.cdf(x))?, &tensor(&case["cdf"])?, 1e-8, 1e-12)?;
            close(&format!("{what} quantile"), &along("levels", &|p| law.quantile(p))?, &tensor(&case["quantile"])?, 1e-8, 1e-8)?;
        }
    }
    Ok(())
}

#[test]
fn rates_of_gaussian_codes() -> Result<()> {
    for name in PRIORS.names() {
        for case in of_entry("rate", name)? {
            let what = format!("{name} {} rate of {} {}", case["settings"], case["mean"], case["log_var"]);
            let prior = prior_of(name, &case)?;
            let rows = if case["by_draws"] == json!(true) { ROWS } else { 1 };
            let row = |key: &str| -> Result<Tensor> { Ok(tensor(&case[key])?.unsqueeze(0)?.repeat((rows, 1))?) };
            let code = Code { mean: row("mean")?, log_var: Some(row("log_var")?) };
            if case["rate"].is_null() {
                ensure!(matches!(prior.rate(&code), Err(Error::Unsupported { .. })), "{what} is infinite");
                continue;
            }
            let rates = prior.rate(&code)?.to_vec1::<f64>()?;
            let mean = rates.iter().sum::<f64>() / rows as f64;
            let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / rows as f64;
            near(&what, mean, number(&case, "rate")?, 1e-6, 1e-6 + 4.0 * (variance / rows as f64).sqrt())?;
            if case.get("rate_at").is_some() {
                let at = prior.rate_at(&code, &row("z")?)?.to_vec1::<f64>()?[0];
                near(&format!("{what} at a draw"), at, number(&case, "rate_at")?, 1e-9, 1e-9)?;
            }
        }
    }
    Ok(())
}

#[test]
fn divergences() -> Result<()> {
    for name in DIVERGENCES.names() {
        for case in of_entry("divergence", name)? {
            let what = format!("{name} {}", case["settings"]);
            let (q, p) = (tensor(&case["q"])?, tensor(&case["p"])?);
            let divergence = divergence_with(name, case["settings"].clone(), &part_request(q.dim(1)?, DType::F64))?;
            set(divergence.parameters(), &case)?;
            near(&what, divergence.estimate(&q, &p)?.to_scalar()?, number(&case, "value")?, 0.0, number(&case, "within")?)?;
            if let Some(loss) = divergence.critic_loss(&q, &p)? {
                near(&format!("{what} critic"), loss.to_scalar()?, number(&case, "critic_loss")?, 0.0, 1e-10)?;
            }
        }
    }
    Ok(())
}

#[test]
fn objectives() -> Result<()> {
    for name in OBJECTIVES.names() {
        for case in of_entry("objective", name)? {
            let what = format!("{name} {}", case["settings"]);
            let objective = vimae_objectives::OBJECTIVES.build(name, case["settings"].as_object().context("settings")?)?;
            let z = tensor(&case["z"])?;
            let request = part_request(z.dim(1)?, DType::F64);
            let prior = prior_with(case["prior"].as_str().context("a prior")?, Value::Null, &request)?;
            let divergence = match case.get("divergence") {
                Some(part) => {
                    let divergence = divergence_with(part["name"].as_str().context("a name")?, part["settings"].clone(), &request)?;
                    set(divergence.parameters(), part)?;
                    Some(divergence)
                }
                None => None,
            };
            let log_var = if case["log_var"].is_null() { None } else { Some(tensor(&case["log_var"])?) };
            let pass = Pass {
                images: &tensor(&case["images"])?,
                output: &tensor(&case["output"])?,
                likelihood: None,
                code: &Code { mean: tensor(&case["mean"])?, log_var },
                z: &z,
                prior: prior.as_ref(),
                prior_sample: &tensor(&case["prior_sample"])?,
                divergence: divergence.as_deref(),
                parameters: &network(&case)?,
                population: integer(&case, "population")?,
                rate_rule: RateRule::default(),
            };
            let loss = objective.loss(&pass)?;
            near(&what, loss.total.to_scalar()?, number(&case, "total")?, 1e-10, 1e-10)?;
            let ours: BTreeMap<&str, f64> =
                loss.terms.iter().map(|(term, value)| Ok((*term, value.to_scalar()?))).collect::<Result<_>>()?;
            let theirs = case["terms"].as_object().context("terms")?;
            ensure!(ours.keys().copied().eq(theirs.keys().map(String::as_str)), "{what}: terms {ours:?}, expected {theirs:?}");
            for (term, value) in ours {
                near(&format!("{what} {term}"), value, number(&case["terms"], term)?, 1e-10, 1e-10)?;
            }
        }
    }
    Ok(())
}

/// The weights that a case gives.
fn network(case: &Value) -> Result<Parameters> {
    let parameters = Parameters::new(1, DType::F64, &Device::Cpu);
    if let Some(given) = case.get("parameters") {
        let given = tensors(given)?;
        for (name, value) in &given {
            parameters.weight(name, value.dims(), Init::Constant(0.0))?;
        }
        parameters.load(&given)?;
    }
    Ok(parameters)
}
