//! What every prior must satisfy as a distribution of two dimensions, bound to an encoder where it is made from one; no
//! entry is named here. The laws of single dimensions are beside the priors.

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use vimae_core::{AutoEncoder, Code, Error, Head, ImageShape, PixelRange, Prior, Purpose, Streams, settings::Domain};
use vimae_priors::PRIORS;
use vimae_tests::parts::{model, noise_images, part_request, prior_with};

const IMAGE: ImageShape = ImageShape { channels: 2, height: 8, width: 8 };

/// Entry and settings: the defaults, and each choice of each setting; five components where there are any.
fn variants() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    for entry in PRIORS.entries() {
        let mut settings = serde_json::Map::new();
        if entry.settings().iter().any(|key| key.name == "components") {
            settings.insert("components".into(), json!(5));
        }
        all.push((entry.name, Value::from(settings.clone())));
        for key in entry.settings() {
            let Domain::Choice(choices) = &key.domain else { continue };
            for choice in &choices[1..] {
                let mut settings = settings.clone();
                settings.insert(key.name.clone(), json!(choice));
                all.push((entry.name, Value::from(settings)));
            }
        }
    }
    all
}

fn network(head: Head) -> Result<Box<dyn AutoEncoder>> {
    model("mlp", json!({}), IMAGE, PixelRange::Unit, 2, head, DType::F64)
}

/// Every prior in two dimensions, bound to a network where it must be.
fn priors(check: impl Fn(&str, &dyn Prior) -> Result<()>) -> Result<()> {
    let network = network(Head::Gaussian)?;
    for (name, settings) in variants() {
        let prior = prior_with(name, settings.clone(), &part_request(2, DType::F64))?;
        let bound = prior.bind(network.as_ref())?;
        let prior = bound.as_deref().unwrap_or(prior.as_ref());
        assert_eq!(prior.name(), name);
        check(&format!("{name} {settings}"), prior)?;
    }
    Ok(())
}

fn draws(prior: &dyn Prior, seed: u64, count: usize) -> Result<Tensor> {
    let values = prior.draw(&Streams::new(seed), Purpose::PriorSample, 1, count, 2)?;
    Ok(Tensor::from_vec(values, (count, 2), &Device::Cpu)?.to_dtype(DType::F64)?)
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n / n).sqrt())
}

#[test]
fn densities_integrate_to_one() -> Result<()> {
    priors(|what, prior| {
        let (reach, step) = (16.0, 0.04);
        let line: Vec<f64> = (0..(2.0 * reach / step) as usize).map(|i| (i as f64 + 0.5) * step - reach).collect();
        let mut mass = 0.0;
        for x in &line {
            let row: Vec<f64> = line.iter().flat_map(|y| [*x, *y]).collect();
            let row = Tensor::from_vec(row, (line.len(), 2), &Device::Cpu)?;
            mass += prior.log_density(&row)?.exp()?.sum_all()?.to_scalar::<f64>()? * step * step;
        }
        // A tail outside, or an edge between two nodes.
        assert!((mass - 1.0).abs() < 0.02, "{what}: {mass}");
        Ok(())
    })
}

#[test]
#[expect(clippy::print_stderr, reason = "what is not checked says so")]
fn the_stated_entropy_is_the_mean_surprise_of_samples() -> Result<()> {
    priors(|what, prior| {
        let surprises = prior.log_density(&draws(prior, 3, 40_000)?)?.neg()?.to_vec1::<f64>()?;
        let (mean, error) = mean_and_error(&surprises);
        let Some(entropy) = prior.entropy(2) else {
            eprintln!("not checked: {what} states no entropy");
            return Ok(());
        };
        assert!((mean - entropy).abs() < 4.0 * error + 0.01, "{what}: {mean} +- {error}, stated {entropy}");
        Ok(())
    })
}

#[test]
fn every_dimension_has_the_same_variance_where_it_is_matched() -> Result<()> {
    for (name, settings) in variants() {
        let matched = PRIORS.find(name)?.settings().iter().any(|k| k.name == "match");
        if !matched || settings.get("match").is_some_and(|m| m != "variance") {
            continue;
        }
        let prior = prior_with(name, settings.clone(), &part_request(2, DType::F64))?;
        for column in draws(prior.as_ref(), 5, 100_000)?.t()?.to_vec2::<f64>()? {
            let squares: Vec<f64> = column.iter().map(|z| z * z).collect();
            let ((mean, mean_error), (variance, error)) = (mean_and_error(&column), mean_and_error(&squares));
            assert!(mean.abs() < 4.0 * mean_error, "{name} {settings}: mean {mean}");
            assert!((variance - 1.0).abs() < 5.0 * error, "{name} {settings}: variance {variance} +- {error}");
        }
    }
    Ok(())
}

#[test]
fn samples_are_a_function_of_the_stream_whatever_the_number_of_threads() -> Result<()> {
    priors(|what, prior| {
        let with = |threads: usize, seed| -> Result<Vec<f32>> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            Ok(pool.install(|| prior.draw(&Streams::new(seed), Purpose::PriorSample, 0, 9_000, 2))?)
        };
        assert_eq!(with(1, 1)?, with(3, 1)?, "{what}");
        assert_ne!(with(1, 1)?, with(1, 2)?, "{what}");
        Ok(())
    })
}

