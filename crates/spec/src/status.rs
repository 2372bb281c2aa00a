//! How far a run is: the file `status.json` in its directory, which anyone may read.

use serde::{Deserialize, Serialize};

/// Where a run is between its beginning and its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has begun it, or to measure it again after another evaluation.
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
    /// Steps of the last checkpoint, from which the same command goes on; none where it wrote none and found none.
    pub saved: Option<u64>,
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
    /// What is being done where its steps are those of the training.
    pub const TRAINING: &str = "training";

    /// The step from which the same command goes on with a run that was stopped in its training, where that is known.
    pub fn resumes_at(&self) -> Option<u64> {
        self.saved.filter(|_| self.doing == Self::TRAINING)
    }
}
