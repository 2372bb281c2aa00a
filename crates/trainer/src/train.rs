//! The step loop: batches in, weights out, checkpoints and a log on the way.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use candle_core::{DType, Tensor};
use vimae_checkpoint::{Best, Checkpoint, Position, Rollback, load_weights, save_weights};
use vimae_core::{Batches, Event, RunContext, Streams};
use vimae_ops::AdamConfig;
use vimae_spec::EarlyStopping;

use crate::{
    Course, Draws, Error, Line, LogLine, Result, Sights, log::Log, on_pool, optimisers::Optimisers, pretraining::pretrain, terms::Terms,
};

/// How long a run trains, and with which learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Passes over the training data. An experiment asks for it as `training.epochs`; `vimae_spec::Training` states the
    /// range that is allowed there.
    pub epochs: u64,
    /// Epochs between checkpoints; 0 counts as 1.
    pub checkpoint_epochs: u64,
    /// How many times a run that diverges may return to its last checkpoint and continue with half the learning rate.
    pub rollbacks: u64,
    /// The settings of the optimiser.
    pub adam: AdamConfig,
    /// The learning rate of the divergence's critic. `None` uses that of `adam`.
    pub critic_learning_rate: Option<f64>,
    /// How learning rate, rate and gradients change over the run.
    pub course: Course,
    /// The seed of all random streams.
    pub seed: u64,
    /// The digest of everything that determines the weights.
    pub training_sha256: String,
}

/// A finished training run; the network holds its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Steps taken.
    pub steps: u64,
    /// Seconds of training over all processes that worked on the run.
    pub seconds: f64,
    /// SHA-256 of `model.safetensors`.
    pub weights_sha256: String,
    /// The divergences from which the run recovered.
    pub rollbacks: Vec<Rollback>,
    /// How early stopping ended it, where it was asked for.
    pub early_stopping: Option<EarlyStopping>,
}

/// Trains a run to its end, starting from its last checkpoint if there is one. However often the run is stopped, the
/// final weights and the log have the same bits.
///
/// The context's directory receives `log.jsonl`, `checkpoint.safetensors` and, at the end, `model.safetensors`. A run that
/// is stopped between two checkpoints leaves `stopped.safetensors`, and one with early stopping has `best.safetensors`.
///
/// # Errors
/// Returns [`Error::Diverged`] if a loss term is not finite, [`Error::Stopped`] if the context is stopped,
/// [`Error::NoHeldOutLoss`] for early stopping, which needs [`train_watched`], and the errors of the parts. The last good
/// checkpoint stays.
pub fn train(line: Line<'_>, batches: &mut dyn Batches, plan: &Plan, context: &RunContext<'_>) -> Result<Trained> {
    train_watched(line, batches, plan, context, &mut |_| Ok(Sights::default()))
}

/// What is to be seen of a run after so many steps.
pub type Watch<'a> = dyn FnMut(u64) -> Result<Sights> + 'a;

/// As [`train`], and writes what `watch` sees at every checkpoint at the end of an epoch into the event file. It must not change
/// the parts of the run. Early stopping goes by the loss that it sees, which must be a function of the weights.
///
/// # Errors
/// As [`train`], and those of `watch`.
pub fn train_watched(
    line: Line<'_>,
    batches: &mut dyn Batches,
    plan: &Plan,
    context: &RunContext<'_>,
    watch: &mut Watch<'_>,
) -> Result<Trained> {
    let directory = context.directory;
    fs::create_dir_all(directory).map_err(|source| Error::Log { path: directory.into(), source })?;
    let model_path = directory.join("model.safetensors");
    let mut run = Run::start(line, batches, plan, context)?;
    if run.has_ended() && model_path.exists() {
        let (weights, weights_sha256) = load_weights(&model_path)?;
        run.line.load(&weights)?;
        return Ok(run.trained(weights_sha256));
    }
    while let Err(error) = run.advance(watch) {
        let rollback = run.roll_back(error)?;
        context.progress.tell(Event::RolledBack(&rollback));
    }
    run.take_best()?;
    let weights_sha256 = save_weights(&model_path, &run.snapshot(run.position.step)?)?;
    Ok(run.trained(weights_sha256))
}

/// A run in progress.
struct Run<'a> {
    line: Line<'a>,
    batches: &'a mut dyn Batches,
    plan: &'a Plan,
    context: &'a RunContext<'a>,
    streams: Streams,
    per_epoch: u64,
    steps: u64,
    optimisers: Optimisers,
    log: Log,
    /// The position of the state on disk.
    position: Position,
    began: Instant,
    /// Seconds of training before `began`.
    before: f64,
}

