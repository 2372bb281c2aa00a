//! Measurements of runs beside the paper's numbers.

use vimae_spec::{Cell, Experiment, Paper, RunRecord};

/// The cells of one finished run: one for each measurement and each row of the paper that it is held
/// against, under the experiment's own name where there is none.
pub fn of_run(experiment: &Experiment, record: &RunRecord, paper: &Paper) -> Vec<Cell> {
    let dataset = experiment.paper_dataset.as_deref().unwrap_or(&record.spec.dataset.name);
    let mut cells = Vec::new();
    for measurement in &record.measurements {
        let bare = Cell {
            target: experiment.name.clone(),
            dataset: record.spec.dataset.name.clone(),
            method: record.spec.method.clone(),
            seed: record.spec.seed,
            metric: measurement.metric.clone(),
            protocol: measurement.protocol.clone(),
            value: measurement.value,
            unit: measurement.unit.clone(),
            n: measurement.n,
            higher_is_better: measurement.higher_is_better,
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
            note: measurement.note.clone(),
        };
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
