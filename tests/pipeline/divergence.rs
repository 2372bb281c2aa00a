//! A loss that is not a number stops training; the last good checkpoint stays and can be gone on from.

use std::{
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use anyhow::Result;
use candle_core::{DType, Device};
use vimae_core::{Event, Head, Loss, Objective, Pass, RunContext, Split, Streams};
use vimae_datasets::{Loader, Sources};
use vimae_ops::AdamConfig;
use vimae_tests::parts::{model, prior};
use vimae_trainer::{Course, Error, Line, Plan, Trained, train};

/// The VAE until a given call, then a distortion that is not a number, or a gradient without end behind a loss that is one.
struct Breaks {
    inner: Box<dyn Objective>,
    at: u64,
    by_gradient: bool,
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
        let breaks = self.calls.fetch_add(1, Ordering::Relaxed) + 1 == self.at;
        if breaks && self.by_gradient {
            // The root of zero.
            let zero = (pass.z - pass.z.detach())?.sum_all()?;
            loss.total = (&loss.total + zero.sqrt()?)?;
        } else if breaks {
            loss.terms[0].1 = (&loss.terms[0].1 * f64::NAN)?;
            loss.total = (&loss.total * f64::NAN)?;
        }
        Ok(loss)
    }
}

/// How a run of three epochs of 20 steps is disturbed.
#[derive(Debug, Clone, Copy, Default)]
struct Disturbed {
    /// The call of the loss at which it breaks; never where 0.
    breaks_at: u64,
    /// Times that it may go back to its last checkpoint.
    rollbacks: u64,
    /// The step after which it is told to stop.
    stops_at: Option<u64>,
    /// Whether its gradient breaks, and its loss at the next call.
    by_gradient: bool,
}

fn train_in(folder: &Path, disturbed: Disturbed) -> Result<std::result::Result<Trained, Error>> {
    let Disturbed { breaks_at, rollbacks, stops_at, by_gradient } = disturbed;
    let inner = vimae_objectives::OBJECTIVES.build("vae", &Default::default())?;
    let objective = Breaks { inner, at: breaks_at, by_gradient, calls: AtomicU64::new(0) };
    let dataset: Arc<dyn vimae_core::Dataset> = Arc::from(vimae_datasets::open("digits", &Default::default(), &Sources::default())?);
    let network = model("wae_conv", serde_json::json!({ "width": 2 }), dataset.shape()?, dataset.range(), 4, Head::Gaussian, DType::F32)?;
    let prior = prior("normal")?;
    let mut batches = Loader::new(dataset, Split::Train, 400, Streams::new(3), &Device::Cpu)?;
    let adam = AdamConfig { learning_rate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
    let line = Line::new(network.as_ref(), &objective, prior.as_ref());
    let plan = Plan {
        epochs: 3,
        checkpoint_epochs: 1,
        rollbacks,
        adam,
        critic_learning_rate: None,
        course: Course::default(),
        seed: 3,
        training_sha256: "test".into(),
    };
    let stop = AtomicBool::new(false);
    let stop_at = |event: Event<'_>| {
        if let Event::Stepped { step, .. } = event {
            stop.store(stops_at.is_some_and(|at| step >= at), Ordering::Relaxed);
        }
    };
    let context = RunContext { stop: &stop, progress: &stop_at, ..RunContext::new(folder) };
    Ok(train(line, &mut batches, &plan, &context))
}

fn log(folder: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(folder.join("log.jsonl"))?)
}