impl<'a> Run<'a> {
    /// Resumes from the newest checkpoint, or starts anew.
    fn start(line: Line<'a>, batches: &'a mut dyn Batches, plan: &'a Plan, context: &'a RunContext<'a>) -> Result<Self> {
        let [regular, stopped] = ["checkpoint.safetensors", "stopped.safetensors"].map(|name| {
            let path = context.directory.join(name);
            path.exists().then(|| Checkpoint::load(&path, &plan.training_sha256)).transpose()
        });
        let found = regular?.into_iter().chain(stopped?).max_by_key(|c| (c.position.rollbacks.len(), c.position.step));
        let begin = Position {
            training_sha256: plan.training_sha256.clone(),
            step: 0,
            log_bytes: 0,
            seconds: 0.0,
            rollbacks: Vec::new(),
            best: None,
        };
        let position = found.as_ref().map_or(begin, |checkpoint| checkpoint.position.clone());
        let (per_epoch, streams) = (batches.per_epoch(), Streams::new(plan.seed));
        let mut run = Self {
            optimisers: optimisers(&line, plan, &position)?,
            log: Log::open(&context.directory.join("log.jsonl"), position.log_bytes)?,
            before: position.seconds,
            steps: plan.epochs * per_epoch,
            began: Instant::now(),
            line,
            batches,
            plan,
            context,
            streams,
            per_epoch,
            position,
        };
        if found.is_none() {
            pretrain(&run.line, run.batches, (plan.course.pretraining_steps, plan.adam), &run.streams, context)?;
        }
        match found {
            Some(checkpoint) => {
                run.load(&checkpoint)?;
                context.progress.tell(Event::Resumed { step: run.position.step });
            }
            // A divergence in the first epoch returns to this state.
            None if plan.rollbacks > 0 => run.save(0, run.snapshot(0)?, &run.regular())?,
            None => {}
        }
        Ok(run)
    }

    fn regular(&self) -> PathBuf {
        self.context.directory.join("checkpoint.safetensors")
    }

    fn stopped(&self) -> PathBuf {
        self.context.directory.join("stopped.safetensors")
    }

    fn best(&self) -> PathBuf {
        self.context.directory.join("best.safetensors")
    }

    /// Steps between two regular checkpoints.
    fn between(&self) -> u64 {
        (self.per_epoch * self.plan.checkpoint_epochs.max(1)).max(1)
    }

    fn has_ended(&self) -> bool {
        // The moment of a stop must not end a run: patience is counted at regular checkpoints.
        let looked_at = self.position.step - self.position.step % self.between();
        let patience = self.plan.course.early_stopping_epochs * self.per_epoch;
        let too_long = |best: Best| patience > 0 && looked_at.saturating_sub(best.step) >= patience;
        self.position.step == self.steps || self.position.best.is_some_and(too_long)
    }

    /// Takes the remaining steps.
    fn advance(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        // A GPU works asynchronously: the terms of a step are read after the next step has been enqueued, so that neither
        // side waits for the other.
        let mut unread: Option<Terms> = None;
        for step in self.position.step..self.steps {
            if self.has_ended() {
                break;
            }
            let line = Line { rate_rule: self.plan.course.rate_rule(step, self.per_epoch), ..self.line };
            self.optimisers.set_share(self.plan.course.share(step, (self.per_epoch, self.steps)));
            let batch = self.batches.batch(step)?;
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
            self.record(ready)?;

            let done = step + 1;
            let regular = done == self.steps || done % self.between() == 0;
            let stop = self.context.is_stopped();
            if regular || stop {
                self.record(unread.take())?;
                let weights = match self.snapshot(done) {
                    // The next step's loss says so, as it does in a run that nobody stops.
                    Err(Error::Diverged { .. }) if !regular => continue,
                    weights => weights?,
                };
                let sights = if regular { Some(watch(done)?) } else { None };
                if let Some(sights) = &sights {
                    self.keep_best(done, &weights, sights.held_out_loss)?;
                }
                self.save(done, weights, &if regular { self.regular() } else { self.stopped() })?;
                self.context.progress.tell(Event::Saved { step: done });
                if let Some(sights) = sights {
                    remove(&self.stopped())?;
                    self.log.see(done, &sights)?;
                }
            }
            if stop && !self.has_ended() {
                return Err(Error::Stopped { step: done });
            }
        }
        Ok(())
    }

    fn record(&mut self, terms: Option<Terms>) -> Result<()> {
        let Some(terms) = terms else { return Ok(()) };
        let entry: LogLine = terms.read(self.position.step)?;
        self.log.push(&entry)?;
        self.context.progress.tell(Event::Stepped { step: entry.step, of: self.steps, loss: entry.loss });
        Ok(())
    }

