//! The step loop: batches in, weights out, checkpoints and a log on the way.

use std::{collections::BTreeMap, path::Path, time::Instant};

use candle_core::{DType, Tensor};
use vimae_checkpoint::{Checkpoint, Position, load_weights, save_weights};
use vimae_core::{Batches, Loss, Streams};
use vimae_ops::{Adam, AdamConfig};

use crate::{Draws, Error, Line, LogLine, Result, log::Log};

/// How long and with which steps a run trains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Passes over the training data.
    pub epochs: u64,
    /// Epochs between two checkpoints.
    pub checkpoint_epochs: u64,
    /// Step sizes.
    pub adam: AdamConfig,
    /// Seed of all random streams.
    pub seed: u64,
}

/// A run to train.
pub struct Job<'a> {
    /// The network, its objective and prior.
    pub line: Line<'a>,
    /// Where batches come from.
    pub batches: &'a mut dyn Batches,
    /// How it is trained.
    pub plan: Plan,
    /// The run's folder: `checkpoint.safetensors`, `log.jsonl`, at the end `model.safetensors`.
    pub folder: &'a Path,
    /// Digest of everything that determines the weights.
    pub training_sha256: &'a str,
}

/// What happens while a run trains.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The run goes on from a checkpoint.
    Resumed {
        /// Steps already taken.
        step: u64,
    },
    /// A step was taken.
    Stepped {
        /// Steps taken.
        step: u64,
        /// Steps in all.
        of: u64,
        /// The loss of this step.
        loss: f64,
    },
    /// The state is safe on the disk.
    Saved {
        /// Steps taken.
        step: u64,
    },
}

/// A finished training run; the network holds its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Steps taken.
    pub steps: u64,
    /// Seconds of training, restarts included.
    pub seconds: f64,
    /// SHA-256 of `model.safetensors`.
    pub weights_sha256: String,
}

/// Trains a run to its end, from its last checkpoint where there is one. The final weights and the log
/// are the same bits however often it was stopped on the way.
///
/// # Errors
/// [`Error::Diverged`] with step and term for a loss that is not finite, and whatever the parts report;
/// the last good checkpoint stays.
pub fn train(job: Job<'_>, observe: &mut dyn FnMut(Event)) -> Result<Trained> {
    let Job { line, batches, plan, folder, training_sha256 } = job;
    let (checkpoint_path, model_path) = (folder.join("checkpoint.safetensors"), folder.join("model.safetensors"));
    let parameters = line.model.parameters();
    let streams = Streams::new(plan.seed);
    let mut adam = Adam::new(parameters.weights(), plan.adam)?;
    let per_epoch = batches.per_epoch();
    let steps = plan.epochs * per_epoch;

    let mut position = Position { training_sha256: training_sha256.into(), step: 0, log_bytes: 0, seconds: 0.0 };
    if checkpoint_path.exists() {
        let checkpoint = Checkpoint::load(&checkpoint_path, training_sha256)?;
        parameters.load(&checkpoint.weights)?;
        adam.load_state(&checkpoint.optimiser)?;
        position = checkpoint.position;
        observe(Event::Resumed { step: position.step });
        if position.step == steps && model_path.exists() {
            let (_, weights_sha256) = load_weights(&model_path)?;
            return Ok(Trained { steps, seconds: position.seconds, weights_sha256 });
        }
    }
    std::fs::create_dir_all(folder).map_err(|source| Error::Log { path: folder.into(), source })?;
    let mut log = Log::open(&folder.join("log.jsonl"), position.log_bytes)?;

    let (started, before) = (Instant::now(), position.seconds);
    // The terms of the last step on a device that works on its own: they are read when the next step is
    // under way, so that neither waits for the other.
    let mut unread: Option<Terms> = None;
    for step in position.step..steps {
        let batch = batches.batch(step)?;
        let draws = Draws::at(&line, &batch.images, &streams, step)?;
        let loss = line.loss(&batch.images, &draws)?;
        let terms = Terms::of(&loss, step)?;
        if batch.images.device().is_cpu() {
            let entry = terms.read(per_epoch, position.step)?;
            adam.step(&loss.total.backward()?)?;
            record(&entry, steps, &mut log, observe)?;
        } else {
            adam.step(&loss.total.backward()?)?;
            if let Some(earlier) = unread.replace(terms) {
                record(&earlier.read(per_epoch, position.step)?, steps, &mut log, observe)?;
            }
        }

        let done = step + 1;
        if done == steps || done % (per_epoch * plan.checkpoint_epochs) == 0 {
            if let Some(last) = unread.take() {
                record(&last.read(per_epoch, position.step)?, steps, &mut log, observe)?;
            }
            let weights = snapshot(&line, done, position.step)?;
            position.step = done;
            position.log_bytes = log.sync()?;
            position.seconds = before + started.elapsed().as_secs_f64();
            Checkpoint { position: position.clone(), weights, optimiser: adam.state()? }.save(&checkpoint_path)?;
            observe(Event::Saved { step: done });
        }
    }
    let weights_sha256 = save_weights(&model_path, &snapshot(&line, steps, position.step)?)?;
    Ok(Trained { steps, seconds: position.seconds, weights_sha256 })
}

/// The loss of a step and its terms, still where they were computed.
struct Terms {
    step: u64,
    names: Vec<&'static str>,
    /// `[terms + 1]`, the loss last: one transfer brings all.
    values: Tensor,
}

impl Terms {
    fn of(loss: &Loss, step: u64) -> Result<Self> {
        let single = |value: &Tensor| value.detach().to_dtype(DType::F64)?.reshape(1);
        let values = loss.terms.iter().map(|(_, value)| value).chain([&loss.total]).map(single);
        let values = Tensor::cat(&values.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
        Ok(Self { step, names: loss.terms.iter().map(|(name, _)| *name).collect(), values })
    }

    /// Reads them from the device and refuses what is not finite.
    fn read(&self, per_epoch: u64, kept: u64) -> Result<LogLine> {
        let &Self { step, ref names, ref values } = self;
        let values = values.to_vec1::<f64>()?;
        if let Some((at, &value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            let term = names.get(at).copied().unwrap_or("loss").into();
            return Err(Error::Diverged { step: step + 1, term, value, kept });
        }
        let loss = values.last().copied().unwrap_or(f64::NAN);
        let terms: BTreeMap<_, _> = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
        Ok(LogLine { step: step + 1, epoch: step / per_epoch + 1, loss, terms })
    }
}

fn record(entry: &LogLine, steps: u64, log: &mut Log, observe: &mut dyn FnMut(Event)) -> Result<()> {
    log.push(entry)?;
    observe(Event::Stepped { step: entry.step, of: steps, loss: entry.loss });
    Ok(())
}

fn finite(term: &str, value: &Tensor, step: u64, kept: u64) -> Result<f64> {
    let value = value.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    if !value.is_finite() {
        return Err(Error::Diverged { step: step + 1, term: term.into(), value, kept });
    }
    Ok(value)
}

/// All weights and running statistics, none of which may be NaN or infinite.
fn snapshot(line: &Line<'_>, step: u64, kept: u64) -> Result<BTreeMap<String, Tensor>> {
    let all = line.model.parameters().all();
    for (name, var) in &all {
        finite(name, &(var.as_detached_tensor() * 0.0)?.sum_all()?, step - 1, kept)?;
    }
    Ok(all.into_iter().map(|(name, var)| (name, var.as_detached_tensor())).collect())
}
