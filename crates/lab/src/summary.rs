//! Cells over their seeds.

use std::collections::BTreeMap;

use vimae_metrics::students_t;
use vimae_spec::{Cell, CellKey, SummaryRow};

/// One row for each target, data set, data set of the paper that it stands for, method, metric and protocol, in the order
/// of their first cell.
pub(crate) fn over_seeds(cells: &[Cell]) -> Vec<SummaryRow> {
    let mut groups: BTreeMap<CellKey, (usize, Vec<&Cell>)> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        groups.entry(cell.key()).or_insert_with(|| (index, Vec::new())).1.push(cell);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|(first, _)| *first);
    groups.into_iter().filter_map(|(_, cells)| row(&cells)).collect()
}

fn row(cells: &[&Cell]) -> Option<SummaryRow> {
    let first = cells.first()?;
    let values: Vec<f64> = cells.iter().filter_map(|c| c.measurement.value).collect();
    let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let interval = students_t::interval(&values);
    let within_interval = first.paper.zip(interval).map(|(paper, [low, high])| (low..=high).contains(&paper));
    // Every seed has the same tolerance; the mean is inside where the paper's value is, seed by seed or by the interval.
    let within_tolerance = cells.iter().filter_map(|c| c.inside_tolerance).reduce(|a, b| a && b);
    Some(SummaryRow {
        target: first.target.clone(),
        dataset: first.dataset.clone(),
        model: first.model.clone(),
        method: first.method.clone(),
        entry: first.measurement.entry.clone(),
        metric: first.measurement.metric.clone(),
        protocol: first.measurement.protocol.clone(),
        unit: first.measurement.unit.clone(),
        direction: first.measurement.direction,
        slice: first.measurement.slice.clone(),
        mean,
        interval,
        seeds: values.len(),
        paper_dataset: first.paper_dataset.clone(),
        paper: first.paper,
        paper_certainty: first.paper_certainty,
        difference: mean.zip(first.paper).map(|(mean, paper)| mean - paper),
        inside: match (within_interval, within_tolerance) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(false) || b.unwrap_or(false)),
        },
        note: first.measurement.note.clone(),
    })
}
