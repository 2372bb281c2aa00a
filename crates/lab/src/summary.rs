//! Cells over their seeds.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, StudentsT};
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
    let interval = mean.and_then(|mean| interval(&values, mean));
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

/// The 95 % interval of a mean by Student's t; none for fewer than two values.
pub(crate) fn interval(values: &[f64], mean: f64) -> Option<[f64; 2]> {
    let n = values.len();
    let freedom = n.checked_sub(1).filter(|f| *f > 0)? as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / freedom;
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975);
    let half = t * (variance / n as f64).sqrt();
    Some([mean - half, mean + half])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        // Ten values with mean 5.5 and standard deviation 3.0277; t at 9 degrees is 2.2622.
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let [low, high] = interval(&values, 5.5).unwrap();
        assert!((low - 3.3341).abs() < 1e-3 && (high - 7.6659).abs() < 1e-3, "{low} {high}");
        assert_eq!(interval(&[1.0], 1.0), None);
    }
}
