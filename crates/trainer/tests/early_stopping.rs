//! Early stopping: which weights are kept, where a run ends, and that it ends there however often it was stopped.

use std::{
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
};

use candle_core::{DType, Device};
use vimae_core::{Event, Head, Output, PartRequest, RunContext, Split, Streams};
use vimae_datasets::{Loader, Sources};
use vimae_spec::EarlyStopping;
use vimae_trainer::{Course, Error, Line, Plan, Sights, Trained, train_watched};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Steps of an epoch.
const PER_EPOCH: u64 = 10;
/// The losses on held-out images behind each epoch.
const LOSSES: [f64; 9] = [9.0, 5.0, 7.0, 4.0, 6.0, 6.5, 1.0, 0.5, 0.2];

/// A run as it is asked for, and the step behind which it is told to stop.
#[derive(Debug, Clone, Copy)]
struct Asked {
    epochs: u64,
    checkpoint_epochs: u64,
    patience: u64,
    stops_at: Option<u64>,
}

const ASKED: Asked = Asked { epochs: 9, checkpoint_epochs: 1, patience: 2, stops_at: None };

/// Trains as asked in `folder`, and gives what the network holds in the end too.
fn train_in(folder: &Path, asked: Asked) -> Result<(vimae_trainer::Result<Trained>, f64)> {
    let settings = [("train_images".to_owned(), 1_000.into())].into_iter().collect();
    let dataset: Arc<dyn vimae_core::Dataset> = Arc::from(vimae_datasets::open("digits", &settings, &Sources::default())?);
    let (image, range, dtype, device) = (dataset.shape()?, dataset.range(), DType::F32, Device::Cpu);
    let (head, output) = (Head::Gaussian, Output::IMAGES);
    let request = vimae_models::Request { image, range, code: 2, head, output, seed: 1, dtype, device: device.clone() };
    let size = [("width".to_owned(), 8.into()), ("layers".to_owned(), 1.into())].into_iter().collect();
    let network = vimae_models::MODELS.build("mlp", &size, &request)?;
    let objective = vimae_objectives::OBJECTIVES.build("vae", &Default::default())?;
    let part = PartRequest { code: 2, image, range, seed: 1, dtype, device: device.clone() };
    let prior = vimae_priors::PRIORS.build("normal", &Default::default(), &part)?;
    let line = Line::new(network.as_ref(), objective.as_ref(), prior.as_ref());
    let plan = Plan {
        epochs: asked.epochs,
        checkpoint_epochs: asked.checkpoint_epochs,
        rollbacks: 0,
        adam: Default::default(),
        critic_learning_rate: None,
        course: Course { early_stopping_epochs: asked.patience, ..Course::default() },
        seed: 3,
        training_sha256: "test".into(),
    };
    let stop = AtomicBool::new(false);
    let stop_at = |event: Event<'_>| {
        if let Event::Stepped { step, .. } = event {
            stop.store(asked.stops_at.is_some_and(|at| step >= at), Ordering::Relaxed);
        }
    };
    let context = RunContext { stop: &stop, progress: &stop_at, ..RunContext::new(folder) };
    let mut batches = Loader::new(dataset, Split::Train, 100, Streams::new(3), &device)?;
    let mut watch = |step: u64| Ok(Sights { held_out_loss: LOSSES.get((step / PER_EPOCH) as usize - 1).copied(), ..Sights::default() });
    let trained = train_watched(line, &mut batches, &plan, &context, &mut watch);
    let mut sum = 0.0;
    for (_, var) in network.parameters().weights() {
        sum += var.abs()?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    }
    Ok((trained, sum))
}

#[test]
fn the_weights_of_the_least_loss_are_kept_and_are_those_of_a_run_that_ends_there() -> Result<()> {
    let (early, short) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (found, held) = train_in(early.path(), ASKED)?;
    let found = found?;
    let expected = EarlyStopping { stopped_epoch: 6, kept_epoch: 4, held_out_loss: 4.0 };
    assert!(found.early_stopping == Some(expected) && found.steps == 6 * PER_EPOCH, "{found:?}");
    let (plain, same) = train_in(short.path(), Asked { epochs: 4, patience: 0, ..ASKED })?;
    let plain = plain?;
    assert!(plain.weights_sha256 == found.weights_sha256 && plain.early_stopping.is_none(), "{plain:?}");
    // The network holds what was kept, in the process that trained and in one that finds it done.
    let (again, found_done) = train_in(early.path(), ASKED)?;
    assert!(again? == found && held == same && found_done == same, "{held}, {found_done} and {same}");
    // The weights are made again of what is beside them.
    std::fs::remove_file(early.path().join("model.safetensors"))?;
    assert!(train_in(early.path(), ASKED)?.0? == found);
    Ok(())
}

#[test]
fn a_run_that_is_stopped_ends_in_the_same_bits() -> Result<()> {
    for asked in [ASKED, Asked { checkpoint_epochs: 2, patience: 1, ..ASKED }, Asked { patience: 50, ..ASKED }] {
        let (stopped, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
        for at in [15, 40, 47, 58] {
            match train_in(stopped.path(), Asked { stops_at: Some(at), ..asked })?.0 {
                Err(Error::Stopped { step }) => assert!(step == at),
                other => panic!("{other:?}"),
            }
        }
        let ((again, held), (undisturbed, same)) = (train_in(stopped.path(), asked)?, train_in(whole.path(), asked)?);
        let (again, undisturbed) = (again?, undisturbed?);
        assert!(again.weights_sha256 == undisturbed.weights_sha256 && held == same, "{again:?} and {undisturbed:?}");
        assert!(again.early_stopping == undisturbed.early_stopping && again.steps == undisturbed.steps);
        assert!(std::fs::read(stopped.path().join("log.jsonl"))? == std::fs::read(whole.path().join("log.jsonl"))?);
    }
    Ok(())
}

#[test]
fn without_a_loss_and_with_other_weights_than_were_kept_it_is_an_error() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lacking = train_in(folder.path(), Asked { epochs: 12, patience: 20, ..ASKED })?.0;
    assert!(matches!(lacking, Err(Error::NoHeldOutLoss)), "{lacking:?}");
    let folder = tempfile::tempdir()?;
    train_in(folder.path(), ASKED)?.0?;
    std::fs::remove_file(folder.path().join("model.safetensors"))?;
    std::fs::write(folder.path().join("best.safetensors"), "torn")?;
    let torn = train_in(folder.path(), ASKED)?.0;
    assert!(matches!(torn, Err(Error::Checkpoint(_))), "{torn:?}");
    Ok(())
}

#[test]
fn no_epochs_between_checkpoints_are_one() -> Result<()> {
    let (none, one) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let asked = |checkpoint_epochs: u64| Asked { epochs: 2, checkpoint_epochs, patience: 0, stops_at: None };
    let (found, expected) = (train_in(none.path(), asked(0))?.0?, train_in(one.path(), asked(1))?.0?);
    assert!(found.weights_sha256 == expected.weights_sha256 && found.steps == 2 * PER_EPOCH, "{found:?}");
    Ok(())
}