    /// Keeps the weights after `step` steps for early stopping where they have the least loss so far. That is done before the state
    /// is saved, whose position names them: a run that is killed between the two finds them again.
    fn keep_best(&mut self, step: u64, weights: &BTreeMap<String, Tensor>, loss: Option<f64>) -> Result<()> {
        if self.plan.course.early_stopping_epochs == 0 {
            return Ok(());
        }
        let loss = loss.ok_or(Error::NoHeldOutLoss)?;
        if loss.is_finite() && self.position.best.is_none_or(|best| loss < best.loss) {
            let best = Some(Best { step, loss });
            let position = Position { step, best, ..self.position.clone() };
            Checkpoint { position, weights: weights.clone(), optimiser: BTreeMap::new() }.save(&self.best())?;
            self.position.best = best;
        }
        Ok(())
    }

    /// Puts the weights that early stopping kept into the parts.
    fn take_best(&self) -> Result<()> {
        let Some(best) = self.position.best else { return Ok(()) };
        let path = self.best();
        let kept = Checkpoint::load(&path, &self.plan.training_sha256)?;
        if kept.position.best != Some(best) {
            let problem = format!("is of step {}, the run kept step {}", kept.position.step, best.step);
            return Err(vimae_checkpoint::Error::Damaged { path, problem }.into());
        }
        self.line.load(&kept.weights)?;
        Ok(())
    }

    /// Writes the state after `step` steps, whose weights are these, to `path`.
    fn save(&mut self, step: u64, weights: BTreeMap<String, Tensor>, path: &Path) -> Result<()> {
        self.position.step = step;
        self.position.log_bytes = self.log.sync()?;
        self.position.seconds = self.seconds();
        Ok(Checkpoint { position: self.position.clone(), weights, optimiser: self.optimisers.state()? }.save(path)?)
    }

    fn load(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.line.load(&checkpoint.weights)?;
        self.optimisers.load_state(&checkpoint.optimiser)
    }

    /// After a divergence, returns to the last regular checkpoint with half the learning rate. Passes any other error on.
    /// It never returns to `stopped.safetensors`: the moment of a stop must not change the result.
    fn roll_back(&mut self, error: Error) -> Result<Rollback> {
        let mut rollbacks = self.position.rollbacks.clone();
        let Error::Diverged { step, term, .. } = &error else { return Err(error) };
        if rollbacks.len() as u64 >= self.plan.rollbacks {
            return Err(error);
        }
        // First, because that state expects a longer log than the one that stays.
        remove(&self.stopped())?;
        let checkpoint = Checkpoint::load(&self.regular(), &self.plan.training_sha256)?;
        let rollback = Rollback {
            step: *step,
            term: term.clone(),
            back_to: checkpoint.position.step,
            rate: 0.5f64.powi(i32::try_from(rollbacks.len()).unwrap_or(i32::MAX).saturating_add(1)),
        };
        rollbacks.push(rollback.clone());
        self.position = Position { rollbacks, ..checkpoint.position.clone() };
        self.log = Log::open(&self.context.directory.join("log.jsonl"), self.position.log_bytes)?;
        self.optimisers = optimisers(&self.line, self.plan, &self.position)?;
        self.load(&checkpoint)?;
        Ok(rollback)
    }

    /// All weights and running statistics after `step` steps. Refuses values that are not finite.
    fn snapshot(&self, step: u64) -> Result<BTreeMap<String, Tensor>> {
        let all = self.line.all();
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
        let Position { step, seconds, rollbacks, best, .. } = self.position;
        let epoch = |step: u64| step / self.per_epoch.max(1);
        let early_stopping =
            best.map(|best| EarlyStopping { stopped_epoch: epoch(step), kept_epoch: epoch(best.step), held_out_loss: best.loss });
        Trained { steps: step, seconds, weights_sha256, rollbacks, early_stopping }
    }
}

/// The optimisers, with learning rates halved once for each rollback so far.
fn optimisers(line: &Line<'_>, plan: &Plan, position: &Position) -> Result<Optimisers> {
    let rate = position.rollbacks.last().map_or(1.0, |rollback| rollback.rate);
    let &Plan { adam, critic_learning_rate, .. } = plan;
    let critic = critic_learning_rate.unwrap_or(adam.learning_rate) * rate;
    Optimisers::new(line, AdamConfig { learning_rate: adam.learning_rate * rate, ..adam }, critic, plan.course.clip_norm)
}

/// Removes a file if it exists.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::Log { path: path.into(), source }),
        _ => Ok(()),
    }
}
