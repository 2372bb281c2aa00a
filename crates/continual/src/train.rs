//! One task after another through the ordinary trainer.
//!
//! Each task is a training of its own, in a directory of its own, that starts from the weights of the last one. A run that
//! is killed goes on inside the task in which it was: finished tasks are read, and what a strategy remembers is made again
//! from them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use rand::RngCore;
use vimae_checkpoint::{atomic, load_weights};
use vimae_core::{Event, Purpose, RunContext, Streams};
use vimae_spec::{Rollback, sha256_hex};
use vimae_trainer::{Line, LogLine, Plan, Trained, Watch, train_watched};

use crate::{
    Error, Kept, Memory, Past, Result, Strategy, Task, Teacher,
    memory::bytes,
    mixed::{Mixed, replayed},
    penalised::Penalised,
};

/// Weights and running statistics of all parts, by name.
type Weights = BTreeMap<String, Tensor>;

/// Everything that learns one task after another.
pub struct Learner<'a> {
    /// The parts of the run. Their weights are those of the seed.
    pub line: Line<'a>,
    /// The tasks.
    pub tasks: &'a [Task],
    /// What is done against forgetting.
    pub strategy: &'a dyn Strategy,
    /// How long each task trains, in passes over its images.
    pub plan: &'a Plan,
    /// Images per step.
    pub batch: usize,
    /// Where batches go.
    pub device: &'a Device,
    /// Makes the network and the prior of the run a second time, with these weights.
    pub second: &'a dyn Fn(&Weights) -> Result<Teacher>,
}

/// A task that was learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// Its training.
    pub trained: Trained,
    /// What the strategy kept for it.
    pub kept: Kept,
}

/// The directory of task `number`, counted from 1, in that of a run.
pub fn folder(run: &Path, number: usize) -> PathBuf {
    run.join("tasks").join(number.to_string())
}

/// Learns all tasks, and leaves the weights after the last in the parts. The context's directory receives
/// `model.safetensors`, `log.jsonl` over all tasks, and for each task what [`train_watched`] writes. However often it is
/// stopped, weights and log have the same bits. Steps in events, errors and rollbacks are counted over all tasks.
///
/// # Errors
/// [`Error::Lacks`] for a strategy without what it needs; as [`train_watched`].
pub fn train(learner: &Learner<'_>, context: &RunContext<'_>, watch: &mut Watch<'_>) -> Result<Vec<Learnt>> {
    let Learner { line, tasks, strategy, plan, .. } = learner;
    if let Some(reason) = strategy.lacks(tasks, line.objective) {
        return Err(Error::Lacks { strategy: strategy.name().into(), reason });
    }
    let steps: Vec<u64> = tasks.iter().map(|task| learner.steps(task)).collect::<Result<_>>()?;
    let total = steps.iter().sum();
    let mut learnt = Vec::with_capacity(tasks.len());
    for (place, task) in tasks.iter().enumerate() {
        let before = steps.iter().take(place).sum::<u64>();
        let hear = |event: Event<'_>| match event {
            Event::Stepped { step, loss, .. } => context.progress.tell(Event::Stepped { step: before + step, of: total, loss }),
            Event::Saved { step } => context.progress.tell(Event::Saved { step: before + step }),
            Event::Resumed { step } => context.progress.tell(Event::Resumed { step: before + step }),
            Event::RolledBack(rollback) => context.progress.tell(Event::RolledBack(&counted_on(rollback, before))),
            other => context.progress.tell(other),
        };
        let directory = folder(context.directory, place + 1);
        std::fs::create_dir_all(&directory).map_err(|source| vimae_trainer::Error::Log { path: directory.clone(), source })?;
        atomic::sweep(&directory);
        let context = RunContext { directory: &directory, progress: &hear, ..*context };
        // The plan's own seed and digest for the first: a stream of one task is the run without one.
        let plan = Plan { seed: seed(plan.seed, place), training_sha256: digest(plan, place), ..(*plan).clone() };
        let mut one = learner.learn(place, task, &plan, &context, watch).map_err(|error| of_run(error, before))?;
        one.trained.rollbacks.iter_mut().for_each(|rollback| *rollback = counted_on(rollback, before));
        learnt.push(one);
    }
    join(context.directory, tasks.len(), &steps)?;
    Ok(learnt)
}

/// A return to a checkpoint of a task, its steps counted over the tasks before as well.
fn counted_on(rollback: &Rollback, before: u64) -> Rollback {
    Rollback { step: before + rollback.step, back_to: before + rollback.back_to, ..rollback.clone() }
}

/// The same of an error.
fn of_run(error: Error, before: u64) -> Error {
    Error::Training(match error {
        Error::Training(vimae_trainer::Error::Stopped { step }) => vimae_trainer::Error::Stopped { step: before + step },
        Error::Training(vimae_trainer::Error::Diverged { step, term, value, kept }) => {
            vimae_trainer::Error::Diverged { step: before + step, term, value, kept: before + kept }
        }
        other => return other,
    })
}

