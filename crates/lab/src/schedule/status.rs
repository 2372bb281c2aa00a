//! How far a run is, as a small file in its folder that anyone may read.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use vimae_checkpoint::{RunLock, atomic, host};
use vimae_trainer::Event as TrainingEvent;

use crate::{Event, RunFolder, stored::json};

/// Between two writes while nothing but the step changes.
const EVERY: Duration = Duration::from_millis(500);

/// Where a run is between its beginning and its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has begun it.
    Waiting,
    /// A process works on it.
    Running,
    /// Its record is there.
    Finished,
    /// It was stopped on the way and can go on.
    Stopped,
    /// It failed.
    Failed,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Where it is.
    pub state: State,
    /// What is being done: training, or a part of the evaluation.
    pub doing: String,
    /// How much of that is done.
    pub done: u64,
    /// Of how much.
    pub of: u64,
    /// The loss of the last step.
    pub loss: Option<f64>,
    /// The first step that this process took; those before it were taken by an earlier one.
    pub from: Option<u64>,
    /// How often it was begun by this reproduction.
    pub attempt: u64,
    /// Why it failed.
    pub problem: Option<String>,
    /// Whether trying again may help.
    pub again: bool,
    /// What a reader should know, one line each: that it went on from a step, that it was rolled back.
    pub notes: Vec<String>,
    /// The process that works on it, and its machine.
    pub process: u32,
    /// The machine's name.
    pub host: String,
    /// The device as named on the command line.
    pub device: String,
    /// When this process began with it, in seconds since 1970. For people only.
    pub began: u64,
    /// When this was written, likewise.
    pub updated: u64,
}

impl Status {
    /// The status of a run that `attempt` begins.
    pub(crate) fn begin(device: &str, attempt: u64) -> Self {
        Self {
            state: State::Running,
            doing: "starting".into(),
            done: 0,
            of: 0,
            loss: None,
            from: None,
            attempt,
            problem: None,
            again: false,
            notes: Vec::new(),
            process: std::process::id(),
            host: host(),
            device: device.into(),
            began: now(),
            updated: now(),
        }
    }

    /// The status of a run that was finished before anyone began.
    pub(crate) fn found(device: &str) -> Self {
        Self { state: State::Finished, notes: vec!["finished earlier".into()], ..Self::begin(device, 0) }
    }

    /// Reads a run's status; one that says that it runs while no process holds the run is one that was interrupted.
    pub fn read(folder: &RunFolder) -> Option<Self> {
        let mut status = Self::as_written(folder)?;
        if status.state == State::Running && !RunLock::is_held(folder.path()) && status.host == host() {
            status.state = State::Stopped;
        }
        Some(status)
    }

    pub(crate) fn as_written(folder: &RunFolder) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.status()).ok()?).ok()
    }

    pub(crate) fn observe(&mut self, event: &Event) {
        match event {
            Event::Found => self.notes.push("finished earlier".into()),
            Event::Training(TrainingEvent::Resumed { step }) => self.notes.push(format!("goes on from step {step}")),
            Event::Training(TrainingEvent::Stepped { step, of, loss }) => {
                self.from.get_or_insert(*step);
                "training".clone_into(&mut self.doing);
                (self.done, self.of, self.loss) = (*step, *of, Some(*loss));
            }
            Event::Training(TrainingEvent::RolledBack(rollback)) => self.notes.push(format!(
                "{} was not finite at step {}; goes on from step {} with {} times the step size",
                rollback.term, rollback.step, rollback.back_to, rollback.rate
            )),
            Event::Evaluating { what, done, of } => {
                self.doing.clone_from(what);
                (self.done, self.of) = (*done as u64, *of as u64);
            }
            Event::Training(_) => {}
        }
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A status that is written as it changes, but not at every step.
pub(crate) struct Reporter {
    folder: RunFolder,
    pub(crate) status: Status,
    written: Instant,
}

impl Reporter {
    pub(crate) fn begin(folder: &RunFolder, device: &str, attempt: u64) -> Self {
        let reporter = Self { folder: folder.clone(), status: Status::begin(device, attempt), written: Instant::now() };
        reporter.write();
        reporter
    }

    pub(crate) fn observe(&mut self, event: &Event) {
        let before = (self.status.doing.clone(), self.status.notes.len());
        self.status.observe(event);
        if self.written.elapsed() >= EVERY || before != (self.status.doing.clone(), self.status.notes.len()) {
            self.written = Instant::now();
            self.write();
        }
    }

    pub(crate) fn end(&mut self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status);
        self.write();
    }

    /// A status is for people: where it cannot be written, the run itself will say what is wrong with the folder.
    fn write(&self) {
        let status = Status { updated: now(), ..self.status.clone() };
        let _ = json(&status).map(|bytes| atomic::write_unsynced(&self.folder.status(), &bytes));
    }
}
