//! The family of objectives: special cases coincide, combinations without meaning are refused with the reason, and every
//! objective says what it minimises.

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Tensor, Var};
use serde_json::{Value, json};
use vimae_core::{AutoEncoder, Error, Head, ImageShape, PixelRange, Streams, WithNoise, objective::check_parts};
use vimae_objectives::{OBJECTIVES, divergence::mmd_imq::MmdImq};
use vimae_tests::parts::{divergence_with, model, noise_images, noisy_model, part_request, prior, prior_with, stir};
use vimae_trainer::{Draws, Line};

const IMAGE: ImageShape = ImageShape { channels: 2, height: 8, width: 8 };

/// The loss of one step and its gradients by all weights, in name order.
fn step(objective: &str, settings: Value, noise: &str) -> Result<(f64, Vec<Tensor>)> {
    let objective = vimae_objectives::OBJECTIVES.build(objective, settings.as_object().context("settings")?)?;
    let (prior, request) = (prior("normal")?, part_request(2, DType::F64));
    let noise = vimae_objectives::noise::NOISES.build(noise, &Default::default())?;
    let network = noisy_model("mlp", json!({ "width": 6 }), noise, &request)?;
    stir(network.parameters())?;
    let images = noise_images(8, IMAGE, DType::F64)?;
    let line = Line::new(&network, objective.as_ref(), prior.as_ref());
    let bound = line.bind()?;
    let line = line.under(bound.as_deref());
    let loss = line.loss(&images, &Draws::at(&line, &images, &Streams::new(2), 0)?)?.total;
    let gradients = loss.backward()?;
    let of = |(name, var): (String, Var)| gradients.get(&var).cloned().with_context(|| format!("no gradient reaches {name}"));
    Ok((loss.to_scalar()?, line.weights().into_iter().map(of).collect::<Result<_>>()?))
}

fn coincide(what: &str, (a, by_a): (f64, Vec<Tensor>), (b, by_b): (f64, Vec<Tensor>)) -> Result<()> {
    ensure!((a - b).abs() <= 1e-12 * a.abs(), "{what}: losses {a} and {b}");
    for (at, (a, b)) in by_a.iter().zip(&by_b).enumerate() {
        let largest = |t: &Tensor| -> Result<f64> { Ok(t.abs()?.max_all()?.to_scalar::<f64>()?) };
        let (apart, size) = (largest(&(a - b)?)?, largest(a)?);
        ensure!(size > 0.0 && apart <= 1e-10 * size, "{what}: gradient {at} differs by {apart} of {size}");
    }
    Ok(())
}

#[test]
fn info_vae_covers_the_vae_the_beta_vae_and_the_vimae() -> Result<()> {
    let head = "gaussian_head";
    let info =
        |alpha: f64, lambda: f64, a: f64, noise| step("info_vae", json!({ "alpha": alpha, "lambda": lambda, "recon_weight": a }), noise);
    coincide("vae", info(1.0, 1.0, 1.0, head)?, step("vae", json!({}), head)?)?;
    coincide("beta_h_vae", info(4.0, 4.0, 1.0, head)?, step("beta_h_vae", json!({ "beta": 4 }), head)?)?;
    coincide("beta_a_vae", info(0.2, 0.2, 1.0, head)?, step("beta_a_vae", json!({ "beta": 0.2 }), head)?)?;
    for noise in ["none", "pixel_truncated", head, "gaussian_fixed"] {
        coincide("vimae_n", info(0.0, 7.0, 0.05, noise)?, step("vimae_n", json!({ "lambda": 7 }), noise)?)?;
    }
    // They are no special case of one another: another alpha is another loss.
    ensure!(coincide("different", info(0.5, 1.0, 1.0, head)?, step("vae", json!({}), head)?).is_err());
    Ok(())
}

