//! `cargo xtask eval`: a finished run measured again, or with more.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::Result;
use clap::Args;
use vimae_lab::{Event, RunFolder, Shelf};

use crate::{print, root, sources};

/// Measure a finished run again, or with more, beside what it holds.
///
/// Without options everything is measured as the run's specification says. The result goes to a file of its own in
/// the run's folder; the run's record is never changed. `cargo xtask eval RUN --metric ais --set ais.sigma=0`
/// estimates the likelihood with the decoder's noise fitted on held-out images.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The run's folder: the one that holds record.json.
    run: PathBuf,
    /// Metrics to measure, and no others; may be given several times.
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// What to change: METRIC.SETTING=VALUE, or a key of the section `evaluation` of experiment files.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// Where to compute: auto takes the first GPU where this build has CUDA and there is one.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    device: String,
    /// Folder to look for data sets in before anywhere else.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print the evaluation as one JSON document.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { run, metrics, changes, device, data_dir, json } = arguments;
    let mut shelf = Shelf::new(sources(data_dir.clone()));
    let mut last = Instant::now();
    let mut observe = |event| match event {
        Event::Found => tracing::info!("measured earlier"),
        Event::Evaluating { what, done, of } if last.elapsed().as_secs() >= 5 => {
            last = Instant::now();
            tracing::info!("{what} {done} of {of}");
        }
        _ => {}
    };
    let device = vimae_lab::device(device)?;
    let found = vimae_lab::reevaluate(&RunFolder::at(run), (metrics, changes), &mut shelf, &root(), &device, &mut observe)?;
    if *json {
        print(serde_json::to_string(&found.result)?);
        return Ok(ExitCode::SUCCESS);
    }
    for measurement in &found.result.measurements {
        let value = measurement.value.map_or("none".into(), |value| format!("{value:.6}"));
        let error = measurement.standard_error.map_or(String::new(), |error| format!(" +- {error:.2}"));
        let note = measurement.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
        print(format_args!("{} {} = {value}{error} {}{note}", measurement.metric, measurement.protocol, measurement.unit));
    }
    print(format_args!("{:.1} s; written to {}", found.result.seconds, found.path.display()));
    Ok(ExitCode::SUCCESS)
}
