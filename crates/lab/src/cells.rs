//! Measurements of runs beside the paper's numbers.

use std::collections::BTreeMap;

use serde_json::Value;
use vimae_models::MODELS;
use vimae_spec::{Cell, Experiment, Measurement, Model, Paper, PaperRow, Protocol, RunRecord, WrittenCell};

/// The cells of one finished run: one for each measurement and each row of the paper that it belongs to, under the
/// experiment's own name where there is none.
pub fn of_run(experiment: &Experiment, record: &RunRecord, paper: &Paper) -> Vec<Cell> {
    let dataset = experiment.paper_dataset.as_deref().unwrap_or(&record.spec.dataset.name);
    let data = &record.spec.dataset;
    let fewer = |key: &str| data.settings.get(key).and_then(Value::as_u64).is_some_and(|images| images > 0);
    let stand_in = data.name != dataset || fewer("train_images") || fewer("test_images");
    let mut cells = Vec::new();
    for measurement in &record.measurements {
        let bare = bare(&experiment.name, record, measurement);
        let rows = experiment.targets.iter().filter(|name| row(paper, name, dataset, &measurement.metric).is_some());
        let beside = |name: &String| Cell { target: name.clone(), paper_dataset: Some(dataset.into()), stand_in, ..bare.clone() };
        let held: Vec<Cell> = rows.map(beside).collect();
        if held.is_empty() {
            cells.push(bare);
        }
        cells.extend(held);
    }
    hold_against(&mut cells, paper);
    cells
}

/// Cells as `results.json` and `--json` have them.
pub(crate) fn written(cells: &[Cell]) -> Vec<WrittenCell<'_>> {
    cells.iter().map(WrittenCell::from).collect()
}

/// Puts the paper's numbers beside cells that stand for its tables and figures: for each run and row beside one protocol, the
/// nearest to the paper's among those that have a value. Other numbers that stood there go.
pub fn hold_against(cells: &mut [Cell], paper: &Paper) {
    let mut nearest: BTreeMap<(String, String, String, String), (usize, Protocol)> = BTreeMap::new();
    let key =
        |cell: &Cell, dataset: &str| (cell.spec_sha256.clone(), cell.target.clone(), dataset.to_owned(), cell.measurement.metric.clone());
    let ranked = |cell: &Cell| {
        let dataset = cell.paper_dataset.as_deref()?;
        let row = row(paper, &cell.target, dataset, &cell.measurement.metric)?;
        let rank = row.rank(&cell.measurement.protocol).filter(|_| cell.measurement.value.is_some())?;
        Some((key(cell, dataset), rank))
    };
    for cell in cells.iter() {
        let Some((key, rank)) = ranked(cell) else { continue };
        let found = (rank, cell.measurement.protocol.clone());
        let kept = nearest.entry(key).or_insert_with(|| found.clone());
        if found.0 < kept.0 {
            *kept = found;
        }
    }
    for cell in cells {
        let is_nearest =
            ranked(cell).is_some_and(|(key, _)| nearest.get(&key).is_some_and(|(_, protocol)| *protocol == cell.measurement.protocol));
        let row = cell.paper_dataset.as_deref().and_then(|dataset| row(paper, &cell.target, dataset, &cell.measurement.metric));
        let printed = row.filter(|_| is_nearest).and_then(|row| row.values.get(&cell.method)).copied();
        cell.paper = printed;
        cell.paper_certainty = printed.and_then(|_| paper.0.get(&cell.target)).map(|target| target.certainty);
        cell.tolerance = printed.and(row).map(|row| row.tolerance);
    }
}

/// The row of a target that values of a metric on `dataset` of the paper belong to.
fn row<'a>(paper: &'a Paper, target: &str, dataset: &str, metric: &str) -> Option<&'a PaperRow> {
    let target = paper.0.get(target)?;
    target.rows.iter().find(|row| row.metric == metric && row.dataset.as_ref().unwrap_or(&target.dataset) == dataset)
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
        stand_in: false,
        paper: None,
        paper_certainty: None,
        tolerance: None,
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
    use serde_json::json;
    use vimae_spec::{Component, Direction, Evaluation, RunSpec, Training};

    use super::*;
    use crate::schedule::plan;

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
                stream: None,
                strategy: None,
                likelihood: None,
                sampler: None,
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
            early_stopping: None,
            training_seconds: 1.0,
            evaluation_seconds: 1.0,
            measurements: vec![measurement],
            lifelong: None,
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

    /// A table of the paper that prints 90 for the VAE on MNIST, within 1.5, of a metric by the first of `protocols` that there is.
    fn printed(metric: &str, protocols: &str) -> Paper {
        let text = format!(
            r#"
            [table3]
            title = "t"
            dataset = "mnist"
            [[table3.rows]]
            label = "a"
            metric = "{metric}"
            protocols = {protocols}
            tolerance = 1.5
            values = {{ vae = 90 }}
        "#
        );
        Paper::parse(&text, std::path::Path::new("targets.toml")).unwrap()
    }

    #[test]
    fn the_papers_number_stands_beside_the_nearest_protocol_alone() {
        let paper = printed("accuracy", r#"["tsvm(*)", "svm"]"#);
        let of = |protocols: &[(&str, Option<f64>)]| {
            let cell = |(protocol, value): &(&str, Option<f64>)| {
                let record = record("vae", 0, "accuracy", 88.0);
                let cell =
                    bare("table3", &record, &Measurement { protocol: (*protocol).into(), value: *value, ..record.measurements[0].clone() });
                Cell { paper_dataset: Some("mnist".into()), paper: Some(1.0), ..cell }
            };
            let mut cells: Vec<Cell> = protocols.iter().map(cell).collect();
            hold_against(&mut cells, &paper);
            cells.iter().map(|cell| cell.paper.zip(cell.tolerance)).collect::<Vec<_>>()
        };
        let printed = Some((90.0, 1.5));
        assert_eq!(of(&[("svm", Some(1.0)), ("tsvm(pool=9)", Some(2.0)), ("knn", Some(3.0))]), [None, printed, None]);
        // What has no value is not the nearest.
        assert_eq!(of(&[("svm", Some(1.0)), ("tsvm(pool=9)", None)]), [printed, None]);
    }

    #[test]
    fn other_images_and_a_part_of_the_papers_stand_in_for_them() {
        let paper = printed("rate", r#"["p"]"#);
        let mut experiment = plan::tests::experiment("x", &[]);
        (experiment.targets, experiment.paper_dataset) = (vec!["table3".into()], Some("mnist".into()));
        let stands_in = |name: &str, settings: Value| {
            let mut record = record("vae", 0, "rate", 5.0);
            record.spec.dataset = Component { name: name.into(), settings: settings.as_object().unwrap().clone() };
            let cells = of_run(&experiment, &record, &paper);
            assert_eq!((cells.len(), cells[0].paper), (1, Some(90.0)));
            cells[0].stand_in
        };
        assert!(stands_in("digits", json!({})));
        assert!(stands_in("mnist", json!({ "train_images": 5000 })) && stands_in("mnist", json!({ "test_images": 500 })));
        assert!(!stands_in("mnist", json!({})) && !stands_in("mnist", json!({ "train_images": 0 })));
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
