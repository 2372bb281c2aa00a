//! `cargo xtask runs`: finished runs listed, shown and compared.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    FoundRun, HubOptions, RunComparison, ShownRun, State, command::called, compare_runs, dotted::word, find_runs, headline_text, show_run,
};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::{
    bar::tell,
    place::Place,
    standard_streams::{print, width},
};

/// List, show and compare runs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the runs below a directory: where they are and what they are.
    List {
        /// The directory. By default runs of the checkout.
        folder: Option<PathBuf>,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Show one run: the settings that it was made and measured with, and its headline metrics.
    ///
    /// Of the sections `[training]` and `[evaluation]`, settings that are not there are at their defaults, those of metrics among them.
    Show {
        /// The run's directory, or owner/name on the Hub.
        run: String,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Compare runs: methods by headline metrics, and the settings in which they differ.
    ///
    /// Runs that differ in their seed alone are one method, with mean and standard deviation over seeds. Those that were measured in
    /// another way (`evaluation.*`) are another. A setting that a run leaves at its default may stand there as -.
    Compare {
        /// Runs: directories of runs, directories that hold runs, or owner/name on the Hub.
        #[arg(required = true)]
        runs: Vec<String>,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask runs list
  cargo xtask runs show runs/quick/digits/vae-seed0-8f548694
  cargo xtask runs compare runs/mine
  cargo xtask runs compare RUN me/vae-digits";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    match &arguments.what {
        What::List { folder, json } => {
            let folder = folder.clone().unwrap_or_else(|| place.root.join("runs"));
            let runs = find_runs(&folder)?;
            print(if *json { serde_json::to_string(&runs)? } else { listed(&folder, &runs)? });
        }
        What::Show { run, json } => {
            let run = show_run(run, &HubOptions::from_env(), &mut tell)?;
            print(if *json { serde_json::to_string(&run)? } else { shown(&run) });
        }
        What::Compare { runs, json } => {
            let comparison = compare_runs(runs, &HubOptions::from_env(), &mut tell)?;
            print(if *json { document(&comparison).to_string() } else { compared(&comparison) });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// # Errors
/// Where there are none below `folder`.
fn listed(folder: &Path, runs: &[FoundRun]) -> Result<String> {
    if runs.is_empty() {
        let command = called();
        bail!(
            "{}: holds no runs; `{command} reproduce` writes runs/quick, and `{command} train` runs/NAME; give such a folder",
            folder.display()
        );
    }
    let mut rows = vec![["state", "method", "seed", "data", "directory"].map(String::from).to_vec()];
    for run in runs {
        let state = match run.state {
            State::Finished => "finished",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Stopped => "stopped",
            State::Failed => "failed",
        };
        let (method, seed, data) = run.spec().map_or_else(
            || ("-".into(), "-".into(), "-".into()),
            |spec| (spec.method.clone(), spec.seed.to_string(), spec.dataset.name.clone()),
        );
        rows.push(vec![state.into(), method, seed, data, run.folder.display().to_string()]);
    }
    Ok(table(&rows))
}

fn shown(run: &ShownRun) -> String {
    let mut lines = vec![format!("{} seed {}: {}", run.method, run.seed, run.folder.display()), String::new()];
    lines.push(table(
        &run.metrics
            .iter()
            .zip(&run.written)
            .map(|((title, _, protocol, doubt), value)| {
                let value = value.clone().unwrap_or_else(|| "-".into());
                [title.clone(), value, protocol.clone()].into_iter().chain(doubt.clone()).collect::<Vec<String>>()
            })
            .collect::<Vec<_>>(),
    ));
    lines.push(String::new());
    lines.push(table(&run.settings.iter().map(|(key, value)| vec![key.clone(), word(value)]).collect::<Vec<_>>()));
    lines.join("\n")
}

fn compared(comparison: &RunComparison) -> String {
    let RunComparison { table: headlines, methods, differing } = comparison;
    let text = headline_text(headlines, width());
    if differing.is_empty() {
        return text + "\n\nno setting differs";
    }
    let mut rows: Vec<Vec<String>> = vec![["setting".to_owned()].into_iter().chain(methods.iter().cloned()).collect()];
    rows.extend(differing.iter().map(|(key, values)| {
        [key.clone()].into_iter().chain(values.iter().map(|value| value.as_ref().map_or("-".into(), word))).collect()
    }));
    format!("{text}\n\n{}", table(&rows))
}

/// The comparison as one JSON document.
fn document(comparison: &RunComparison) -> serde_json::Value {
    let RunComparison { table, methods, differing } = comparison;
    let rows = table.rows.iter().map(|row| {
        let values = table.columns.iter().zip(&row.values).map(|(column, value)| {
            let value = serde_json::json!({
                "mean": value.mean, "deviation": value.deviation, "interval": value.interval, "best": value.best,
                "doubts": value.doubts,
            });
            (column.name(), value)
        });
        let metrics: serde_json::Map<String, serde_json::Value> = values.collect();
        serde_json::json!({ "method": row.method, "dataset": row.dataset, "seeds": row.seeds, "metrics": metrics })
    });
    let protocols: serde_json::Map<String, serde_json::Value> =
        table.columns.iter().map(|column| (column.name(), column.protocols.clone().into())).collect();
    let settings: Vec<_> = differing.iter().map(|(key, values)| serde_json::json!({ "key": key, "values": values })).collect();
    serde_json::json!({ "rows": rows.collect::<Vec<_>>(), "protocols": protocols, "methods": methods, "differing": settings })
}

/// Rows as columns that stand below one another.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_one_another() {
        let rows = [vec!["a".to_owned(), "b".to_owned()], vec!["long".to_owned(), "12".to_owned()]];
        assert_eq!(table(&rows), "a     b\nlong  12");
    }

    #[test]
    fn a_directory_without_runs_is_answered_with_what_writes_one() {
        let message = listed(Path::new("runs/mine"), &[]).unwrap_err().to_string();
        assert!(message.starts_with("runs/mine: holds no runs; `") && message.contains(" train` runs/NAME"), "{message}");
        let run = FoundRun { folder: "runs/mine/vae".into(), state: State::Failed, record: None, spec: None, problem: None };
        assert_eq!(listed(Path::new("runs/mine"), &[run]).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_run_is_shown_with_how_it_was_measured_among_its_settings() {
        let settings = [("dataset.train_images", 8_000), ("model.code", 2), ("evaluation.labels", 100)];
        let run = ShownRun {
            folder: "runs/vae".into(),
            method: "vae".into(),
            seed: 0,
            metrics: vec![("rate".into(), Some(4.0), "rate".into(), None)],
            written: vec![Some("4.000".into())],
            settings: settings.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect(),
        };
        let text = shown(&run);
        assert!(text.contains("\nrate  4.000  rate\n"), "{text}");
        let last: Vec<String> = text.lines().skip(4).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(last, ["dataset.train_images 8000", "evaluation.labels 100", "model.code 2"], "{text}");
    }
}