#[test]
fn one_importance_sample_and_a_rate_decomposed_with_equal_weights_are_the_same_bound() -> Result<()> {
    for estimator in ["weighted", "stratified"] {
        let decomposed = step("tc_vae", json!({ "alpha": 1, "beta": 1, "gamma": 1, "estimator": estimator }), "gaussian_head")?;
        coincide(estimator, step("iwae", json!({ "samples": 1 }), "gaussian_head")?, decomposed)?;
    }
    Ok(())
}

#[test]
fn weights_that_switch_a_term_off_leave_the_plain_autoencoder() -> Result<()> {
    let plain = || step("plain_ae", json!({}), "none");
    coincide("rae", step("rae", json!({ "code_weight": 0, "decoder_weight": 0 }), "none")?, plain()?)?;
    coincide("vimae_n", step("vimae_n", json!({ "lambda": 0, "recon_weight": 1 }), "none")?, plain()?)
}

/// Why an objective refuses parts, if it does.
fn refusal(objective: &str, noise: &str, prior_name: &str, divergence: Option<&str>) -> Result<Option<String>> {
    let objective = vimae_objectives::OBJECTIVES.build(objective, &Default::default())?;
    let noise = vimae_objectives::noise::NOISES.build(noise, &Default::default())?;
    let divergence = divergence.map(|name| divergence_with(name, Value::Null, &part_request(2, DType::F64))).transpose()?;
    let checked = check_parts(objective.as_ref(), noise.as_ref(), prior(prior_name)?.as_ref(), divergence.as_deref());
    Ok(checked.err().map(|error| error.to_string()))
}

#[test]
fn combinations_without_meaning_are_refused_with_the_reason() -> Result<()> {
    for (objective, noise, prior, divergence, words) in [
        ("vae", "pixel_truncated", "normal", None, "objective \"vae\" with encoder noise \"pixel_truncated\": its rate is infinite"),
        ("uncertainty_ae", "gaussian_head", "normal", None, "noise of fixed size"),
        ("denoising_ae", "none", "normal", None, "nothing to remove"),
        ("rae", "pixel_truncated", "normal", None, "take none"),
        ("vae", "gaussian_head", "normal", Some("mmd_imq"), "no divergence term"),
        ("wae_gan", "none", "normal", Some("mmd_imq"), "a discriminator of its own"),
        ("vimae_n", "gaussian_head", "vamp", Some("mmd_imq"), "the prior learns"),
        ("iwae", "gaussian_head", "uniform", None, "outside the prior's bounds"),
    ] {
        let reason = refusal(objective, noise, prior, divergence)?;
        let reason = reason.with_context(|| format!("{objective} takes {noise}, {prior} and {divergence:?}"))?;
        ensure!(reason.contains(words), "{reason}");
    }
    ensure!(refusal("vimae_n", "gaussian_head_bounded", "logistic", Some("mmd_imq"))?.is_none());
    Ok(())
}

#[test]
fn a_prior_without_a_variance_is_taken_by_every_objective_with_a_rate_and_one_with_bounds_by_none() -> Result<()> {
    let request = part_request(2, DType::F64);
    let unbounded = [0.5, 1.0, 2.0].map(|freedom| ("student_t", json!({ "degrees_of_freedom": freedom, "match": "scale" })));
    let bounded = [0.01, 1.0, 100.0].map(|scale| ("uniform", json!({ "match": "scale", "scale": scale })));
    for objective in OBJECTIVES.names() {
        let objective = OBJECTIVES.build(objective, &Default::default())?;
        if !objective.needs_rate() {
            continue;
        }
        let noise = vimae_objectives::default_noise(objective.as_ref())?;
        let divergence = objective.default_divergence().map(|name| divergence_with(name, Value::Null, &request)).transpose()?;
        let taken = |(name, settings): &(&str, Value)| -> Result<bool> {
            let prior = prior_with(name, settings.clone(), &request)?;
            Ok(check_parts(objective.as_ref(), noise.as_ref(), prior.as_ref(), divergence.as_deref()).is_ok())
        };
        for prior in &unbounded {
            ensure!(taken(prior)?, "{} refuses {prior:?}", objective.name());
        }
        for prior in &bounded {
            ensure!(!taken(prior)?, "{} takes {prior:?}", objective.name());
        }
    }
    Ok(())
}

