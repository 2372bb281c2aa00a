//! A loss that is not a number stops training; the last good checkpoint stays and can be gone on from.

use std::{
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Result;
use candle_core::{DType, Device};
use vimae_core::{Head, Loss, Objective, Pass, Split, Streams};
use vimae_datasets::{Loader, Sources};
use vimae_ops::AdamConfig;
use vimae_tests::parts::{model, prior};
use vimae_trainer::{Error, Job, Line, Plan, Trained, train};

/// The VAE until a given call, then a distortion that is not a number.
struct Breaks {
    inner: Box<dyn Objective>,
    at: u64,
    calls: AtomicU64,
}

impl Objective for Breaks {
    fn name(&self) -> &str {
        "breaks"
    }

    fn equation(&self) -> &'static str {
        self.inner.equation()
    }

    fn default_noise(&self) -> &'static str {
        self.inner.default_noise()
    }

    fn default_prior(&self) -> &'static str {
        self.inner.default_prior()
    }

    fn loss(&self, pass: &Pass<'_>) -> vimae_core::Result<Loss> {
        let mut loss = self.inner.loss(pass)?;
        if self.calls.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            loss.terms[0].1 = (&loss.terms[0].1 * f64::NAN)?;
            loss.total = (&loss.total * f64::NAN)?;
        }
        Ok(loss)
    }
}

/// Trains three epochs of 20 steps in `folder`; the loss breaks at call `at`.
fn train_in(folder: &Path, at: u64) -> Result<std::result::Result<Trained, Error>> {
    let objective = Breaks { inner: vimae_objectives::build("vae", &Default::default())?, at, calls: AtomicU64::new(0) };
    let dataset: Arc<dyn vimae_core::Dataset> = Arc::from(vimae_datasets::open("digits", &Default::default(), &Sources::default())?);
    let network = model("wae_conv", serde_json::json!({ "width": 2 }), dataset.shape()?, dataset.range(), 4, Head::Gaussian, DType::F32)?;
    let prior = prior("normal")?;
    let mut batches = Loader::new(dataset, Split::Train, 400, Streams::new(3), &Device::Cpu)?;
    let adam = AdamConfig { learning_rate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
    let line = Line::new(network.as_ref(), &objective, prior.as_ref());
    let plan = Plan { epochs: 3, checkpoint_epochs: 1, adam, critic_learning_rate: None, seed: 3 };
    Ok(train(Job { line, batches: &mut batches, plan, folder, training_sha256: "test" }, &mut |_| {}))
}

#[test]
fn the_step_and_term_are_named_and_the_good_checkpoint_goes_on_to_the_same_bits() -> Result<()> {
    let (broken, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
    match train_in(broken.path(), 50)? {
        Err(Error::Diverged { step: 50, term, value, kept: 40 }) => assert!(term == "distortion" && value.is_nan()),
        other => panic!("{other:?}"),
    }
    assert!(!broken.path().join("model.safetensors").exists());
    let (again, undisturbed) = (train_in(broken.path(), 0)??, train_in(whole.path(), 0)??);
    assert_eq!(again.weights_sha256, undisturbed.weights_sha256);
    assert_eq!(std::fs::read(broken.path().join("log.jsonl"))?, std::fs::read(whole.path().join("log.jsonl"))?);
    Ok(())
}
