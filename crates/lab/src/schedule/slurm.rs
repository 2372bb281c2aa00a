//! Runs on a cluster: arrays of Slurm jobs, one task a run, and a last job that writes the tables.
//!
//! Everything goes through the folder of the reproduction, which all machines must see: tasks read the plan there and
//! leave their status, checkpoints and records there. A task that is preempted or whose time is over gets SIGTERM, saves
//! its state and asks to be queued again.
//!
//! A cluster is away now and then. Each call of its programs is refused, answered, or may have been acted on without an
//! answer; what was submitted is therefore written down before each call, under a name that finds it again.

mod call;
mod environment;
mod jobs;
mod limits;
mod scripts;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use vimae_checkpoint::atomic;
use vimae_core::{Event, RunContext};
use vimae_spec::{Resources, State, sha256_hex};

use super::{ends::Ends, plan::Plan, status};
use crate::{Error, Result, command::called, counted::counted, request::Cluster};
use call::{Failure, Scheduler};
pub use jobs::Submitted;
use jobs::{Row, cancelled, folder};
use limits::Limits;
use scripts::Scripts;

/// How long it may take to end what was submitted before a refusal.
const ENDING: Duration = Duration::from_secs(60);
/// Between two looks at what the runs say of themselves.
const LOOK: Duration = Duration::from_secs(2);

pub(super) fn launch(plan: &Plan, retries: u64, cluster: &Cluster, context: &RunContext<'_>) -> Result<Ends> {
    let out = std::path::absolute(context.directory).map_err(|e| launch_error(context.directory, e))?;
    let scheduler = Scheduler::new(context, cluster.interval, cluster.patience);
    if let Some(mut earlier) = Submitted::of(&out)? {
        let queue = scheduler.until_answered(|| earlier.queued(&scheduler))?;
        if !queue.is_empty() {
            let (jobs, called) = (counted(queue.len(), "job"), called());
            let problem = format!(
                "the queue holds {jobs} of an earlier call: wait until it is empty ({called} status), or empty it ({called} cancel)"
            );
            return Err(Error::Launch { path: out, problem });
        }
    }
    let statuses = || plan.nodes.iter().map(|node| plan.status(node, &out)).collect::<Ends>();
    if plan.nodes.iter().all(|node| node.found) {
        return Ok(statuses());
    }
    let scripts = Scripts { program: &cluster.program, out: &out, attempts: retries + 1 };
    let followed = submit(plan, cluster.jobs, &scripts, &scheduler).and_then(|mut submitted| {
        let followed = follow(&mut submitted, &scheduler, || {
            let statuses = statuses();
            for (index, status) in statuses.iter().enumerate() {
                if let Some(status) = status {
                    context.progress.tell(Event::Run { index, status });
                }
            }
            statuses.iter().all(|status| status.as_ref().is_some_and(|status| matches!(status.state, State::Finished | State::Failed)))
        });
        followed.inspect_err(|error| {
            if !matches!(error, Error::Stopped) {
                tracing::warn!("{}", submitted.stay());
            }
        })
    });
    match followed {
        Err(Error::Stopped) => {
            if !is_cancelled(&out) && Submitted::of(&out).is_ok_and(|submitted| submitted.is_some()) {
                tracing::warn!("what was submitted stays in the queue: {0} status follows it, {0} cancel ends it", called());
            }
            Ok(statuses())
        }
        Err(error) => Err(error),
        Ok(()) => {
            let mut ends = statuses();
            let cancelled = is_cancelled(&out);
            for end in &mut ends {
                let log = format!("its log is in {}", folder(&out).display());
                match end {
                    Some(end) if end.state == State::Running => {
                        (end.state, end.problem) = (State::Failed, Some(format!("its job has ended, and it had not; {log}")));
                    }
                    // A task that ends before its run begins would do so again.
                    None if !cancelled => *end = Some(status::failed(format!("its job ended before the run began; {log}"))),
                    _ => {}
                }
            }
            Ok(ends)
        }
    }
}

