//! The step loop: batches in, weights out, checkpoints and a log on the way.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use candle_core::{DType, Tensor};
use vimae_checkpoint::{Checkpoint, Position, Rollback, load_weights, save_weights};
use vimae_core::{Batches, Streams};
use vimae_ops::AdamConfig;

use crate::{Draws, Error, Line, LogLine, Result, log::Log, on_pool, optimisers::Optimisers, terms::Terms};

/// How long and with which steps a run trains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Passes over the training data.
    pub epochs: u64,
    /// Epochs between two checkpoints.
    pub checkpoint_epochs: u64,
    /// How often a run that diverged goes back to its last checkpoint and on with half the step size.
    pub rollbacks: u64,
    /// Step sizes.
    pub adam: AdamConfig,
    /// Adam's step size for what the divergence trains for itself; that of the rest where absent.
    pub critic_learning_rate: Option<f64>,
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
    /// The run's folder: `checkpoint.safetensors`, `log.jsonl`, at the end `model.safetensors`; where it was stopped
    /// between two checkpoints, `stopped.safetensors`.
    pub folder: &'a Path,
    /// Digest of everything that determines the weights.
    pub training_sha256: &'a str,
    /// Once true, the run saves its state and ends with [`Error::Stopped`].
    pub stop: &'a AtomicBool,
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
    /// The run diverged and goes on from its last checkpoint.
    RolledBack(Rollback),
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
    /// Divergences after which the run went on.
    pub rollbacks: Vec<Rollback>,
}

/// Trains a run to its end, from its last checkpoint where there is one. The final weights and the log
/// are the same bits however often it was stopped on the way.
///
/// # Errors
/// [`Error::Diverged`] with step and term for a loss that is not finite, [`Error::Stopped`] where it was asked to, and
/// whatever the parts report; the last good checkpoint stays.
pub fn train(job: Job<'_>, observe: &mut dyn FnMut(Event)) -> Result<Trained> {
    fs::create_dir_all(job.folder).map_err(|source| Error::Log { path: job.folder.into(), source })?;
    let model_path = job.folder.join("model.safetensors");
    let mut run = Run::start(job, observe)?;
    if run.position.step == run.steps && model_path.exists() {
        let (_, weights_sha256) = load_weights(&model_path)?;
        return Ok(run.trained(weights_sha256));
    }
    while let Err(error) = run.advance(observe) {
        let rollback = run.roll_back(error)?;
        observe(Event::RolledBack(rollback));
    }
    let weights_sha256 = save_weights(&model_path, &run.snapshot(run.steps)?)?;
    Ok(run.trained(weights_sha256))
}

/// A run on its way.
struct Run<'a> {
    job: Job<'a>,
    streams: Streams,
    per_epoch: u64,
    steps: u64,
    optimisers: Optimisers,
    log: Log,
    /// Where the state on the disk stands.
    position: Position,
    began: Instant,
    /// Seconds of training before `began`.
    before: f64,
}

impl<'a> Run<'a> {
    /// The run as its newest checkpoint left it, or at its beginning.
    fn start(job: Job<'a>, observe: &mut dyn FnMut(Event)) -> Result<Self> {
        let [regular, stopped] = ["checkpoint.safetensors", "stopped.safetensors"].map(|name| {
            let path = job.folder.join(name);
            path.exists().then(|| Checkpoint::load(&path, job.training_sha256)).transpose()
        });
        let found = regular?.into_iter().chain(stopped?).max_by_key(|c| (c.position.rollbacks.len(), c.position.step));
        let begin = Position { training_sha256: job.training_sha256.into(), step: 0, log_bytes: 0, seconds: 0.0, rollbacks: Vec::new() };
        let position = found.as_ref().map_or(begin, |checkpoint| checkpoint.position.clone());
        let (per_epoch, streams) = (job.batches.per_epoch(), Streams::new(job.plan.seed));
        let mut run = Self {
            optimisers: optimisers(&job, &position)?,
            log: Log::open(&job.folder.join("log.jsonl"), position.log_bytes)?,
            before: position.seconds,
            steps: job.plan.epochs * per_epoch,
            began: Instant::now(),
            job,
            streams,
            per_epoch,
            position,
        };
        match found {
            Some(checkpoint) => {
                run.load(&checkpoint)?;
                observe(Event::Resumed { step: run.position.step });
            }
            // What a divergence in the first epoch goes back to.
            None if run.job.plan.rollbacks > 0 => run.save(0, &run.regular())?,
            None => {}
        }
        Ok(run)
    }

    fn regular(&self) -> PathBuf {
        self.job.folder.join("checkpoint.safetensors")
    }

    fn stopped(&self) -> PathBuf {
        self.job.folder.join("stopped.safetensors")
    }