#[test]
fn a_critic_that_knows_the_standard_normal_density_takes_no_other_prior() -> Result<()> {
    let request = part_request(2, DType::F64);
    let objective = OBJECTIVES.build("wae_gan", &Default::default())?;
    let noise = vimae_objectives::default_noise(objective.as_ref())?;
    for critic in ["adversarial_js", "adversarial_kl"] {
        let refused = |known: &str, prior: &str, settings: Value| -> Result<bool> {
            let divergence = divergence_with(critic, json!({ "hidden": 2, "layers": 1, "log_density": known }), &request)?;
            let prior = prior_with(prior, settings, &request)?;
            let checked = check_parts(objective.as_ref(), noise.as_ref(), prior.as_ref(), Some(divergence.as_ref()));
            Ok(matches!(checked, Err(Error::Unsupported { .. })))
        };
        ensure!(!refused("normal", "normal", json!({}))?, "{critic} refuses the standard normal");
        ensure!(refused("normal", "normal", json!({ "variance": 9.0 }))?, "{critic} takes a normal of another variance");
        ensure!(refused("normal", "logistic", json!({}))?, "{critic} takes a logistic prior of unit variance");
        ensure!(!refused("none", "normal", json!({ "variance": 9.0 }))?, "{critic} refuses a prior that it knows nothing of");
    }
    Ok(())
}

/// pythae's defaults, alpha = 0 and lbd = 0.001, are alpha = 1 and lambda = 0.001 here.
#[test]
fn an_info_vae_that_would_reward_distance_from_the_prior_is_refused() -> Result<()> {
    let check = |alpha: f64, lambda: f64| -> Result<(), Error> {
        let settings = json!({ "alpha": alpha, "lambda": lambda });
        let objective = OBJECTIVES.build("info_vae", settings.as_object().unwrap_or(&Default::default()))?;
        let noise = vimae_objectives::noise::NOISES.build("gaussian_head", &Default::default())?;
        check_parts(objective.as_ref(), noise.as_ref(), prior("normal").map_err(|e| Error::Data(e.to_string()))?.as_ref(), Some(&MmdImq))
    };
    check(1.0, 1.0)?;
    check(0.0, 0.001)?;
    let refused = check(1.0, 0.001);
    ensure!(matches!(&refused, Err(Error::Unsupported { reason, .. }) if reason.contains("0.001 - 1 is negative")), "{refused:?}");
    Ok(())
}

#[test]
fn noise_that_needs_another_head_than_the_network_has_is_refused() -> Result<()> {
    let network = model("mlp", json!({ "width": 2 }), IMAGE, PixelRange::Unit, 2, Head::Deterministic, DType::F64)?;
    let refused = WithNoise::new(network, vimae_objectives::noise::NOISES.build("gaussian_head", &Default::default())?);
    ensure!(matches!(refused, Err(Error::Unsupported { .. })), "a Gaussian head on a network without one");
    Ok(())
}

#[test]
fn every_objective_and_noise_opens_with_its_equation() -> Result<()> {
    let objectives = OBJECTIVES.names().map(|name| format!("objectives/src/{name}.rs"));
    let noises = vimae_objectives::noise::CODE_NOISES.names().map(|name| format!("objectives/src/noise/{name}.rs"));
    let corruptions = vimae_corruptions::CORRUPTIONS.names().map(|name| format!("corruptions/src/{name}.rs"));
    for file in objectives.chain(noises).chain(corruptions) {
        let text = std::fs::read_to_string(vimae_tests::root().join("crates").join(&file))?;
        let opening: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        ensure!(opening.join(" ").matches('`').count() >= 2, "{file} opens without a formula in backticks");
    }
    for name in OBJECTIVES.names() {
        let equation = vimae_objectives::OBJECTIVES.build(name, &Default::default())?.equation();
        ensure!(!equation.is_empty() && !equation.contains('\n'), "{name}");
    }
    Ok(())
}
