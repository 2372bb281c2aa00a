//! Numbers recomputed from what a run stored.

mod check;
mod published;
mod tasks;

use std::collections::BTreeSet;

use candle_core::Device;
use vimae_core::{Batches, RunContext, Split, Streams, catalogue::unknown_name};
use vimae_datasets::Loader;
use vimae_eval::chosen;
use vimae_spec::{Evaluation, Lifelong, Measurement, RunRecord};
use vimae_trainer::LogLine;

use crate::{
    Result, RunFolder, Shelf,
    course::Course,
    kept::Kept,
    measure::measure_only,
    record::{damaged_files, read_record},
    resolve::Parts,
    runs::check_finished,
};

pub use check::Check;
use check::{measured, number, text};

/// Loads a finished run's weights and data, compares their digests and those of its other files with the record (those of a
/// published run with its `config.json` too), and measures everything again on the CPU; or, of the numbers, only `cell`: a metric,
/// or `metric/protocol`. Of a run that learnt one task after another the matrix is measured again from the weights after each task.
/// Numbers are compared both ways: one that the record lacks, or has beyond what is measured now, does not agree.
///
/// # Errors
/// Where the record is absent or damaged, the data cannot be had, or the record has no such cell.
pub fn verify(folder: &RunFolder, cell: Option<&str>, shelf: &mut Shelf) -> Result<Vec<Check>> {
    check_finished(folder.path())?;
    let record = read_record(&folder.record())?;
    let asked = asked(&record.measurements, cell)?;
    let (parts, weights_sha256) = Parts::trained(&record.spec, folder, shelf, &Device::Cpu)?;
    let course = Course::of(&record.spec, &parts.dataset)?;
    let steps = match &course {
        Some(course) => course.steps(&record.spec)?,
        None => {
            let (dataset, batch) = (parts.dataset.clone(), record.spec.training.batch);
            record.trained_epochs() * Loader::new(dataset, Split::Train, batch, Streams::new(0), &Device::Cpu)?.per_epoch()
        }
    };
    let mut checks = published::checked(folder, &record);
    checks.extend([
        text("spec", &record.spec_sha256, &record.spec.sha256()),
        text("training", &record.training_sha256, &record.spec.training_sha256()),
        text("data", &record.data_sha256, parts.dataset.sha256()),
        text("weights", &record.weights_sha256, &weights_sha256),
        number("parameters", record.parameters as u64, parts.model.parameters().trainable_count() as u64),
        number("steps", record.steps, steps),
        number("steps of the log", record.steps, last_step(folder, &record)),
    ]);
    let damaged = damaged_files(folder, &record);
    checks.extend(record.files.iter().map(|(name, sha256)| {
        let problem = damaged.iter().find(|(path, _)| path.ends_with(name)).map(|(_, problem)| problem);
        Check { what: name.clone(), recorded: sha256.clone(), now: problem.unwrap_or(sha256).clone(), agrees: problem.is_none() }
    }));
    let evaluation = if cell.is_some() { narrowed(&record.spec.evaluation, &asked) } else { record.spec.evaluation.clone() };
    // Numbers that are made of the matrix ask for no metric, and no metric would be all of them.
    let metrics = if cell.is_some() && evaluation.metrics.is_empty() { Vec::new() } else { chosen(&evaluation)? };
    let context = RunContext::new(folder.path());
    let mut now = measure_only(&parts, (&metrics, &evaluation), record.spec.seed, &context, &mut Kept::nowhere())?.measurements;
    let of_tasks = (record.lifelong.is_some() || course.is_some()) && (cell.is_none() || asked.iter().any(|m| m.entry == Lifelong::ENTRY));
    if of_tasks {
        let (found, again) = tasks::checked(&record, course.as_ref(), &parts, folder)?;
        checks.extend(found);
        now.extend(again.iter().flat_map(Lifelong::summary));
    }
    checks.extend(asked.iter().map(|recorded| measured("", Some(*recorded), now.iter().find(|m| m.same_quantity(recorded)))));
    let missing = now.iter().filter(|_| cell.is_none()).filter(|m| !asked.iter().any(|recorded| recorded.same_quantity(m)));
    checks.extend(missing.map(|m| measured("", None, Some(m))));
    Ok(checks)
}

