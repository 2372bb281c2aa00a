//! Likelihoods, binary pixels, samplers and schedules from an experiment file to the numbers, and what stands beside the weights.

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use serde_json::Value;
use vimae_lab::{HubOptions, Model};
use vimae_tests::command::call;

use crate::tiny::{files, train, write};

const SPEC: &str = r#"
version = 1
[dataset]
name = "digits"
train_images = 400
test_images = 40
binarise = "stochastic"
[model]
name = "iwae_mlp"
code = 3
width = 20
layers = 1
[likelihood]
name = "bernoulli"
[training]
epochs = 3
batch = 50
schedule = "cosine"
warmup_epochs = 1
rate_warmup_epochs = 2
free_nats = 0.1
clip_norm = 5.0
[evaluation]
labels = 0
metrics = ["rate", "nll", "fid_classifier"]
samplers = ["prior", "standardised"]
prior_samples = 200
[evaluation.settings.iwae]
images = 20
samples = 20
[methods.vae]
objective = "vae"
sampler = { name = "gaussian_mixture", components = 2 }
"#;

#[test]
fn a_fitted_density_stands_beside_the_weights_and_every_value_under_it_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    let called = train(&write(folder.path(), SPEC)?, &out, &[])?;
    ensure!(called.success, "{}", called.stderr);
    let (record, text) = files(&out, "record.json")?.pop().context("a record")?;
    let run = record.parent().context("a folder")?;
    let record: Value = serde_json::from_slice(&text)?;
    let protocols: Vec<(String, String)> = record["measurements"]
        .as_array()
        .context("measurements")?
        .iter()
        .map(|m| (m["metric"].as_str().unwrap_or_default().to_owned(), m["protocol"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let has = |metric: &str, words: &[&str]| protocols.iter().any(|(m, p)| m == metric && words.iter().all(|word| p.contains(word)));
    ensure!(has("nll", &["nll.iwae(20,likelihood=bernoulli,binarise=stochastic(0),", "+ex_post(components=2)"]), "{protocols:?}");
    let distances: Vec<&str> = protocols.iter().filter(|(m, _)| m == "fid_classifier").map(|(_, p)| p.as_str()).collect();
    for ending in ["+ex_post(components=2)", "+standardised"] {
        ensure!(distances.iter().any(|p| p.ends_with(ending)), "no {ending}: {distances:?}");
    }
    ensure!(distances.iter().any(|p| !p.contains('+')), "none of the prior: {distances:?}");

    let config: Value = serde_json::from_slice(&std::fs::read(run.join("config.json"))?)?;
    ensure!(config["sampler"]["name"] == "gaussian_mixture" && config["likelihood"]["name"] == "bernoulli", "{config}");
    ensure!(config["prior"]["density"]["components"] == 2 && run.join("prior.safetensors").is_file(), "{config}");
    let place = run.to_str().context("path")?;
    let model = Model::open(place, &Device::Cpu, &HubOptions::from_env(), &mut |_| ())?;
    let images = model.sample(1, 7)?;
    ensure!(images.dims() == [7, 1, 28, 28]);
    let values = images.flatten_all()?.to_vec1::<f32>()?;
    ensure!(values.iter().all(|v| (0.0..=1.0).contains(v)), "mean images lie in the range");
    let verified = call(&["verify", place])?;
    ensure!(verified.success, "{}{}", verified.stdout, verified.stderr);
    Ok(())
}

#[test]
fn what_makes_no_sense_together_is_refused_before_anything_trains() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    for (from, to, word) in [
        ("binarise = \"stochastic\"", "binarise = \"none\"", "continuous_bernoulli"),
        ("name = \"bernoulli\"", "name = \"continuous_bernoulli\"", "0 and 1 alone"),
        ("objective = \"vae\"", "objective = \"plain_ae\"", "does not weigh the rate"),
        ("objective = \"vae\"", "objective = \"vae\"\nprior = { name = \"vamp\", components = 3 }", "no rates of their own"),
        ("free_nats = 0.1", "free_nats = -1.0", "free_nats"),
        ("samplers = [\"prior\", \"standardised\"]", "samplers = [\"gaussian\"]", "unknown sampler"),
    ] {
        let text = SPEC.replacen(from, to, 1);
        ensure!(text != SPEC);
        let called = train(&write(folder.path(), &text)?, &out, &[])?;
        ensure!(!called.success && called.stderr.contains(word), "{to}: {}", called.stderr);
        ensure!(!out.exists() || files(&out, "model.safetensors")?.is_empty(), "{to}: it trained");
    }
    Ok(())
}