#[test]
fn the_step_and_term_are_named_and_the_good_checkpoint_goes_on_to_the_same_bits() -> Result<()> {
    let (broken, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
    match train_in(broken.path(), Disturbed { breaks_at: 50, ..Disturbed::default() })? {
        Err(Error::Diverged { step: 50, term, value, kept: 40 }) => assert!(term == "distortion" && value.is_nan()),
        other => panic!("{other:?}"),
    }
    assert!(!broken.path().join("model.safetensors").exists());
    let (again, undisturbed) = (train_in(broken.path(), Disturbed::default())??, train_in(whole.path(), Disturbed::default())??);
    assert_eq!(again.weights_sha256, undisturbed.weights_sha256);
    assert_eq!(log(broken.path())?, log(whole.path())?);
    Ok(())
}

#[test]
fn a_run_told_to_stop_between_checkpoints_goes_on_to_the_same_bits() -> Result<()> {
    let (stopped, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for at in [7, 27, 33] {
        match train_in(stopped.path(), Disturbed { stops_at: Some(at), ..Disturbed::default() })? {
            Err(Error::Stopped { step }) => assert_eq!(step, at),
            other => panic!("{other:?}"),
        }
    }
    let (again, undisturbed) = (train_in(stopped.path(), Disturbed::default())??, train_in(whole.path(), Disturbed::default())??);
    assert_eq!(again.weights_sha256, undisturbed.weights_sha256);
    assert_eq!(log(stopped.path())?, log(whole.path())?);
    assert!(!stopped.path().join("stopped.safetensors").exists());
    Ok(())
}

#[test]
fn a_run_that_may_go_back_does_so_with_half_the_step_size_and_says_so() -> Result<()> {
    let (early, late, stopped) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let first = train_in(early.path(), Disturbed { breaks_at: 5, rollbacks: 1, ..Disturbed::default() })??;
    let [rollback] = first.rollbacks.as_slice() else { panic!("{first:?}") };
    assert_eq!((rollback.step, rollback.back_to, rollback.rate, rollback.term.as_str()), (5, 0, 0.5, "distortion"));

    let breaks = Disturbed { breaks_at: 50, rollbacks: 1, ..Disturbed::default() };
    let whole = train_in(late.path(), breaks)??;
    let [rollback] = whole.rollbacks.as_slice() else { panic!("{whole:?}") };
    assert_eq!((rollback.step, rollback.back_to, rollback.rate), (50, 40, 0.5));
    assert_ne!(whole.weights_sha256, first.weights_sha256);
    assert_eq!(log(late.path())?.lines().count(), 60, "the log has what was undone");

    // When it is stopped before and after must not matter: it goes back to the checkpoint of the epoch all the same.
    let at = |stops_at, breaks_at| Disturbed { breaks_at, rollbacks: 1, stops_at, by_gradient: false };
    assert!(matches!(train_in(stopped.path(), at(Some(45), 0))?, Err(Error::Stopped { step: 45 })));
    assert!(matches!(train_in(stopped.path(), at(Some(56), 50 - 45))?, Err(Error::Stopped { step: 56 })));
    let again = train_in(stopped.path(), at(None, 0))??;
    assert_eq!((again.weights_sha256, again.rollbacks), (whole.weights_sha256, whole.rollbacks));
    assert_eq!(log(stopped.path())?, log(late.path())?);

    // Once is once.
    let twice = tempfile::tempdir()?;
    let config = Disturbed { breaks_at: 5, rollbacks: 0, ..Disturbed::default() };
    assert!(matches!(train_in(twice.path(), config)?, Err(Error::Diverged { step: 5, .. })));
    Ok(())
}

#[test]
fn weights_that_a_stop_finds_broken_are_told_by_the_next_loss_as_without_it() -> Result<()> {
    let (undisturbed, stopped) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let breaks = Disturbed { breaks_at: 50, rollbacks: 1, by_gradient: true, stops_at: None };
    let whole = train_in(undisturbed.path(), breaks)??;
    let [rollback] = whole.rollbacks.as_slice() else { panic!("{whole:?}") };
    assert_eq!((rollback.step, rollback.back_to), (51, 40));
    // It goes back, and stops where it comes by that step again.
    assert!(matches!(train_in(stopped.path(), Disturbed { stops_at: Some(50), ..breaks })?, Err(Error::Stopped { step: 50 })));
    let again = train_in(stopped.path(), Disturbed { rollbacks: 1, ..Disturbed::default() })??;
    assert_eq!((again.weights_sha256, again.rollbacks), (whole.weights_sha256, whole.rollbacks));
    assert_eq!(log(stopped.path())?, log(undisturbed.path())?);
    Ok(())
}
