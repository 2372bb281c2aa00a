//! A run's status on its way to the disk and back.

use std::{
    cell::RefCell,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use vimae_checkpoint::{RunLock, atomic, host};
use vimae_core::{Event, Progress, RunContext};
use vimae_spec::{State, Status};

use crate::{
    RunFolder,
    record::{LOG, read_record},
    stored::json,
};

/// Between two writes while nothing but the step changes.
const EVERY: Duration = Duration::from_millis(500);

/// The status of a run that `attempt` begins.
pub(super) fn begin(device: &str, attempt: u64) -> Status {
    Status {
        state: State::Running,
        doing: "starting".into(),
        done: 0,
        of: 0,
        loss: None,
        from: None,
        saved: None,
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
pub(super) fn found(device: &str) -> Status {
    Status { state: State::Finished, notes: vec!["finished earlier".into()], ..begin(device, 0) }
}

/// The status of a run whose job ended before anyone began.
pub(super) fn failed(problem: String) -> Status {
    Status { state: State::Failed, problem: Some(problem), ..begin("", 0) }
}

/// Reads a run's status; one that says that it runs while no process holds the run is one that was interrupted.
pub fn read(folder: &RunFolder) -> Option<Status> {
    let mut status = as_written(folder).or_else(|| rebuilt(folder))?;
    if status.state == State::Running && !RunLock::is_held(folder.path()) && status.host == host() {
        status.state = State::Stopped;
    }
    Some(status)
}

/// The status of a run whose file is damaged or gone, from what else is there.
fn rebuilt(folder: &RunFolder) -> Option<Status> {
    if !folder.spec().exists() {
        return None;
    }
    let (device, notes) = (String::new(), vec!["its status.json was damaged or missing".into()]);
    let status = Status { host: host(), notes, device, process: 0, ..begin("", 0) };
    if let Ok(record) = read_record(&folder.record()) {
        return Some(Status { state: State::Finished, done: record.steps, of: record.steps, doing: Status::TRAINING.into(), ..status });
    }
    let lines = std::fs::read_to_string(folder.path().join(LOG)).map_or(0, |log| log.lines().count() as u64);
    let state = if RunLock::is_held(folder.path()) { State::Running } else { State::Stopped };
    Some(Status { state, done: lines, of: lines, doing: Status::TRAINING.into(), ..status })
}

pub(super) fn as_written(folder: &RunFolder) -> Option<Status> {
    serde_json::from_slice(&std::fs::read(folder.status()).ok()?).ok()
}

fn observe(status: &mut Status, event: Event<'_>) {
    match event {
        Event::Found => status.notes.push("finished earlier".into()),
        Event::Resumed { step } => {
            status.saved = Some(step);
            status.notes.push(format!("went on from step {step}"));
        }
        Event::Saved { step } => status.saved = Some(step),
        Event::Stepped { step, of, loss } => {
            status.from.get_or_insert(step);
            Status::TRAINING.clone_into(&mut status.doing);
            (status.done, status.of, status.loss) = (step, of, Some(loss));
        }
        Event::RolledBack(rollback) => status.notes.push(format!(
            "{} was not finite at step {}; goes on from step {} with {} times the learning rate",
            rollback.term, rollback.step, rollback.back_to, rollback.rate
        )),
        Event::Working { what, done, of } => {
            what.clone_into(&mut status.doing);
            (status.done, status.of) = (done as u64, of as u64);
        }
        _ => {}
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Makes a status of a run's events, writes it as it changes, but not at every step, and tells who wants to know of the
/// whole plan.
pub(super) struct Reporter<'a> {
    folder: &'a RunFolder,
    index: usize,
    told: &'a dyn Progress,
    /// The status, and when it was last written.
    now: RefCell<(Status, Instant)>,
}

impl<'a> Reporter<'a> {
    /// Begins the `attempt`th try of the run at `index`.
    pub(super) fn begin(folder: &'a RunFolder, (index, attempt): (usize, u64), context: &RunContext<'a>) -> Self {
        let reporter = Self { folder, index, told: context.progress, now: RefCell::new((begin(context.device, attempt), Instant::now())) };
        if let Some(runs) = &mut *at_work() {
            runs.push(folder.clone());
        }
        reporter.write();
        reporter
    }

    /// The run's last status.
    pub(super) fn end(self, change: impl FnOnce(&mut Status)) -> Status {
        change(&mut self.now.borrow_mut().0);
        self.write();
        if let Some(runs) = &mut *at_work() {
            runs.retain(|folder| folder != self.folder);
        }
        let (status, _) = self.now.into_inner();
        self.told.tell(Event::Run { index: self.index, status: &status });
        status
    }

    fn write(&self) {
        let runs = at_work();
        if runs.is_some() {
            write(self.folder, &self.now.borrow().0);
        }
    }
}

impl Progress for Reporter<'_> {
    fn tell(&self, event: Event<'_>) {
        let due = {
            let (status, written) = &mut *self.now.borrow_mut();
            let before = (status.doing.clone(), status.notes.len(), status.saved);
            observe(status, event);
            status.updated = now();
            let due = written.elapsed() >= EVERY || before != (status.doing.clone(), status.notes.len(), status.saved);
            if due {
                *written = Instant::now();
            }
            due
        };
        if due {
            self.write();
        }
        self.told.tell(Event::Run { index: self.index, status: &self.now.borrow().0 });
    }
}

/// The runs that this process works on, for one that ends from outside of their loops; none once it has left them.
static AT_WORK: Mutex<Option<Vec<RunFolder>>> = Mutex::new(Some(Vec::new()));

fn at_work() -> MutexGuard<'static, Option<Vec<RunFolder>>> {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says of every run that this process works on that it was stopped, and writes no status after that: for a process that
/// ends before its runs have come to a place to stop at.
pub fn leave_runs() {
    for folder in at_work().take().unwrap_or_default() {
        if let Some(status) = as_written(&folder) {
            write(&folder, &Status { state: State::Stopped, ..status });
        }
    }
}

/// A status is for people: where it cannot be written, the run itself will say what is wrong with the folder.
pub(super) fn write(folder: &RunFolder, status: &Status) {
    let status = Status { updated: now(), ..status.clone() };
    let _ = json(&status).map(|bytes| atomic::write_unsynced(&folder.status(), &bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_from_its_last_checkpoint_wherever_it_was_stopped() {
        let mut status = begin("cpu", 1);
        assert_eq!(status.resumes_at(), None);
        let stepped = |step| Event::Stepped { step, of: 4_800, loss: 1.0 };
        for (event, from) in [
            (stepped(1), None),
            (Event::Resumed { step: 1_920 }, Some(1_920)),
            (stepped(1_921), Some(1_920)),
            (Event::Saved { step: 2_786 }, Some(2_786)),
            (stepped(2_787), Some(2_786)),
            // What is measured goes on from there.
            (Event::Working { what: "rate", done: 1, of: 2 }, None),
        ] {
            observe(&mut status, event);
            assert_eq!(status.resumes_at(), from, "{event:?}");
        }
        assert_eq!(status.notes, ["went on from step 1920"]);
    }
}