/// What the strategy keeps for each task, made again from the weights after the tasks before: `model.safetensors` in the
/// [`folder`]s of `run`. What the strategy makes for it is written there too.
///
/// # Errors
/// For weights that are missing or do not fit; as [`Strategy::recall`].
pub fn kept(learner: &Learner<'_>, run: &Path) -> Result<Vec<Kept>> {
    let of = |place: usize| match learner.tasks.get(..place) {
        None | Some([]) => Ok(Kept::default()),
        Some(earlier) => {
            let directory = folder(run, place + 1);
            let plan = Plan { seed: seed(learner.plan.seed, place), ..learner.plan.clone() };
            Ok(learner.recall(place, earlier, &plan, &RunContext::new(&directory))?.kept())
        }
    };
    (0..learner.tasks.len()).map(of).collect()
}

impl Learner<'_> {
    fn steps(&self, task: &Task) -> Result<u64> {
        let streams = Streams::new(self.plan.seed);
        let batches = Mixed::new(task.dataset.clone(), self.batch, None, streams, &Device::Cpu)?;
        Ok(self.plan.epochs * vimae_core::Batches::per_epoch(&batches))
    }

    fn learn(&self, place: usize, task: &Task, plan: &Plan, context: &RunContext<'_>, watch: &mut Watch<'_>) -> Result<Learnt> {
        let earlier = self.tasks.get(..place).unwrap_or_default();
        let memory = if place == 0 { None } else { Some(self.recall(place, earlier, plan, context)?) };
        let own = task.train_images()?;
        let behind = earlier.iter().map(Task::train_images).sum::<Result<usize>>()?;
        let replay = memory.as_deref().and_then(Memory::replay).map(|replay| (replay, replayed(self.batch, own, behind)));
        let population = if replay.is_some() { own + behind } else { own };
        let count = replay.map_or(0, |(_, count)| count);
        let mut batches = Mixed::new(task.dataset.clone(), self.batch, replay, Streams::new(plan.seed), self.device)?;
        let line = Line { population: Some(population), ..self.line };
        let (trained, kept) = match memory.as_deref() {
            None => (train_watched(line, &mut batches, plan, context, watch)?, Kept::default()),
            Some(memory) => {
                let objective = Penalised { inner: self.line.objective, memory, replayed: count };
                let trained = train_watched(Line { objective: &objective, ..line }, &mut batches, plan, context, watch)?;
                (trained, memory.kept())
            }
        };
        Ok(Learnt { trained, kept })
    }

    /// Sets the weights after the task before, and asks the strategy what it brings of the tasks so far.
    fn recall(&self, place: usize, tasks: &[Task], plan: &Plan, context: &RunContext<'_>) -> Result<Box<dyn Memory>> {
        let before = context.directory.with_file_name(place.to_string());
        let (weights, _) = load_weights(&before.join(MODEL))?;
        self.line.load(&weights)?;
        let teacher = || {
            let mut teacher = (self.second)(&weights)?;
            teacher.bytes = bytes(teacher.model.parameters()) + teacher.prior.parameters().map_or(0, bytes);
            // Bound as it was then: what the student becomes changes nothing.
            if let Some(bound) = teacher.prior.bind(teacher.model.as_ref())? {
                teacher.prior = bound;
            }
            Ok(teacher)
        };
        self.strategy.recall(&Past {
            tasks,
            streams: Streams::new(plan.seed),
            run_streams: Streams::new(self.plan.seed),
            line: Line { population: tasks.last().map(Task::train_images).transpose()?, ..self.line },
            batch: self.batch,
            device: self.device,
            teacher: &teacher,
            directory: context.directory,
            before: &before,
        })
    }
}

const MODEL: &str = "model.safetensors";
const LOG: &str = "log.jsonl";

/// The seed of a task's draws.
fn seed(run: u64, place: usize) -> u64 {
    match place {
        0 => run,
        _ => Streams::new(run).fold_in("continual.task").at(Purpose::Shuffle, place as u64).next_u64(),
    }
}

/// The digest of what determines the weights after a task.
fn digest(plan: &Plan, place: usize) -> String {
    match place {
        0 => plan.training_sha256.clone(),
        _ => sha256_hex(format!("{} task {}", plan.training_sha256, place + 1).as_bytes()),
    }
}

/// Writes the weights after the last task and the log of all into the directory of the run.
fn join(run: &Path, tasks: usize, steps: &[u64]) -> Result<()> {
    let read = |path: PathBuf| std::fs::read(&path).map_err(|source| vimae_trainer::Error::Log { path, source });
    let (mut log, mut step, mut epoch) = (Vec::new(), 0, 0);
    for (place, of) in steps.iter().enumerate() {
        let path = folder(run, place + 1).join(LOG);
        let fail = |e: serde_json::Error| vimae_trainer::Error::Log { path: path.clone(), source: e.into() };
        let mut last = 0;
        for line in read(path.clone())?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line: LogLine = serde_json::from_slice(line).map_err(fail)?;
            last = line.epoch;
            let line = LogLine { step: step + line.step, epoch: epoch + line.epoch, ..line };
            serde_json::to_writer(&mut log, &line).map_err(fail)?;
            log.push(b'\n');
        }
        (step, epoch) = (step + of, epoch + last);
    }
    atomic::write(&run.join(LOG), &log)?;
    Ok(atomic::write(&run.join(MODEL), &read(folder(run, tasks).join(MODEL))?)?)
}
