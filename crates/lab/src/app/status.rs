//! `cargo xtask status`: how far a reproduction is, from any terminal.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    thread::sleep,
    time::Duration,
};

use crate::{Node, Plan, State, Status, Submitted, counted::counted, record::Found};
use anyhow::Result;
use clap::Args;

use super::{
    place::Place,
    progress::human,
    standard_streams::{is_broken, print},
    time_left::seconds_of_training_left,
};

/// Show what runs, what is left, and about how long it will take.
///
/// It only reads the files of the reproduction, so you can call it from another terminal, or from another machine that sees
/// the directory. A finished run that the same command would work on again is "not up to date": its evaluation has changed, for
/// instance.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The output directory of a reproduction. By default runs/quick of the checkout.
    dir: Option<PathBuf>,
    /// Repeat every two seconds until nothing runs.
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Show every run, including finished and waiting ones.
    #[arg(long)]
    all: bool,
    /// Print one JSON document with every run.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask status --watch
  cargo xtask status runs/paper --all";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let dir = place.reproduction(arguments.dir.as_deref());
    let plan = Plan::load(&dir)?;
    loop {
        let statuses: Vec<(&Node, Option<Status>)> = plan.nodes.iter().map(|node| (node, status(&plan, node, &dir))).collect();
        if arguments.json {
            let all: Vec<_> = statuses
                .iter()
                .map(|(node, status)| serde_json::json!({ "run": plan.title(node), "folder": node.folder, "status": status }))
                .collect();
            print(serde_json::to_string_pretty(&all)?);
        } else {
            let queue = Submitted::of(&dir).and_then(|submitted| submitted.map(|submitted| submitted.queue()).transpose());
            // A queue that nobody can ask may hold tasks.
            let queued = match &queue {
                Ok(tasks) => tasks.as_ref().is_some_and(|tasks| !tasks.is_empty()),
                Err(_) => true,
            };
            show(&plan, &statuses, arguments.all, queued || is_running(&statuses));
            match queue {
                Ok(tasks) => tasks.iter().flatten().for_each(|task| print(format_args!("  in the cluster's queue: {task}"))),
                Err(error) => tracing::warn!("the cluster's queue is not known: {error}"),
            }
        }
        let running = is_running(&statuses);
        if !(arguments.watch && running) || is_broken() {
            return Ok(ExitCode::SUCCESS);
        }
        sleep(Duration::from_secs(2));
        print("");
    }
}

/// What a run is called that was finished by another evaluation, on other data or by another version than the plan's.
const AGAIN: &str = "not up to date";

/// How far a run is. One that finished and that the same command would work on again waits for that, and its notes say why; a record
/// that cannot be read fails every call until it is gone, wherever the run was stopped. One whose process ended between its record and
/// its last status, or failed there, finished: so the next call finds it.
fn status(plan: &Plan, node: &Node, dir: &Path) -> Option<Status> {
    let status = plan.status(node, dir)?;
    if !matches!(status.state, State::Finished | State::Stopped | State::Failed) {
        return Some(status);
    }
    let folder = node.folder(dir);
    let found = Found::of(&node.spec, &node.data_sha256, &folder);
    Some(match (found.why_unfinished(&folder), status.state) {
        (None, _) => Status { state: State::Finished, done: status.of, problem: None, ..status },
        (Some(why), _) if matches!(found, Found::Damaged(_)) => Status { state: State::Failed, problem: Some(why), ..status },
        (Some(_), State::Stopped | State::Failed) => status,
        (Some(why), _) => Status { state: State::Waiting, notes: vec![why], ..status },
    })
}

fn state(status: Option<&Status>) -> State {
    status.map_or(State::Waiting, |status| status.state)
}

fn is_running(statuses: &[(&Node, Option<Status>)]) -> bool {
    statuses.iter().any(|(_, status)| state(status.as_ref()) == State::Running)
}

/// What a run is called that has no status, where something works on the plan or nothing does.
fn without_status(worked_on: bool) -> &'static str {
    if worked_on { "waiting" } else { "not begun" }
}

