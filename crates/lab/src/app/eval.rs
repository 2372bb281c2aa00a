//! `cargo xtask eval`: a finished run measured again, or with more.

use std::{cell::Cell, path::PathBuf, process::ExitCode, time::Instant};

use crate::{Event, RunContext, Shelf};
use anyhow::Result;
use clap::Args;
use vimae_spec::{Measurement, Reevaluation, behind_number, shown_unit};

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
    lines(&found.result).iter().for_each(print);
    print(format_args!("{:.1} s; written to {}", found.result.seconds, found.path.display()));
    Ok(ExitCode::SUCCESS)
}

/// What was found, and which metrics that were asked for found nothing. Notes of several values stand once, below them.
fn lines(result: &Reevaluation) -> Vec<String> {
    let Reevaluation { measurements, evaluation, .. } = result;
    let notes: Vec<Option<String>> = measurements.iter().map(Measurement::remarks).collect();
    let mut shared: Vec<&String> = Vec::new();
    for note in notes.iter().flatten() {
        if !shared.contains(&note) && notes.iter().flatten().filter(|other| *other == note).count() > 1 {
            shared.push(note);
        }
    }
    let line = |(one, note): (&Measurement, &Option<String>)| {
        let unit = behind_number(shown_unit(&one.protocol, &one.unit));
        let error = one.standard_error.map_or(String::new(), |error| format!(" +- {error:.6}"));
        let value = one.value.map_or("not measured".into(), |value| format!("{value:.6}{error}{unit}"));
        let note = note.as_ref().map_or_else(String::new, |note| match shared.iter().position(|known| *known == note) {
            Some(place) => format!(" [{}]", place + 1),
            None => format!(" ({note})"),
        });
        format!("{} {} = {value}{note}", one.metric, one.protocol)
    };
    let mut lines: Vec<String> = measurements.iter().zip(&notes).map(line).collect();
    lines.extend(shared.iter().zip(1..).map(|(note, number)| format!("[{number}] {note}")));
    let why = if evaluation.labels == 0 { "; labels = 0 leaves accuracies out" } else { "" };
    let nothing = evaluation.metrics.iter().filter(|name| measurements.iter().all(|one| one.entry != **name));
    lines.extend(nothing.map(|name| format!("{name}: nothing was measured{why}")));
    lines
}

#[cfg(test)]
mod tests {
    use vimae_spec::{Evaluation, Protocol};

    use super::*;

    fn found(metrics: &[&str], measurements: Vec<Measurement>) -> Vec<String> {
        let evaluation =
            Evaluation { metrics: metrics.iter().map(|name| (*name).to_owned()).collect(), labels: 0, ..Evaluation::default() };
        lines(&Reevaluation {
            format: 1,
            evaluation,
            sha256: String::new(),
            spec_sha256: String::new(),
            data_sha256: String::new(),
            weights_sha256: String::new(),
            git_commit: String::new(),
            version: String::new(),
            device: String::new(),
            seconds: 1.0,
            measurements,
        })
    }

    fn measurement(protocol: &str, unit: &str, note: Option<&str>) -> Measurement {
        Measurement { note: note.map(String::from), ..Measurement::new("mmd", "mmd", Protocol::from(protocol), unit) }
    }

    #[test]
    fn a_unit_of_one_is_left_out_and_what_has_no_value_was_not_measured() {
        let valued = |unit| measurement("p", unit, None).valued(2.0, 0.5);
        assert_eq!(found(&[], vec![valued("1"), valued("nats")]), ["mmd p = 2.000000 +- 0.500000", "mmd p = 2.000000 +- 0.500000 nats"]);
        let scaled = measurement("reconstruction(code=mean,scale=0.05)", "squared error", None).valued(2.0, None);
        assert_eq!(found(&[], vec![scaled]), ["mmd reconstruction(code=mean,scale=0.05) = 2.000000 (0.05 x squared error)"]);
        assert_eq!(found(&[], vec![measurement("p", "percent", Some("why"))]), ["mmd p = not measured (why)"]);
    }

    #[test]
    fn a_note_of_several_values_stands_once() {
        let all = [("a", Some("long")), ("b", Some("own")), ("c", Some("long"))].map(|(protocol, note)| measurement(protocol, "1", note));
        let expected = ["mmd a = not measured [1]", "mmd b = not measured (own)", "mmd c = not measured [1]", "[1] long"];
        assert_eq!(found(&[], all.into()), expected);
    }

    #[test]
    fn a_metric_that_found_nothing_is_named() {
        let expected = ["mmd p = not measured", "accuracy: nothing was measured; labels = 0 leaves accuracies out"];
        assert_eq!(found(&["accuracy", "mmd"], vec![measurement("p", "1", None)]), expected);
    }
}
