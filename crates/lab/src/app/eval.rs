//! `cargo xtask eval`: a finished run measured again, or with more.

use std::{cell::Cell, path::PathBuf, process::ExitCode, time::Instant};

use crate::{Event, RunContext, Shelf};
use anyhow::Result;
use clap::Args;

use super::{
    data_dir::DataDir,
    place::Place,
    standard_streams::print,
    stop::{self, Who},
};

/// Measure a finished run again, or with more metrics.
///
/// Without options it measures what the run's specification says. Only what the chosen metrics use is computed. The result
/// goes to a file of its own below the run's directory (evaluations/); the run's record never changes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The run's directory, which holds record.json.
    run: PathBuf,
    /// Measure only this metric; repeat the option for more. Names are those of `cargo xtask catalogue`: rate, accuracy, ais ...
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// Change a setting: METRIC.SETTING=VALUE, or a key of the section `[evaluation]` of experiment files. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// Device to compute on. auto is the first GPU if this build has CUDA and there is one, else the CPU.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    device: String,
    #[command(flatten)]
    data: DataDir,
    /// Print the evaluation as one JSON document.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask eval RUN --metric rate
  cargo xtask eval RUN --metric accuracy --set label_draws=20
  cargo xtask eval RUN --metric ais --set ais.sigma=0     decoder noise fitted on held-out images
  cargo xtask eval RUN --metric fid --set fid.resize=clean --json

See docs/protocols.md for what each metric is.";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let Arguments { run, metrics, changes, device, data, json } = arguments;
    let mut shelf = Shelf::new(data.sources(place)?);
    let last = Cell::new(Instant::now());
    let progress = |event: Event<'_>| match event {
        Event::Found => tracing::info!("measured earlier"),
        Event::Working { what, done, of } if last.get().elapsed().as_secs() >= 5 => {
            last.set(Instant::now());
            tracing::info!("{what} {done} of {of}");
        }
        _ => {}
    };
    let stop = stop::on_signal(Who::Evaluation)?;
    let context = RunContext { root: &place.root, device, stop, progress: &progress, ..RunContext::new(run) };
    let found = match crate::reevaluate((metrics, changes), &context, &mut shelf) {
        Err(crate::Error::Stopped) => {
            tracing::warn!("{}", crate::kept::stopped());
            return Ok(ExitCode::from(stop::STOPPED));
        }
        found => found?,
    };
    if *json {
        print(serde_json::to_string(&found.result)?);
        return Ok(ExitCode::SUCCESS);
    }
    for measurement in &found.result.measurements {
        let value = measurement.value.map_or("none".into(), |value| format!("{value:.6}"));
        let error = measurement.standard_error.map_or(String::new(), |error| format!(" +- {error:.6}"));
        let note = measurement.remarks().map_or_else(String::new, |remarks| format!(" ({remarks})"));
        print(format_args!("{} {} = {value}{error} {}{note}", measurement.metric, measurement.protocol, measurement.unit));
    }
    print(format_args!("{:.1} s; written to {}", found.result.seconds, found.path.display()));
    Ok(ExitCode::SUCCESS)
}