/// Looks at the queue until none of these jobs is in it. `look` says whether all runs are over.
fn follow(submitted: &mut Submitted, scheduler: &Scheduler<'_>, look: impl Fn() -> bool) -> Result<()> {
    let mut waits = scheduler.waits();
    let (mut gone, mut told_of_held) = (false, false);
    loop {
        look();
        match submitted.queued(scheduler) {
            Ok(queue) if queue.is_empty() => {
                // A queue that is empty before its runs are over is looked at once more.
                if look() || gone {
                    return Ok(());
                }
                gone = true;
                scheduler.pause(scheduler.interval / 3)?;
                continue;
            }
            Ok(queue) => {
                gone = false;
                waits.answered();
                if let Some((task, reason)) = queue.iter().find_map(Row::held).filter(|_| !std::mem::replace(&mut told_of_held, true)) {
                    tracing::warn!(
                        "Slurm holds task {task} ({reason}): scontrol release {task} lets it begin, {} cancel ends all",
                        called()
                    );
                }
            }
            Err(Failure::Refused(error) | Failure::Unclear(error)) => return Err(error),
            Err(Failure::Away(problem)) => {
                waits.wait(&problem)?;
                continue;
            }
        }
        let mut left = scheduler.interval;
        while !left.is_zero() {
            let part = left.min(LOOK);
            scheduler.pause(part)?;
            look();
            left -= part;
        }
    }
}

/// Submits arrays for each kind of resources, and the job that waits for all. Where one is refused, those before it are
/// ended: half a reproduction in the queue helps nobody.
fn submit(plan: &Plan, jobs: usize, scripts: &Scripts<'_>, scheduler: &Scheduler<'_>) -> Result<Submitted> {
    let folder = folder(scripts.out);
    std::fs::create_dir_all(&folder).map_err(|e| launch_error(&folder, e))?;
    let limits = Limits::of(scheduler)?;
    let mut groups: BTreeMap<Resources, Vec<usize>> = BTreeMap::new();
    for (index, node) in plan.nodes.iter().enumerate().filter(|(_, node)| !node.found) {
        let experiment = node.experiments.first().and_then(|owner| plan.experiments.get(*owner));
        groups.entry(experiment.map(|e| e.resources.clone()).unwrap_or_default()).or_default().push(index);
    }
    limits.check(groups.values().map(Vec::len).sum())?;
    let arrays: Vec<(&Resources, &[usize])> =
        groups.iter().flat_map(|(resources, places)| places.chunks(limits.array).map(move |part| (resources, part))).collect();
    // What may run at a time is shared out among the arrays.
    let at_a_time = (jobs > 0).then(|| (jobs / arrays.len().max(1)).max(1));
    let _ = std::fs::remove_file(cancelled(scripts.out));
    let token = token(scripts.out);
    let mut submitted = Submitted::default();
    let mut all = || -> Result<()> {
        let mut ids = Vec::with_capacity(arrays.len());
        // `cargo xtask cancel` ends what is queued by then; what comes after it must not come.
        let go_on = || if is_cancelled(scripts.out) { Err(Error::Stopped) } else { Ok(()) };
        for (number, (resources, places)) in arrays.iter().enumerate() {
            go_on()?;
            let name = format!("vimae-{token}-{number}");
            let script = scripts.place(&format!("runs-{number}"));
            atomic::write(&script, scripts.array(&name, resources, places, at_a_time).as_bytes())?;
            let arguments = ["--parsable".to_owned(), script.display().to_string()];
            ids.push(submitted.submit(scripts.out, &name, &arguments, scheduler)?.to_string());
        }
        let name = format!("vimae-{token}-tables");
        let script = scripts.place("tables");
        let resources = arrays.first().map(|(resources, _)| (*resources).clone()).unwrap_or_default();
        atomic::write(&script, scripts.tables(&name, &resources).as_bytes())?;
        let dependency = format!("--dependency=afterany:{}", ids.join(":"));
        let arguments = ["--parsable".to_owned(), dependency, script.display().to_string()];
        go_on()?;
        submitted.submit(scripts.out, &name, &arguments, scheduler)?;
        go_on()
    };
    match all() {
        Ok(()) => Ok(submitted),
        // Told to stop, it leaves the jobs where they are; cancelled, it ends them.
        Err(Error::Stopped) if !is_cancelled(scripts.out) => Err(Error::Stopped),
        Err(error) => {
            // Whoever does not answer now is not waited for once more.
            if let Err(second) = submitted.end(scripts.out, &scheduler.within(ENDING)) {
                tracing::warn!("what was submitted before could not be ended ({second}); {} cancel does it later", called());
            }
            Err(error)
        }
    }
}

fn is_cancelled(out: &Path) -> bool {
    cancelled(out).exists()
}

/// Eight letters that no other submission has.
fn token(out: &Path) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    sha256_hex(format!("{} {since} {}", out.display(), std::process::id()).as_bytes()).chars().take(8).collect()
}

fn launch_error(path: &Path, error: std::io::Error) -> Error {
    Error::Launch { path: path.into(), problem: error.to_string() }
}