fn show(plan: &Plan, statuses: &[(&Node, Option<Status>)], all: bool, worked_on: bool) {
    print(counts(statuses, worked_on));
    for absent in &plan.without_data {
        print(format_args!("  {}", absent.sentence()));
    }
    for (node, status) in statuses {
        let state = state(status.as_ref());
        let shown = all || !matches!(state, State::Finished | State::Waiting);
        if let (Some(status), true) = (status, shown) {
            print(format_args!("  {}", describe(&plan.title(node), status)));
        } else if shown {
            print(format_args!("  {}: {}", plan.title(node), without_status(worked_on)));
        }
    }
}

/// How many runs are how far, how long they will train yet, and what goes on with them where nothing works on them.
fn counts(statuses: &[(&Node, Option<Status>)], worked_on: bool) -> String {
    let parts = [
        (Some(State::Finished), "finished"),
        (Some(State::Running), "running"),
        (None, without_status(worked_on)),
        (Some(State::Waiting), AGAIN),
        (Some(State::Stopped), "stopped"),
        (Some(State::Failed), "failed"),
    ];
    let count = |wanted| statuses.iter().filter(|(_, status)| status.as_ref().map(|status| status.state) == wanted).count();
    let line: Vec<String> =
        parts.iter().map(|(wanted, word)| (count(*wanted), word)).filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let left = seconds_of_training_left(statuses.iter().map(|(node, status)| (*node, status.as_ref())));
    let left =
        left.filter(|seconds| *seconds >= 0.5).map_or_else(String::new, |seconds| format!("; about {} of training left", human(seconds)));
    let open = statuses.iter().any(|(_, status)| matches!(state(status.as_ref()), State::Waiting | State::Stopped));
    let again = if open && !worked_on { "; the same command goes on" } else { "" };
    if statuses.is_empty() {
        return "no runs".into();
    }
    format!("{}: {}{left}{again}", counted(statuses.len(), "run"), line.join(", "))
}