/// The step of the last line of a run's log; 0 where it has none.
fn last_step(folder: &RunFolder, record: &RunRecord) -> u64 {
    let log = std::fs::read_to_string(folder.path().join(&record.log)).unwrap_or_default();
    log.lines().last().and_then(|line| serde_json::from_str::<LogLine>(line).ok()).map_or(0, |line| line.step)
}

/// The measurements that `cell` names; all where it is absent.
fn asked<'a>(measurements: &'a [Measurement], cell: Option<&str>) -> Result<Vec<&'a Measurement>> {
    let Some(cell) = cell else { return Ok(measurements.iter().collect()) };
    let (metric, protocol) = match cell.split_once('/') {
        Some((metric, protocol)) => (metric, Some(protocol)),
        None => (cell, None),
    };
    let of_metric: Vec<&Measurement> = measurements.iter().filter(|m| m.metric == metric).collect();
    if of_metric.is_empty() {
        let names: BTreeSet<&str> = measurements.iter().map(|m| m.metric.as_str()).collect();
        return Err(unknown_name("metric", metric, names).into());
    }
    let found: Vec<&Measurement> = of_metric.iter().copied().filter(|m| protocol.is_none_or(|p| m.protocol == p)).collect();
    match (found.is_empty(), protocol) {
        (true, Some(protocol)) => {
            let names: Vec<String> = of_metric.iter().map(|m| m.protocol.to_string()).collect();
            Err(unknown_name("protocol", protocol, names.iter().map(String::as_str)).into())
        }
        _ => Ok(found),
    }
}

/// The evaluation of the metrics that give these measurements, and of nothing else.
fn narrowed(evaluation: &Evaluation, asked: &[&Measurement]) -> Evaluation {
    let entries: BTreeSet<&str> = asked.iter().map(|m| m.entry.as_str()).filter(|entry| *entry != Lifelong::ENTRY).collect();
    let mut narrowed = evaluation.clone();
    narrowed.settings.retain(|name, _| entries.contains(name.as_str()));
    narrowed.metrics = entries.into_iter().map(String::from).collect();
    narrowed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::tests::record;

    fn measurement(metric: &str, protocol: &str) -> Measurement {
        Measurement { protocol: protocol.into(), ..record("vae", 0, metric, 1.0).measurements.remove(0) }
    }

    #[test]
    fn a_run_without_weights_is_said_to_have_none() {
        let place = tempfile::tempdir().unwrap();
        let run = RunFolder::at(place.path());
        crate::record::write_record(&run, &record("vae", 0, "rate", 1.0)).unwrap();
        let error = verify(&run, None, &mut Shelf::new(crate::Sources::default())).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {}", run.model().display(), RunRecord::WITHOUT_WEIGHTS));
    }

    #[test]
    fn a_cell_is_a_metric_or_one_of_its_protocols() {
        let all = [measurement("nll", "nll.ais(x)"), measurement("nll", "nll.parzen(y)"), measurement("rate", "rate.noise(K=2)")];
        let names = |cell| asked(&all, cell).map(|found| found.iter().map(|m| m.protocol.to_string()).collect::<Vec<_>>());
        assert_eq!(names(None).unwrap().len(), 3);
        assert_eq!(names(Some("nll")).unwrap(), ["nll.ais(x)", "nll.parzen(y)"]);
        assert_eq!(names(Some("nll/nll.parzen(y)")).unwrap(), ["nll.parzen(y)"]);
        let message = names(Some("nl")).unwrap_err().to_string();
        assert!(message.contains("unknown metric \"nl\"") && message.contains("nll, rate"), "{message}");
        let message = names(Some("nll/nll.parzn(y)")).unwrap_err().to_string();
        assert!(message.contains("did you mean \"nll.parzen(y)\""), "{message}");
    }

    #[test]
    fn only_what_gives_the_cell_is_measured_again() {
        let of = |entry: &str| {
            let mut settings = std::collections::BTreeMap::new();
            settings.insert("ais".to_owned(), serde_json::Map::new());
            let evaluation = Evaluation { settings, ..Evaluation::default() };
            narrowed(&evaluation, &[&Measurement { entry: entry.into(), ..measurement("nll", "p") }])
        };
        assert_eq!((of("ais").metrics, of("ais").settings.len()), (vec!["ais".to_owned()], 1));
        assert_eq!((of("accuracy").metrics, of("accuracy").settings.len()), (vec!["accuracy".to_owned()], 0));
    }
}
