//! Runs in processes of their own, several at a time: one that dies takes no other with it.

use std::{
    collections::VecDeque,
    fs::OpenOptions,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::{available_parallelism, sleep},
    time::Duration,
};

use vimae_checkpoint::RunLock;
use vimae_core::{Event, RunContext};
use vimae_spec::{State, Status};

use super::{
    ends::{Ends, device, found},
    plan::Plan,
    status::{as_written, begin, write},
};
use crate::{Error, Result, RunFolder};

const POLL: Duration = Duration::from_millis(100);
/// What a worker exits with that was stopped.
const STOPPED: i32 = 75;

/// A worker and what it works on.
struct Worker {
    index: usize,
    attempt: u64,
    slot: usize,
    child: Child,
}

pub(super) fn launch(
    plan: &Plan,
    retries: u64,
    devices: &[String],
    (program, jobs): (&Path, usize),
    context: &RunContext<'_>,
) -> Result<Ends> {
    let threads = available_parallelism().map_or(1, |cores| (cores.get() / jobs).max(1));
    let mut ends = found(plan, context);
    let mut waiting: VecDeque<(usize, u64)> =
        ends.iter().enumerate().filter(|(_, end)| end.is_none()).map(|(index, _)| (index, 1)).collect();
    let (mut workers, mut slots): (Vec<Worker>, Vec<usize>) = (Vec::new(), (0..jobs).rev().collect());
    let mut told = false;
    while !(workers.is_empty() && (waiting.is_empty() || context.is_stopped())) {
        while let Some((slot, (index, attempt))) = slots.last().copied().zip(waiting.front().copied()).filter(|_| !context.is_stopped()) {
            let child = spawn(plan, program, (index, attempt), &RunContext { device: device(devices, slot), ..*context }, threads)?;
            slots.pop();
            waiting.pop_front();
            workers.push(Worker { index, attempt, slot, child });
        }
        if context.is_stopped() && !told {
            workers.iter().for_each(|worker| _ = ask_to_stop(worker.child.id()));
            told = true;
        }
        sleep(POLL);
        let mut still = Vec::with_capacity(workers.len());
        for mut worker in workers {
            let Some(node) = plan.nodes.get(worker.index) else { continue };
            let folder = node.folder(context.directory);
            let ended = worker.child.try_wait().map_err(|e| Error::Launch { path: folder.path().into(), problem: e.to_string() })?;
            let status = as_written(&folder).filter(|status| status.process == worker.child.id());
            let Some(ended) = ended else {
                if let Some(status) = status {
                    context.progress.tell(Event::Run { index: worker.index, status: &status });
                }
                still.push(worker);
                continue;
            };
            let status = last(status, (ended, told), (context.device, worker.attempt), &folder);
            context.progress.tell(Event::Run { index: worker.index, status: &status });
            slots.push(worker.slot);
            if status.state == State::Failed && status.again && worker.attempt <= retries {
                waiting.push_front((worker.index, worker.attempt + 1));
            }
            if let Some(end) = ends.get_mut(worker.index) {
                *end = Some(status);
            }
        }
        workers = still;
    }
    Ok(ends)
}

fn spawn(plan: &Plan, program: &Path, (index, attempt): (usize, u64), context: &RunContext<'_>, threads: usize) -> Result<Child> {
    let RunContext { directory, device, .. } = *context;
    let node = plan.nodes.get(index).map(|node| node.folder(directory));
    let log = node.map_or_else(|| directory.join("worker.log"), |folder| folder.worker_log());
    let fail = |problem: std::io::Error| Error::Launch { path: log.clone(), problem: problem.to_string() };
    std::fs::create_dir_all(log.parent().unwrap_or(directory)).map_err(fail)?;
    let errors = OpenOptions::new().create(true).append(true).open(&log).map_err(fail)?;
    let mut command = Command::new(program);
    command.arg("worker").arg(directory).arg(index.to_string()).args(["--device", device, "--attempt", &attempt.to_string()]);
    if std::env::var_os("RAYON_NUM_THREADS").is_none() {
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    // A key pressed in the terminal reaches this process alone, which tells the others.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let fail = |problem: std::io::Error| Error::Launch { path: program.into(), problem: problem.to_string() };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().map_err(fail)
}

/// How a worker ended: as it says, or as the operating system says of one that did not come to it. One that was told to
/// stop, or that says so by its exit code, was stopped.
fn last(status: Option<Status>, (ended, told): (ExitStatus, bool), context: (&str, u64), folder: &RunFolder) -> Status {
    let mut status = status.unwrap_or_else(|| begin(context.0, context.1));
    let said = match status.state {
        State::Finished => ended.success(),
        State::Failed | State::Stopped => !ended.success() && ended.code().is_some(),
        State::Running | State::Waiting => false,
    };
    if said {
        return status;
    }
    if told || ended.code() == Some(STOPPED) {
        status.state = State::Stopped;
    } else {
        status.state = State::Failed;
        status.again = true;
        status.problem = Some(format!("its process ended with {ended} during {}; see {}", status.doing, folder.worker_log().display()));
    }
    write(folder, &status);
    status
}

/// Tells the process of this machine that works on the reproduction in `out` to stop, and gives its number; nothing where
/// none does.
///
/// # Errors
/// Where it works on another machine, or cannot be told.
pub fn stop_local(out: &Path) -> Result<Option<u32>> {
    let Some(owner) = RunLock::owner(out) else { return Ok(None) };
    match owner.process_here() {
        Some(process) if ask_to_stop(process) => Ok(Some(process)),
        _ => Err(Error::Launch { path: out.into(), problem: format!("cannot tell its owner to stop ({owner}); stop it there") }),
    }
}

#[cfg(unix)]
fn ask_to_stop(process: u32) -> bool {
    use rustix::process::{Pid, Signal, kill_process};
    i32::try_from(process).ok().and_then(Pid::from_raw).is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok())
}

/// Without signals a worker finishes its run.
#[cfg(not(unix))]
fn ask_to_stop(_: u32) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn how_a_worker_ended_that_could_not_say_so_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(directory.path());
        let killed = ExitStatus::from_raw(9);
        for (ended, told, expected) in
            [(killed, false, State::Failed), (killed, true, State::Stopped), (ExitStatus::from_raw(STOPPED << 8), false, State::Stopped)]
        {
            write(&folder, &begin("cpu", 1));
            let status = last(as_written(&folder), (ended, told), ("cpu", 1), &folder);
            let written = as_written(&folder).unwrap();
            assert_eq!((status.state, written.state, &written.problem), (expected, expected, &status.problem));
            assert_eq!(written.problem.is_some(), expected == State::Failed);
        }
    }
}
