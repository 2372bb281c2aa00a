//! Measurements of runs beside the paper's numbers.

use vimae_models::MODELS;
use vimae_spec::{Cell, Experiment, Measurement, Model, Paper, RunRecord};

/// The cells of one finished run: one for each measurement and each row of the paper that it is held
/// against, under the experiment's own name where there is none.
pub fn of_run(experiment: &Experiment, record: &RunRecord, paper: &Paper) -> Vec<Cell> {
    let dataset = experiment.paper_dataset.as_deref().unwrap_or(&record.spec.dataset.name);
    let mut cells = Vec::new();
    for measurement in &record.measurements {
        let bare = bare(&experiment.name, record, measurement);
        let before = cells.len();
        for (name, target) in experiment.targets.iter().filter_map(|name| Some((name, paper.0.get(name)?))) {
            let rows = target.rows.iter().filter(|row| row.metric == measurement.metric);
            for row in rows.filter(|row| row.dataset.as_ref().unwrap_or(&target.dataset) == dataset) {
                let printed = row.values.get(&record.spec.method).copied();
                cells.push(Cell {
                    target: name.clone(),
                    paper_dataset: Some(dataset.into()),
                    paper: printed,
                    paper_certainty: printed.map(|_| target.certainty),
                    inside_tolerance: printed
                        .zip(measurement.value)
                        .map(|(printed, ours)| (ours - printed).abs() <= row.tolerance * printed.abs()),
                    ..bare.clone()
                });
            }
        }
        if cells.len() == before {
            cells.push(bare);
        }
    }
    cells
}

/// A measurement of a run as a cell that the paper has nothing beside.
pub(crate) fn bare(target: &str, record: &RunRecord, measurement: &Measurement) -> Cell {
    Cell {
        target: target.into(),
        dataset: record.spec.dataset.name.clone(),
        model: network(&record.spec.model),
        method: record.spec.method.clone(),
        seed: record.spec.seed,
        measurement: measurement.clone(),
        paper_dataset: None,
        paper: None,
        paper_certainty: None,
        inside_tolerance: None,
        spec_sha256: record.spec_sha256.clone(),
        data_sha256: record.data_sha256.clone(),
        weights_sha256: record.weights_sha256.clone(),
        git_commit: record.git_commit.clone(),
        device: record.device.clone(),
        seconds: record.training_seconds + record.evaluation_seconds,
    }
}

/// A network and its size in words: the paper's are many times as wide as those of short runs.
fn network(model: &Model) -> String {
    let width = MODELS.check(&model.name, &model.settings).ok().and_then(|(_, settings)| settings.get("width").cloned());
    let width = width.map_or_else(String::new, |width| format!(", width {width}"));
    format!("{}{width}, code {}", model.name, model.code)
}

#[cfg(test)]
pub(crate) mod tests {
    use vimae_spec::{Component, Direction, Evaluation, Protocol, RunSpec, Training};

    use super::*;

    /// A record with one measurement, of which less is better.
    pub(crate) fn record(method: &str, seed: u64, metric: &str, value: f64) -> RunRecord {
        let measurement =
            Measurement::new("entry", metric, Protocol::new("p"), "nats").valued(value, None).sized(10).better(Direction::Lower);
        RunRecord {
            format: RunRecord::FORMAT,
            spec: RunSpec {
                method: method.into(),
                dataset: Component::named("digits"),
                model: Model { name: "mlp".into(), code: 2, settings: serde_json::Map::new() },
                objective: Component::named("vae"),
                prior: None,
                noise: None,
                divergence: None,
                training: Training::default(),
                evaluation: Evaluation::default(),
                seed,
            },
            spec_sha256: format!("{method}{seed}"),
            training_sha256: String::new(),
            data_sha256: String::new(),
            broken_images: None,
            weights_sha256: String::new(),
            git_commit: String::new(),
            version: String::new(),
            device: "cpu (x86_64)".into(),
            parameters: 0,
            steps: 0,
            rollbacks: Vec::new(),
            training_seconds: 1.0,
            evaluation_seconds: 1.0,
            measurements: vec![measurement],
            figures: Vec::new(),
            files: std::collections::BTreeMap::new(),
            log: String::new(),
        }
    }

    #[test]
    fn a_network_is_told_with_its_width_given_or_default() {
        let model =
            |settings: serde_json::Value| Model { name: "wae_conv".into(), code: 8, settings: settings.as_object().unwrap().clone() };
        assert_eq!(network(&model(serde_json::json!({ "width": 16 }))), "wae_conv, width 16, code 8");
        assert_eq!(network(&model(serde_json::json!({}))), "wae_conv, width 128, code 8");
        let unknown = Model { name: "another".into(), ..model(serde_json::json!({})) };
        assert_eq!(network(&unknown), "another, code 8");
    }

    #[test]
    fn a_measurement_without_a_row_stands_under_the_experiment() {
        let cell = bare("digits", &record("vae", 3, "rate", 5.0), &record("vae", 3, "rate", 5.0).measurements[0]);
        assert_eq!(
            (cell.target.as_str(), cell.seed, cell.measurement.value, cell.paper, cell.seconds),
            ("digits", 3, Some(5.0), None, 2.0)
        );
    }
}
