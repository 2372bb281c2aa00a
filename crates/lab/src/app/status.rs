//! `cargo xtask status`: how far a reproduction is, from any terminal.

use std::{path::PathBuf, process::ExitCode, thread::sleep, time::Duration};

use crate::{Node, Plan, State, Status, Submitted, counted::counted};
use anyhow::Result;
use clap::Args;

use super::{
    place::Place,
    progress::{human, seconds_of_training_left},
    standard_streams::{is_broken, print},
};

/// Show what runs, what is left, and about how long it will take.
///
/// It only reads the files of the reproduction, so you can call it from another terminal, or from another machine that sees
/// the directory.
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
        let statuses: Vec<(&Node, Option<Status>)> = plan.nodes.iter().map(|node| (node, plan.status(node, &dir))).collect();
        if arguments.json {
            let all: Vec<_> = statuses
                .iter()
                .map(|(node, status)| serde_json::json!({ "run": plan.title(node), "folder": node.folder, "status": status }))
                .collect();
            print(serde_json::to_string_pretty(&all)?);
        } else {
            show(&plan, &statuses, arguments.all);
            match Submitted::of(&dir).and_then(|submitted| submitted.map(|submitted| submitted.queue()).transpose()) {
                Ok(tasks) => tasks.iter().flatten().for_each(|task| print(format_args!("  in the cluster's queue: {task}"))),
                Err(error) => tracing::warn!("the cluster's queue is not known: {error}"),
            }
        }
        let running = statuses.iter().any(|(_, status)| state(status.as_ref()) == State::Running);
        if !(arguments.watch && running) || is_broken() {
            return Ok(ExitCode::SUCCESS);
        }
        sleep(Duration::from_secs(2));
        print("");
    }
}

fn state(status: Option<&Status>) -> State {
    status.map_or(State::Waiting, |status| status.state)
}

fn show(plan: &Plan, statuses: &[(&Node, Option<Status>)], all: bool) {
    let count = |wanted| statuses.iter().filter(|(_, status)| state(status.as_ref()) == wanted).count();
    let parts = [
        (State::Finished, "finished"),
        (State::Running, "running"),
        (State::Waiting, "waiting"),
        (State::Stopped, "stopped"),
        (State::Failed, "failed"),
    ];
    let line: Vec<String> =
        parts.iter().map(|(wanted, word)| (count(*wanted), word)).filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let left = seconds_of_training_left(statuses.iter().map(|(node, status)| (*node, status.as_ref())));
    let left = left.map_or_else(String::new, |seconds| format!("; about {} of training left", human(seconds)));
    print(format_args!("{}: {}{left}", counted(statuses.len(), "run"), line.join(", ")));
    for (node, status) in statuses {
        let state = state(status.as_ref());
        let shown = all || !matches!(state, State::Finished | State::Waiting);
        if let (Some(status), true) = (status, shown) {
            print(format_args!("  {}", describe(&plan.title(node), status)));
        } else if shown {
            print(format_args!("  {}: waiting", plan.title(node)));
        }
    }
}

fn describe(title: &str, status: &Status) -> String {
    let Status { state, doing, done, of, loss, problem, notes, process, host, device, .. } = status;
    let loss = loss.filter(|_| doing == "training").map_or_else(String::new, |loss| format!(", loss {loss:.3}"));
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    match state {
        State::Finished => format!("{title}: finished{notes}"),
        State::Running => format!("{title}: {doing} {done} of {of}{loss}; process {process} on {host}, {device}{notes}"),
        State::Stopped | State::Waiting => format!("{title}: stopped at {doing} {done} of {of}{notes}"),
        State::Failed => format!("{title}: failed: {}", problem.as_deref().unwrap_or("for no reason that it could say")),
    }
}