    /// Takes the steps that are left.
    fn advance(&mut self, observe: &mut dyn FnMut(Event)) -> Result<()> {
        // The terms of the last step on a device that works on its own: they are read when the next step is
        // under way, so that neither waits for the other.
        let mut unread: Option<Terms> = None;
        for step in self.position.step..self.steps {
            let line = self.job.line;
            let batch = self.job.batches.batch(step)?;
            let (streams, optimisers, per_epoch) = (&self.streams, &mut self.optimisers, self.per_epoch);
            let terms = on_pool(batch.images.device(), || -> Result<Terms> {
                let bound = line.bind()?;
                let line = line.under(bound.as_deref());
                let draws = Draws::at(&line, &batch.images, streams, step)?;
                let stepped = line.step(&batch.images, &draws)?;
                let mut terms = Terms::of(&stepped, step, per_epoch)?;
                terms.critic = optimisers.step(&line, &stepped, &draws)?;
                Ok(terms)
            })?;
            let ready = if batch.images.device().is_cpu() { Some(terms) } else { unread.replace(terms) };
            self.record(ready, observe)?;

            let done = step + 1;
            let regular = done == self.steps || done % (self.per_epoch * self.job.plan.checkpoint_epochs) == 0;
            let stop = self.job.stop.load(Ordering::Relaxed);
            if regular || stop {
                self.record(unread.take(), observe)?;
                self.save(done, &if regular { self.regular() } else { self.stopped() })?;
                observe(Event::Saved { step: done });
            }
            if regular {
                remove(&self.stopped())?;
            }
            if stop && done < self.steps {
                return Err(Error::Stopped { step: done });
            }
        }
        Ok(())
    }

    fn record(&mut self, terms: Option<Terms>, observe: &mut dyn FnMut(Event)) -> Result<()> {
        let Some(terms) = terms else { return Ok(()) };
        let entry: LogLine = terms.read(self.position.step)?;
        self.log.push(&entry)?;
        observe(Event::Stepped { step: entry.step, of: self.steps, loss: entry.loss });
        Ok(())
    }

    /// Writes the state after `step` steps to `path`.
    fn save(&mut self, step: u64, path: &Path) -> Result<()> {
        let weights = self.snapshot(step)?;
        self.position.step = step;
        self.position.log_bytes = self.log.sync()?;
        self.position.seconds = self.seconds();
        Ok(Checkpoint { position: self.position.clone(), weights, optimiser: self.optimisers.state()? }.save(path)?)
    }

    fn load(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.job.line.load(&checkpoint.weights)?;
        self.optimisers.load_state(&checkpoint.optimiser)
    }

    /// After a divergence, the state of the last regular checkpoint with half the step size; any other error as it is.
    /// It is never a state between two checkpoints, since when a run is stopped must not matter.
    fn roll_back(&mut self, error: Error) -> Result<Rollback> {
        let mut rollbacks = self.position.rollbacks.clone();
        let Error::Diverged { step, term, .. } = &error else { return Err(error) };
        if rollbacks.len() as u64 >= self.job.plan.rollbacks {
            return Err(error);
        }
        // Before the log is cut below the length that it holds.
        remove(&self.stopped())?;
        let checkpoint = Checkpoint::load(&self.regular(), self.job.training_sha256)?;
        let rollback = Rollback {
            step: *step,
            term: term.clone(),
            back_to: checkpoint.position.step,
            rate: 0.5f64.powi(i32::try_from(rollbacks.len()).unwrap_or(i32::MAX).saturating_add(1)),
        };
        rollbacks.push(rollback.clone());
        self.position = Position { rollbacks, ..checkpoint.position.clone() };
        self.log = Log::open(&self.job.folder.join("log.jsonl"), self.position.log_bytes)?;
        self.optimisers = optimisers(&self.job, &self.position)?;
        self.load(&checkpoint)?;
        Ok(rollback)
    }

    /// All weights and running statistics after `step` steps, none of which may be NaN or infinite.
    fn snapshot(&self, step: u64) -> Result<BTreeMap<String, Tensor>> {
        let all = self.job.line.all();
        for (name, var) in &all {
            let value = (var.as_detached_tensor() * 0.0)?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            if !value.is_finite() {
                return Err(Error::Diverged { step, term: name.clone(), value, kept: self.position.step });
            }
        }
        Ok(all.into_iter().map(|(name, var)| (name, var.as_detached_tensor())).collect())
    }

    fn seconds(&self) -> f64 {
        self.before + self.began.elapsed().as_secs_f64()
    }

    fn trained(self, weights_sha256: String) -> Trained {
        Trained { steps: self.steps, seconds: self.position.seconds, weights_sha256, rollbacks: self.position.rollbacks }
    }
}

/// The optimisers with the step sizes that are left after the rollbacks so far.
fn optimisers(job: &Job<'_>, position: &Position) -> Result<Optimisers> {
    let rate = position.rollbacks.last().map_or(1.0, |rollback| rollback.rate);
    let Plan { adam, critic_learning_rate, .. } = job.plan;
    let critic = critic_learning_rate.unwrap_or(adam.learning_rate) * rate;
    Optimisers::new(&job.line, AdamConfig { learning_rate: adam.learning_rate * rate, ..adam }, critic)
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::Log { path: path.into(), source }),
        _ => Ok(()),
    }
}
