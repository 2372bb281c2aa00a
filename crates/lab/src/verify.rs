//! Numbers recomputed from what a run stored.

use std::collections::BTreeSet;

use candle_core::Device;
use vimae_core::{Silent, catalogue::unknown_name};
use vimae_eval::chosen;
use vimae_spec::{Evaluation, Measurement};

use crate::{Result, RunFolder, Shelf, measure::measure_only, resolve::Parts, run::read_record};

/// One recorded value beside its recomputation.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What it is.
    pub what: String,
    /// As recorded.
    pub recorded: String,
    /// As computed now.
    pub now: String,
    /// Whether the two are the same.
    pub agrees: bool,
}

/// Loads a finished run's weights and data, compares their digests with the record, and measures everything again on the
/// CPU; or, of the numbers, only `cell`: a metric, or `metric/protocol`.
///
/// # Errors
/// Where a file of the run is absent or damaged, the data cannot be had, or the record has no such cell.
pub fn verify(folder: &RunFolder, cell: Option<&str>, shelf: &mut Shelf) -> Result<Vec<Check>> {
    let record = read_record(&folder.record())?;
    let asked = asked(&record.measurements, cell)?;
    let (parts, weights_sha256) = Parts::trained(&record.spec, folder, shelf, &Device::Cpu)?;
    let mut checks = vec![
        text("spec", &record.spec_sha256, &record.spec.sha256()),
        text("data", &record.data_sha256, parts.dataset.sha256()),
        text("weights", &record.weights_sha256, &weights_sha256),
    ];
    let evaluation = narrowed(&record.spec.evaluation, &asked);
    let metrics = chosen(&evaluation)?;
    let now = measure_only(&parts, (&metrics, &evaluation), record.spec.seed, &Silent)?.measurements;
    for recorded in asked {
        let again = now.iter().find(|m| m.same_quantity(recorded));
        let shown = |value: Option<f64>| value.map_or("none".into(), |v| v.to_string());
        checks.push(Check {
            what: format!("{} {}", recorded.metric, recorded.protocol),
            recorded: shown(recorded.value),
            now: again.map_or("not measured".into(), |m| shown(m.value)),
            agrees: again.is_some_and(|m| same(m.value, recorded.value)),
        });
    }
    Ok(checks)
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
    let entries: BTreeSet<&str> = asked.iter().map(|m| m.entry.as_str()).collect();
    let mut narrowed = evaluation.clone();
    narrowed.settings.retain(|name, _| entries.contains(name.as_str()));
    narrowed.metrics = entries.into_iter().map(String::from).collect();
    narrowed
}

fn text(what: &str, recorded: &str, now: &str) -> Check {
    Check { what: what.into(), recorded: recorded.into(), now: now.into(), agrees: recorded == now }
}

/// Equal but for what another processor's instructions may change in the last digits.
fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-4 * a.abs().max(b.abs()).max(1e-3),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::tests::record;

    fn measurement(metric: &str, protocol: &str) -> Measurement {
        Measurement { protocol: protocol.into(), ..record("vae", 0, metric, 1.0).measurements.remove(0) }
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