/// Codes whose rate is asked for: 400 of the same Gaussian.
fn codes(mean: [f64; 2], log_var: [f64; 2]) -> Result<Code> {
    let rows = |row: [f64; 2]| Tensor::new(&[row], &Device::Cpu)?.repeat((400, 1));
    Ok(Code { mean: rows(mean)?, log_var: Some(rows(log_var)?) })
}

#[test]
fn the_rate_and_its_estimate_at_a_draw_agree_and_are_positive() -> Result<()> {
    priors(|what, prior| {
        for code in [codes([0.3, -0.2], [-1.0, -0.5])?, codes([1.5, 0.1], [-3.0, 0.2])?] {
            let rates = match prior.rate(&code) {
                Err(Error::Unsupported { .. }) => {
                    let bounded = prior.marginal().is_some_and(|law| law.log_density(1e3) == f64::NEG_INFINITY);
                    assert!(bounded, "{what}: the rate is refused, and infinite for a prior with bounds alone");
                    continue;
                }
                rates => rates?.to_vec1::<f64>()?,
            };
            let noise = Tensor::from_vec(Streams::new(8).normal(Purpose::CodeNoise, 0, 800), (400, 2), &Device::Cpu)?;
            let z = code.sample(&noise.to_dtype(DType::F64)?)?;
            let ((rate, error), (at, at_error)) = (mean_and_error(&rates), mean_and_error(&prior.rate_at(&code, &z)?.to_vec1::<f64>()?));
            assert!((rate - at).abs() < 4.0 * error.hypot(at_error) + 1e-9, "{what}: {rate} +- {error}, at draws {at} +- {at_error}");
            assert!(rate > -4.0 * error, "{what}: {rate} +- {error}");
        }
        let deterministic = Code { log_var: None, ..codes([0.0; 2], [0.0; 2])? };
        assert!(matches!(prior.rate(&deterministic), Err(Error::Unsupported { .. })), "{what}");
        Ok(())
    })
}

#[test]
fn a_gradient_reaches_what_a_prior_trains_and_the_encoder_that_it_is_made_from() -> Result<()> {
    let network = network(Head::Gaussian)?;
    for (name, settings) in variants() {
        let prior = prior_with(name, settings, &part_request(2, DType::F64))?;
        let Some(parameters) = prior.parameters() else { continue };
        let images = noise_images(4, IMAGE, DType::F64)?;
        let loss = || -> Result<Tensor> {
            let bound = prior.bind(network.as_ref())?;
            let bound = bound.as_deref().unwrap_or(prior.as_ref());
            let code = network.encode(&images, vimae_core::Mode::Evaluate)?;
            let z = code.sample(&Tensor::full(0.3, (4, 2), &Device::Cpu)?)?;
            Ok((bound.rate_at(&code, &z)? - bound.log_density(&z)?)?.sum_all()?)
        };
        let gradients = loss()?.backward()?;
        for (weight, _) in network.parameters().weights().iter().filter(|(weight, _)| weight.starts_with("encoder")) {
            let var = &network.parameters().all()[weight];
            assert!(gradients.get(var).is_some(), "{name}: no gradient reaches {weight}");
        }
        for (weight, var) in parameters.weights() {
            assert!(weight.starts_with("prior."), "{name}: {weight}");
            let gradient =
                gradients.get(&var).with_context(|| format!("{name}: no gradient reaches {weight}"))?.flatten_all()?.to_vec1::<f64>()?;
            let values = var.flatten_all()?.to_vec1::<f64>()?;
            assert!(gradient.iter().filter(|g| **g != 0.0).count() > values.len() / 2, "{name}: {weight}");
            for entry in (0..values.len()).step_by(values.len() / 20 + 1) {
                let at = |offset: f64| -> Result<f64> {
                    let mut moved = values.clone();
                    moved[entry] += offset;
                    var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu)?)?;
                    Ok(loss()?.to_scalar()?)
                };
                let agrees = |step: f64| -> Result<bool> {
                    let difference = (at(step)? - at(-step)?) / (2.0 * step);
                    Ok((gradient[entry] - difference).abs() <= 1e-5 * difference.abs().max(1e-2))
                };
                // A ReLU of the encoder may have its kink inside the step; a much smaller step is beside it.
                assert!(agrees(1e-5)? || agrees(3e-7)?, "{name}: {weight}[{entry}] has gradient {}", gradient[entry]);
                var.set(&Tensor::from_vec(values.clone(), var.shape(), &Device::Cpu)?)?;
            }
        }
    }
    Ok(())
}

#[test]
fn a_prior_made_from_the_encoder_says_what_it_lacks() -> Result<()> {
    let (gaussian, deterministic) = (network(Head::Gaussian)?, network(Head::Deterministic)?);
    let mut seen = 0;
    for name in PRIORS.names() {
        let prior = prior_with(name, Value::Null, &part_request(2, DType::F64))?;
        if prior.bind(gaussian.as_ref())?.is_none() {
            continue;
        }
        let z = Tensor::zeros((3, 2), DType::F64, &Device::Cpu)?;
        assert!(matches!(prior.log_density(&z), Err(Error::Unsupported { .. })), "{name}");
        let sample = prior.draw(&Streams::new(1), Purpose::PriorSample, 0, 3, 2);
        assert!(matches!(sample, Err(Error::Unsupported { .. })), "{name}");
        assert!(matches!(prior.bind(deterministic.as_ref()), Err(Error::Unsupported { .. })), "{name}");
        seen += 1;
    }
    assert!(seen > 0);
    Ok(())
}
