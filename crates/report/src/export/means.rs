//! Means over seeds as comma-separated values.

use std::collections::BTreeMap;

use vimae_spec::{Cell, CellKey, SummaryRow};

use super::csv::{line, shown};

const NAMES: [&str; 13] = [
    "target",
    "dataset",
    "method",
    "metric",
    "protocol",
    "unit",
    "higher_is_better",
    "mean",
    "standard_deviation",
    "interval_low",
    "interval_high",
    "seeds",
    "paper",
];

/// A line of names, then a line a mean; the standard deviations are those of `cells`.
pub(super) fn text<'a>(rows: impl Iterator<Item = &'a SummaryRow>, cells: &[Cell]) -> String {
    let mut values: BTreeMap<CellKey, Vec<f64>> = BTreeMap::new();
    for cell in cells {
        values.entry(cell.key()).or_default().extend(cell.measurement.value);
    }
    let mut text = line(NAMES.iter().map(|name| (*name).to_owned()));
    for row in rows {
        let end = |place: usize| shown(row.interval.and_then(|interval| interval.get(place).copied()));
        let fields = [
            row.target.clone(),
            row.dataset.clone(),
            row.method.clone(),
            row.metric.clone(),
            row.protocol.to_string(),
            row.unit.clone(),
            shown(row.direction.higher_is_better()),
            shown(row.mean),
            shown(values.get(&row.key()).and_then(|values| deviation(values))),
            end(0),
            end(1),
            row.seeds.to_string(),
            shown(row.paper),
        ];
        text += &line(fields.into_iter());
    }
    text
}

/// The standard deviation; none for fewer than two values.
fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.len() > 1).then(|| (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}
