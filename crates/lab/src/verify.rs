//! Numbers recomputed from what a run stored.

use std::collections::BTreeSet;

use candle_core::Device;
use vimae_core::catalogue::unknown_name;
use vimae_metrics::METRICS;
use vimae_spec::{Classifier, CodeName, Evaluation, KernelName, MaskFill, Measurement, NoiseOn};

use crate::{Result, RunFolder, Shelf, measure::measure, resolve::Parts, run::read_record};

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
    let evaluation = &record.spec.evaluation;
    let again = |evaluation: &Evaluation| -> Result<Vec<Measurement>> {
        Ok(measure(&parts, evaluation, record.spec.seed, &mut |_, _, _| {})?.measurements)
    };
    let mut now = match cell {
        Some(_) => again(&narrowed(evaluation, &asked))?,
        None => again(evaluation)?,
    };
    // Which metric gives a number is read from its name; where that misleads, everything is measured.
    if cell.is_some() && asked.iter().any(|recorded| !now.iter().any(|m| same_cell(m, recorded))) {
        now = again(evaluation)?;
    }
    for recorded in asked {
        let again = now.iter().find(|m| same_cell(m, recorded));
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
        (true, Some(protocol)) => Err(unknown_name("protocol", protocol, of_metric.iter().map(|m| m.protocol.as_str())).into()),
        _ => Ok(found),
    }
}

fn same_cell(a: &Measurement, b: &Measurement) -> bool {
    a.metric == b.metric && a.protocol == b.protocol
}

/// The evaluation without what does not give these measurements, as far as their names tell.
fn narrowed(evaluation: &Evaluation, asked: &[&Measurement]) -> Evaluation {
    let (accuracies, others): (Vec<&Measurement>, Vec<&Measurement>) =
        asked.iter().copied().partition(|m| m.metric.starts_with("accuracy."));
    let words: BTreeSet<&str> = others.iter().flat_map(|m| [head(&m.metric), head(&m.protocol)]).flat_map(|name| name.split('.')).collect();
    // `fid.classifier` and `coverage.classifier` come from the entry `fid_classifier`.
    let features = others.iter().any(|m| m.protocol.contains("features="));
    let gives = |name: &&str| name.split('_').chain([*name]).any(|part| words.contains(part) || (features && part == "fid"));
    let mut metrics: Vec<String> = METRICS.names().filter(gives).map(String::from).collect();
    if metrics.is_empty() {
        // None at all would mean all of them; this one costs next to nothing.
        metrics.push("reconstruction".into());
    }
    let mut narrowed = evaluation.clone();
    narrowed.settings.retain(|name, _| metrics.contains(name));
    narrowed.metrics = metrics;
    if accuracies.is_empty() {
        narrowed.labels = 0;
        return narrowed;
    }
    let says = |part: &str| accuracies.iter().any(|m| m.protocol.contains(part));
    narrowed.classifiers.retain(|classifier| match classifier {
        Classifier::Svm => says("svm.inductive("),
        Classifier::Tsvm => says("svm.transductive("),
        Classifier::Knn => says("knn("),
        Classifier::Probe => says("probe."),
    });
    narrowed.kernels.retain(|kernel| match kernel {
        KernelName::Rbf => says("kernel=rbf"),
        KernelName::Linear => says("kernel=linear"),
    });
    narrowed.noise.retain(|noise| match noise {
        NoiseOn::Test => says("noise=test"),
        NoiseOn::Both => says("noise=both"),
    });
    let grey = |m: &&Measurement| m.protocol.contains("mask=grey");
    narrowed.masks.retain(|fill| match fill {
        MaskFill::Grey => accuracies.iter().any(grey),
        MaskFill::Black => !accuracies.iter().all(grey),
    });
    narrowed.codes.retain(|code| match code {
        CodeName::Mean => says("code=mean"),
        CodeName::Sample => says("code=sample"),
    });
    narrowed
}

/// A protocol's name without its settings.
fn head(protocol: &str) -> &str {
    protocol.split('(').next().unwrap_or(protocol)
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
        let names = |cell| asked(&all, cell).map(|found| found.iter().map(|m| m.protocol.clone()).collect::<Vec<_>>());
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
        let everything = Evaluation {
            classifiers: vec![Classifier::Svm, Classifier::Tsvm, Classifier::Knn],
            kernels: vec![KernelName::Rbf, KernelName::Linear],
            noise: vec![NoiseOn::Test, NoiseOn::Both],
            ..Evaluation::default()
        };
        let of = |metric: &str, protocol: &str| narrowed(&everything, &[&measurement(metric, protocol)]);
        let ais = of("nll", "nll.ais(sigma=cv)");
        assert_eq!((ais.metrics.as_slice(), ais.labels), (["ais".to_owned(), "nll".to_owned()].as_slice(), 0));
        let accuracy = of("accuracy.clean", "svm.transductive(kernel=rbf,labels=10,pool=5,noise=both,code=mean)");
        assert_eq!((accuracy.classifiers, accuracy.kernels), (vec![Classifier::Tsvm], vec![KernelName::Rbf]));
        assert_eq!((accuracy.noise, accuracy.metrics, accuracy.labels), (vec![NoiseOn::Both], vec!["reconstruction".to_owned()], 1_000));
    }
}
