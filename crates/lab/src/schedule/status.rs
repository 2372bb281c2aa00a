//! A run's status on its way to the disk and back.

use std::{
    cell::RefCell,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use vimae_checkpoint::{RunLock, atomic, host};
use vimae_core::{Event, Progress, RunContext};
use vimae_spec::{State, Status};

use crate::{RunFolder, stored::json};

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

/// Reads a run's status; one that says that it runs while no process holds the run is one that was interrupted.
pub fn read(folder: &RunFolder) -> Option<Status> {
    let mut status = as_written(folder)?;
    if status.state == State::Running && !RunLock::is_held(folder.path()) && status.host == host() {
        status.state = State::Stopped;
    }
    Some(status)
}

pub(super) fn as_written(folder: &RunFolder) -> Option<Status> {
    serde_json::from_slice(&std::fs::read(folder.status()).ok()?).ok()
}

fn observe(status: &mut Status, event: Event<'_>) {
    match event {
        Event::Found => status.notes.push("finished earlier".into()),
        Event::Resumed { step } => status.notes.push(format!("goes on from step {step}")),
        Event::Stepped { step, of, loss } => {
            status.from.get_or_insert(step);
            "training".clone_into(&mut status.doing);
            (status.done, status.of, status.loss) = (step, of, Some(loss));
        }
        Event::RolledBack(rollback) => status.notes.push(format!(
            "{} was not finite at step {}; goes on from step {} with {} times the step size",
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
        let status = begin(context.device, attempt);
        write(folder, &status);
        Self { folder, index, told: context.progress, now: RefCell::new((status, Instant::now())) }
    }

    /// The run's last status.
    pub(super) fn end(self, change: impl FnOnce(&mut Status)) -> Status {
        let (mut status, _) = self.now.into_inner();
        change(&mut status);
        write(self.folder, &status);
        self.told.tell(Event::Run { index: self.index, status: &status });
        status
    }
}

impl Progress for Reporter<'_> {
    fn tell(&self, event: Event<'_>) {
        let (status, written) = &mut *self.now.borrow_mut();
        let before = (status.doing.clone(), status.notes.len());
        observe(status, event);
        if written.elapsed() >= EVERY || before != (status.doing.clone(), status.notes.len()) {
            *written = Instant::now();
            write(self.folder, status);
        }
        self.told.tell(Event::Run { index: self.index, status });
    }
}

/// A status is for people: where it cannot be written, the run itself will say what is wrong with the folder.
fn write(folder: &RunFolder, status: &Status) {
    let status = Status { updated: now(), ..status.clone() };
    let _ = json(&status).map(|bytes| atomic::write_unsynced(&folder.status(), &bytes));
}
