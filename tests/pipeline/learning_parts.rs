//! A prior that learns and a critic that learns beside the network: both move, both are in the checkpoint, and a run that
//! was stopped ends in the same bits, on a course that begins with the encoder alone and changes learning rate, rate and clipping with
//! every step.

use std::{cell::RefCell, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device};
use serde_json::{Value, json};
use vimae_core::{Batch, Batches, Event, PartRequest, RunContext, Split, Streams};
use vimae_datasets::{Loader, Sources};
use vimae_ops::AdamConfig;
use vimae_spec::Schedule;
use vimae_tests::parts::{divergence_with, noisy_model, prior_with};
use vimae_trainer::{Course, Line, Plan, Trained, train};

/// A course on which everything changes from step to step.
const COURSE: Course = Course {
    schedule: Schedule::Cosine,
    fall: (0.1, 30),
    warmup_epochs: 1,
    rate_warmup_epochs: 2,
    free_nats: 0.0,
    clip_norm: Some(20.0),
    early_stopping_epochs: 0,
    pretraining_steps: 3,
};

/// Batches that end at a step, as a run ends that is killed there.
struct Until {
    inner: Loader,
    step: u64,
}

impl Batches for Until {
    fn per_epoch(&self) -> u64 {
        self.inner.per_epoch()
    }

    fn batch(&mut self, step: u64) -> vimae_core::Result<Batch> {
        if step >= self.step {
            return Err(vimae_core::Error::Data("the power went".into()));
        }
        self.inner.batch(step)
    }
}

/// What a run is made of: objective, prior and divergence with their settings.
type Parts = (&'static str, (&'static str, Value), Option<(&'static str, Value)>);

/// Trains three epochs of 20 steps in `folder`, or until batches end before `step`.
fn train_in(
    folder: &Path,
    (objective, prior, divergence): &Parts,
    step: u64,
    course: Course,
) -> Result<(vimae_trainer::Result<Trained>, Vec<u64>)> {
    let dataset: Arc<dyn vimae_core::Dataset> = Arc::from(vimae_datasets::open("digits", &Default::default(), &Sources::default())?);
    let (image, range) = (dataset.shape()?, dataset.range());
    let request = PartRequest { code: 3, image, range, seed: 3, dtype: DType::F32, device: Device::Cpu };
    let objective = vimae_objectives::OBJECTIVES.build(objective, &Default::default())?;
    let prior = prior_with(prior.0, prior.1.clone(), &request)?;
    let divergence = divergence.as_ref().map(|(name, settings)| divergence_with(name, settings.clone(), &request)).transpose()?;
    let noise = vimae_objectives::default_noise(objective.as_ref())?;
    let network = noisy_model("mlp", json!({ "width": 8, "layers": 1 }), noise, &request)?;
    let line = Line { divergence: divergence.as_deref(), ..Line::new(&network, objective.as_ref(), prior.as_ref()) };
    let adam = AdamConfig { learning_rate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
    let plan = Plan {
        epochs: 3,
        checkpoint_epochs: 1,
        rollbacks: 0,
        adam,
        critic_learning_rate: Some(2e-3),
        course,
        seed: 3,
        training_sha256: "test".into(),
    };
    let mut batches = Until { inner: Loader::new(dataset, Split::Train, 400, Streams::new(3), &Device::Cpu)?, step };
    let resumed = RefCell::new(Vec::new());
    let hear = |event: Event<'_>| {
        if let Event::Resumed { step } = event {
            resumed.borrow_mut().push(step);
        }
    };
    let trained = train(line, &mut batches, &plan, &RunContext { progress: &hear, ..RunContext::new(folder) });
    let resumed = resumed.take();
    Ok((trained, resumed))
}

/// Trains once undisturbed and once stopped twice; the parameter `name` must have moved between the first checkpoint and
/// the end.
fn stops_change_nothing(parts: &Parts, name: &str) -> Result<()> {
    let (whole, stopped) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let expected = train_in(whole.path(), parts, u64::MAX, COURSE)?.0?;
    ensure!(train_in(stopped.path(), parts, 25, COURSE)?.0.is_err(), "the run did not stop");
    let first = weights_in(stopped.path(), name)?;
    let (again, resumed) = train_in(stopped.path(), parts, 50, COURSE)?;
    ensure!(again.is_err() && resumed == [20], "went on from {resumed:?}");
    let (trained, resumed) = train_in(stopped.path(), parts, u64::MAX, COURSE)?;
    ensure!(resumed == [40], "went on from {resumed:?}");
    ensure!(trained?.weights_sha256 == expected.weights_sha256, "stopped, the run gave other weights");
    for file in ["log.jsonl", "model.safetensors"] {
        ensure!(std::fs::read(whole.path().join(file))? == std::fs::read(stopped.path().join(file))?, "{file} differs");
    }
    let last = weights_in(stopped.path(), name)?;
    ensure!(first.len() == last.len() && first != last, "{name} did not learn");
    Ok(())
}

/// The values of a parameter in the checkpoint of a run.
fn weights_in(folder: &Path, name: &str) -> Result<Vec<f32>> {
    let tensors = candle_core::safetensors::load(folder.join("checkpoint.safetensors"), &Device::Cpu)?;
    let key = format!("weights.{name}");
    ensure!(tensors.keys().any(|k| k.starts_with("optimiser.") && k.contains(name)), "the checkpoint lacks the moments of {name}");
    Ok(tensors.get(&key).with_context(|| format!("the checkpoint lacks {key}"))?.flatten_all()?.to_vec1()?)
}

#[test]
fn a_prior_that_learns_goes_on_to_the_same_bits() -> Result<()> {
    stops_change_nothing(&("vae", ("vamp", json!({ "components": 4 })), None), "prior.pseudo_inputs")
}

#[test]
fn a_critic_that_learns_goes_on_to_the_same_bits() -> Result<()> {
    let critic = json!({ "hidden": 8, "layers": 1 });
    stops_change_nothing(&("wae_gan", ("normal", json!({})), Some(("adversarial_js", critic))), "divergence.discriminator.0.weight")
}

#[test]
fn a_critic_that_trains_tells_codes_from_draws_and_the_encoder_answers() -> Result<()> {
    // The term of the log is the critic's cross entropy: 2 ln 2 for one that cannot tell.
    let folder = tempfile::tempdir()?;
    let critic = json!({ "hidden": 16, "layers": 1 });
    train_in(folder.path(), &("wae_gan", ("normal", json!({})), Some(("adversarial_js", critic))), u64::MAX, Course::default())?.0?;
    let log = std::fs::read_to_string(folder.path().join("log.jsonl"))?;
    let critic: Vec<f64> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line)?["critic"].as_f64().context("no critic in the log"))
        .collect::<Result<_>>()?;
    ensure!(critic.len() == 60);
    let best = critic.iter().copied().fold(f64::INFINITY, f64::min);
    ensure!(best < 2.0 * std::f64::consts::LN_2 - 0.05, "the critic never got better than {best}");
    Ok(())
}
