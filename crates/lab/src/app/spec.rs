//! `cargo xtask spec`: experiment files checked and expanded before anything runs.

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use crate::{Cost, Estimator, Expanded, Profile, Shelf, check::check_profile, counted::counted};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::{data_dir::DataDir, number::whole, place::Place, standard_streams::print};

/// Check experiment files, list their runs with time and memory, or print their schema.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Check),
    Expand(Expand),
    /// Print the JSON schema of experiment files, for editors.
    Schema,
}

/// Check experiment files and what they include: every name, setting, range and combination of components.
///
/// It trains nothing, and it reads a data set only if that is not one of the published ones (`folder:PATH`), or if it is on this machine
/// and a stream cuts it into tasks. Each file is checked by
/// itself, however many are named. `spec expand --profile NAME` checks those of a profile together as well: two methods may not have one
/// name in one table, nor one directory. The exit code is 1 if a file is wrong.
#[derive(Debug, Args)]
struct Check {
    /// Experiment files, each checked by itself.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    data: DataDir,
}

/// List the runs of an experiment with their steps, and an estimate of their time and memory on this machine.
///
/// Steps are exact. Time is estimated from the layers, for a machine that is otherwise idle: at the speed of runs that
/// finished before in the output directory, or, if there are none, at that of a few training steps timed now, for about a
/// second.
///
/// The exit code is 1 if a run cannot be made: for a mistake in the file, or for data of your own that cannot be read. Published data
/// need not be here.
#[derive(Debug, Args)]
struct Expand {
    /// The experiment file.
    #[arg(required_unless_present = "profile")]
    file: Option<PathBuf>,
    /// Take all experiments of a profile instead: quick, desk, paper, lifelong, readings or sweeps.
    #[arg(long, conflicts_with = "file")]
    profile: Option<String>,
    /// Change a key of every run of the file, as for `train`: training.epochs=5. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "file")]
    changes: Vec<String>,
    /// Run each method with N seeds. By default, as many as the experiment says.
    #[arg(long, value_name = "N", value_parser = whole(1..=10_000_u64))]
    seeds: Option<u64>,
    /// Device to compute on.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    device: String,
    /// Directory with runs that finished before. By default runs/PROFILE of the checkout.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataDir,
    /// Print the runs as one JSON document.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask spec check mine.toml
  cargo xtask spec expand mine.toml
  cargo xtask spec expand --profile paper --json
  cargo xtask spec schema > experiments/schema.json

See docs/experiments.md for every key.";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    match &arguments.command {
        Command::Check(check) => check_files(check, place),
        Command::Expand(expand) => expand_file(expand, place),
        Command::Schema => {
            print(serde_json::to_string_pretty(&crate::schema())?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check_files(arguments: &Check, place: &Place) -> Result<ExitCode> {
    let paper = place.paper()?;
    let mut shelf = Shelf::new(arguments.data.sources(place)?);
    let mut estimator = Estimator::new(&crate::device("cpu")?);
    let mut wrong = 0;
    for file in &arguments.files {
        match crate::check_experiment(file, &paper, &mut estimator, &mut shelf) {
            Ok(experiment) => {
                let runs = experiment.runs(experiment.seeds).len();
                print(format_args!("{}: {}", file.display(), counted(runs, "run")));
            }
            Err(error) => {
                tracing::error!("{error}");
                wrong += 1;
            }
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn expand_file(arguments: &Expand, place: &Place) -> Result<ExitCode> {
    let Expand { file, profile, changes, seeds, device, out, data, json } = arguments;
    let name = match file {
        Some(file) => file.display().to_string(),
        None => profile.clone().context("a file or a profile")?,
    };
    anyhow::ensure!(file.is_none() || name.ends_with(".toml"), "{name}: an experiment is a .toml file");
    let profile = match file {
        Some(file) => Profile::of_file(file, changes)?,
        None => Profile::load(&place.experiments(), &name)?,
    };
    check_profile(&profile.experiments, &place.paper()?)?;
    profile.experiments.iter().flat_map(|experiment| &experiment.notes).for_each(|note| tracing::info!("{note}"));
    let out = out.clone().unwrap_or_else(|| place.root.join("runs").join(&profile.name));
    let mut shelf = Shelf::new(data.sources(place)?);
    let device = crate::device(device)?;
    let mut estimator = Estimator::calibrated(&device, &out, &mut shelf);
    match (estimator.calibrated_on(), place.timed_step) {
        (0, Some(time)) => {
            estimator = estimator.timed(&time(&device).map_err(anyhow::Error::from_boxed)?)?;
            tracing::info!("times at the speed of training steps timed now, with this machine otherwise idle");
        }
        (0, None) => tracing::info!("times of a common machine, until a run in {} has finished", out.display()),
        (n, _) => {
            let runs = counted(n, "finished run");
            tracing::info!("times at the speed of {runs} in {}, with this machine otherwise idle", out.display());
        }
    }
    let runs = crate::expand(&profile, *seeds, &mut estimator, &mut shelf)?;
    if *json {
        print(serde_json::to_string(&runs)?);
    } else {
        table(&runs);
    }
    let problems: BTreeSet<&str> = runs.iter().filter(|run| run.refused).filter_map(|run| run.problem.as_deref()).collect();
    problems.iter().for_each(|problem| tracing::error!("{problem}"));
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(runs: &[Expanded]) {
    let label = |run: &Expanded| format!("{} {} seed {}", run.experiment, run.spec.method, run.spec.seed);
    let width = runs.iter().map(|run| label(run).chars().count()).max().unwrap_or(0).max(5);
    print(format_args!("{:width$}  {:>10}  {:>12}  {:>12}  {:>10}", "run", "steps", "training", "evaluation", "memory"));
    for run in runs {
        match &run.cost {
            Some(cost) => print(format_args!(
                "{:width$}  {:>10}  {:>12}  {:>12}  {:>10}",
                label(run),
                cost.steps,
                time(cost.training_seconds),
                time(cost.evaluation_seconds),
                memory(cost.memory_bytes)
            )),
            None if run.refused => print(format_args!("{:width$}  refused: its data cannot be read", label(run))),
            None => print(format_args!("{:width$}  {}", label(run), run.problem.as_deref().unwrap_or("unknown"))),
        }
    }
    print(total(runs));
}

/// What all runs take together.
fn total(runs: &[Expanded]) -> String {
    let known: Vec<&Cost> = runs.iter().filter_map(|run| run.cost.as_ref()).collect();
    let unknown = runs.len() - known.len();
    if known.is_empty() {
        return format!("{} of unknown cost", counted(unknown, "run"));
    }
    let (steps, most) = (known.iter().map(|c| c.steps).sum::<u64>(), known.iter().map(|c| c.memory_bytes).max().unwrap_or(0));
    let seconds = known.iter().map(|c| c.seconds()).sum();
    let rest = if unknown > 0 { format!("; {unknown} more of unknown cost") } else { String::new() };
    format!(
        "{}, {}, {} one after another on an idle machine, at most {} at once{rest}",
        counted(known.len(), "run"),
        counted(steps, "step"),
        time(seconds),
        memory(most)
    )
}

/// Hours from an hour on, minutes and seconds below.
fn time(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

fn memory(bytes: u64) -> String {
    match bytes >> 20 {
        mib if mib < 10_240 => format!("{mib} MiB"),
        mib => format!("{:.1} GiB", mib as f64 / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_runs_of_known_and_of_unknown_cost() {
        let cost = Cost { steps: 12, training_seconds: 2.0, evaluation_seconds: 1.0, memory_bytes: 50 << 20 };
        let run = |cost: Option<Cost>| {
            let spec = crate::cells::tests::record("vae", 0, "rate", 1.0).spec;
            Expanded { experiment: "x".into(), spec, cost, problem: None, refused: false }
        };
        let one = "1 run, 12 steps, 3.0 s one after another on an idle machine, at most 50 MiB at once";
        assert_eq!(total(&[run(Some(cost))]), one);
        assert_eq!(total(&[run(Some(cost)), run(None)]), format!("{one}; 1 more of unknown cost"));
        assert_eq!(total(&[run(None), run(None)]), "2 runs of unknown cost");
    }
}