fn describe(title: &str, status: &Status) -> String {
    let Status { state, doing, done, of, loss, problem, notes, process, host, device, .. } = status;
    let loss = loss.filter(|_| doing == Status::TRAINING).map_or_else(String::new, |loss| format!(", loss {loss:.3}"));
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    match state {
        // What happened on the way is over; its record has what matters of it.
        State::Finished => format!("{title}: finished"),
        State::Running => format!("{title}: {doing} {done} of {of}{loss}; process {process} on {host}, {device}{notes}"),
        State::Waiting => format!("{title}: {AGAIN}{notes}"),
        State::Stopped => {
            let from = status.resumes_at().map_or_else(String::new, |step| format!("; goes on from step {step}"));
            format!("{title}: stopped at {doing} {done} of {of}{from}{notes}")
        }
        State::Failed => format!("{title}: failed: {}", problem.as_deref().unwrap_or("for no reason that it could say")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vimae_spec::RunRecord;

    use super::*;
    use crate::{
        RunFolder,
        record::{VERSION, write_record},
        schedule::plan::tests::{node, plan},
    };

    /// The device of a record that is damaged after it is written.
    const BROKEN: &str = "broken";

    /// What is said of a plan of one run whose folder holds the record of that run after `change`: the first line, and the run's own.
    fn said(change: impl Fn(&mut RunRecord, &RunFolder)) -> [String; 2] {
        let dir = tempfile::tempdir().unwrap();
        let made = crate::cells::tests::record("vae", 0, "rate", 5.0);
        let mut record = RunRecord { spec_sha256: made.spec.sha256(), data_sha256: "data".into(), version: VERSION.into(), ..made };
        let plan = plan(Vec::new(), vec![Node { data_sha256: "data".into(), ..node(&record.spec) }]);
        let node = &plan.nodes[0];
        let run = node.folder(dir.path());
        std::fs::create_dir(run.path()).unwrap();
        // A status that is gone is told from the record.
        std::fs::write(run.spec(), "{}").unwrap();
        change(&mut record, &run);
        write_record(&run, &record).unwrap();
        if record.device == BROKEN {
            let finished = plan.status(node, dir.path()).unwrap();
            std::fs::write(run.status(), serde_json::to_string(&finished).unwrap()).unwrap();
            std::fs::write(run.record(), "{").unwrap();
        }
        let status = status(&plan, node, dir.path());
        let counted = counts(&[(node, status.clone())], true);
        let idle = counts(&[(node, status.clone())], false);
        let open = status.as_ref().is_some_and(|status| matches!(status.state, State::Waiting | State::Stopped));
        assert_eq!(idle, format!("{counted}{}", if open { "; the same command goes on" } else { "" }));
        let none = |worked_on| counts(&[(node, None)], worked_on);
        assert_eq!([none(true), none(false)], ["1 run: 1 waiting", "1 run: 1 not begun; the same command goes on"]);
        assert_eq!(counts(&[], false), "no runs");
        let status = status.unwrap();
        assert!(status.state != State::Finished || status.done == status.of, "{status:?}");
        [counted, describe("vae", &status)]
    }

    #[test]
    fn a_finished_run_that_the_plan_measures_again_is_not_called_finished() {
        let again = "1 run: 1 not up to date";
        let [counted, run] = said(|_, _| {});
        assert_eq!(counted, "1 run: 1 finished");
        // Whatever its status notes of the way there: here, that it was rebuilt.
        assert_eq!(run, "vae: finished");
        let [counted, run] = said(|record, _| {
            record.spec.evaluation.labels = 7;
            record.spec_sha256 = record.spec.sha256();
        });
        assert_eq!(counted, again);
        assert!(run.starts_with("vae: not up to date (") && run.ends_with("is of another specification than plan.json)"), "{run}");
        let [counted, run] = said(|record, _| record.version = "0.0.9".into());
        assert!(counted == again && run.contains("was made by version 0.0.9"), "{counted} {run}");
        let [counted, run] = said(|record, _| record.device = BROKEN.into());
        assert!(counted == "1 run: 1 failed" && run.contains("record.json: is damaged"), "{counted} {run}");
        // Weights that come back from the last checkpoint.
        let [counted, run] = said(|_, run| std::fs::write(run.path().join("checkpoint.safetensors"), "").unwrap());
        assert!(counted == again && run.contains("model.safetensors is gone"), "{counted} {run}");
    }

    #[test]
    fn a_stopped_run_names_the_step_of_its_last_checkpoint() {
        let at = |doing: &str, saved: Option<u64>| {
            let status = json!({
                "state": "stopped", "doing": doing, "done": 1_950, "of": 4_800, "loss": 1.0, "from": 1_801, "saved": saved, "attempt": 1,
                "problem": null, "again": false, "notes": [], "process": 1, "host": "here", "device": "cpu", "began": 1, "updated": 2,
            });
            describe("vae", &serde_json::from_value(status).unwrap())
        };
        assert_eq!(at("training", Some(1_920)), "vae: stopped at training 1950 of 4800; goes on from step 1920");
        assert_eq!(at("training", None), "vae: stopped at training 1950 of 4800");
        assert_eq!(at("rate", Some(4_800)), "vae: stopped at rate 1950 of 4800");
    }

    #[test]
    fn a_run_whose_process_ended_behind_its_record_is_finished() {
        let at = |state: &str, run: &RunFolder| {
            let status = json!({
                "state": state, "doing": "figures", "done": 3, "of": 4, "loss": null, "from": 1, "attempt": 1, "problem": null,
                "again": false, "notes": [], "process": 1, "host": "here", "device": "cpu", "began": 1, "updated": 2,
            });
            std::fs::write(run.status(), status.to_string()).unwrap();
        };
        for state in ["stopped", "failed"] {
            let [counted, run] = said(|_, run| at(state, run));
            assert_eq!((counted.as_str(), run.as_str()), ("1 run: 1 finished", "vae: finished"), "{state}");
        }
        // Beside a record that cannot be read nothing goes on.
        let [counted, run] = said(|record, run| {
            record.device = BROKEN.into();
            at("stopped", run);
        });
        assert!(counted == "1 run: 1 failed" && run.contains("record.json: is damaged"), "{counted} {run}");
        // Beside the record of another evaluation it was stopped on its way to its own.
        let [counted, run] = said(|record, run| {
            record.version = "0.0.9".into();
            at("stopped", run);
        });
        assert_eq!((counted.as_str(), run.as_str()), ("1 run: 1 stopped", "vae: stopped at figures 3 of 4"));
    }
}
