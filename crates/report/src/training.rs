//! Training logs to curves: averages over an epoch and over the seeds of a method.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{artefact, colours::Colours, method, plot::Line, run_view::RunView};

/// Runs of fewer epochs are averaged over parts of their steps instead.
const FEWEST_EPOCHS: u64 = 4;
/// Points of a curve then.
const POINTS: u64 = 40;
/// Terms drawn at most.
const MOST_TERMS: usize = 8;

/// The curves of an experiment.
pub(crate) struct Training {
    /// What the horizontal axis counts.
    pub(crate) x: &'static str,
    /// The lines of each term of the loss.
    pub(crate) terms: Vec<(String, Vec<Line>)>,
    /// What could not be read, in words.
    pub(crate) problems: Vec<String>,
}

/// Sum and number of values, by place on the horizontal axis.
type Sums = BTreeMap<u64, (f64, u64)>;

/// Reads the logs of all runs, but for those that were left out where results were kept.
pub(crate) fn training(runs: &[RunView], colours: &Colours<'_>) -> Training {
    let by_epoch = runs.iter().all(|run| run.record.spec.training.epochs >= FEWEST_EPOCHS);
    let longest = runs.iter().map(|run| run.record.steps).max().unwrap_or(0);
    let part = if by_epoch { 1 } else { longest.div_ceil(POINTS).max(1) };
    let key = if by_epoch { "epoch" } else { "step" };
    let mut sums: BTreeMap<String, BTreeMap<&str, Sums>> = BTreeMap::new();
    let mut problems = Vec::new();
    for run in runs {
        let record = &run.record;
        if run.left_out(&record.log) {
            continue;
        }
        let read = artefact::log(&run.folder, &record.log, |entry| {
            let Some(place) = entry.get(key).and_then(Value::as_f64).filter(|v| *v >= 0.0) else { return };
            // Saturates, which only moves a wrong place.
            let place = place as u64 / part * part;
            for (term, value) in entry.iter().filter(|(term, _)| !matches!(term.as_str(), "step" | "epoch")) {
                let Some(value) = value.as_f64() else { continue };
                let lines = sums.entry(term.clone()).or_default();
                let (sum, n) = lines.entry(&record.spec.method).or_default().entry(place).or_default();
                *sum += value;
                *n += 1;
            }
        });
        let who = || format!("{}, seed {}", method::label(&record.spec.method), record.spec.seed);
        match read {
            Ok(0) => {}
            Ok(lines) => problems.push(format!("{}: {lines} unreadable lines of the log left out", who())),
            Err(error) => problems.push(format!("{}: {error}", who())),
        }
    }
    let methods = method::distinct(runs.iter().map(|run| run.record.spec.method.as_str()));
    let colours = colours.of_plot(&methods);
    let coloured: Vec<(&str, usize)> = methods.into_iter().zip(colours).collect();
    let mut terms: Vec<(String, Vec<Line>)> = sums.into_iter().map(|(term, by_method)| (term, lines(&coloured, &by_method))).collect();
    terms.sort_by_key(|(term, _)| rank(term));
    terms.truncate(MOST_TERMS);
    Training { x: if by_epoch { "epoch" } else { "training step" }, terms, problems }
}

/// The lines of the methods that have the term.
fn lines(methods: &[(&str, usize)], by_method: &BTreeMap<&str, Sums>) -> Vec<Line> {
    let line = |(name, colour): &(&str, usize)| {
        let points = by_method.get(*name)?.iter().map(|(place, (sum, n))| (*place as f64, sum / *n as f64)).collect();
        Some(Line { name: method::label(name), colour: *colour, points })
    };
    methods.iter().filter_map(line).collect()
}

/// What all methods share first, the loss last: each method has its own.
fn rank(term: &str) -> usize {
    match term {
        "distortion" => 0,
        "rate" => 1,
        "loss" => 3,
        _ => 2,
    }
}
