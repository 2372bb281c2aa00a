//! Means over seeds as comma-separated values.

use std::collections::BTreeMap;

use vimae_spec::{Cell, CellKey, Measurement, SummaryRow};

use super::csv::{self, doubts, line, shown};
use crate::{
    headline_table::{HeadlineRow, HeadlineTable, HeadlineValue},
    spread::mean_and_deviation,
};

const NAMES: [&str; 15] = [
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
    "doubts",
    "note",
];

/// The fields of a line.
pub(super) type Fields = [String; NAMES.len()];
/// The values of each mean.
pub(super) type Values = BTreeMap<CellKey, Vec<f64>>;

/// The values of the means that `cells` are behind.
pub(super) fn values(cells: &[&Cell]) -> Values {
    let mut values = Values::new();
    for cell in cells {
        values.entry(cell.key()).or_default().extend(cell.measurement.value);
    }
    values
}

/// A line of names, then a line a mean.
pub(super) fn text(means: impl Iterator<Item = Fields>) -> String {
    let names = line(NAMES.iter().map(|name| (*name).to_owned()));
    [names].into_iter().chain(means.map(|fields| line(fields.into_iter()))).collect()
}

/// A row of the summary, with the standard deviation of its values.
pub(super) fn of_row(target: &str, row: &SummaryRow, values: &Values) -> Fields {
    let [low, high] = ends(row.interval);
    [
        target.to_owned(),
        row.dataset.clone(),
        row.method.clone(),
        row.metric.clone(),
        row.protocol.to_string(),
        csv::unit(&row.protocol, &row.unit),
        shown(row.direction.higher_is_better()),
        shown(row.mean),
        shown(values.get(&row.key()).and_then(|values| mean_and_deviation(values.iter().copied()).1)),
        low,
        high,
        row.seeds.to_string(),
        shown(row.paper),
        doubts(&row.doubts),
        shown(row.note.as_ref()),
    ]
}

/// The values of a headline table, row by row, with the ends of intervals that it shows.
pub(super) fn of_headlines(target: &str, table: &HeadlineTable) -> Vec<Fields> {
    let fields = |(row, value): (&HeadlineRow, &HeadlineValue)| {
        let Measurement { metric, protocol, unit, direction, .. } = value.example.as_ref()?;
        let [low, high] = ends(value.interval);
        Some([
            target.to_owned(),
            row.dataset.clone(),
            row.name.clone(),
            metric.clone(),
            protocol.to_string(),
            csv::unit(protocol, unit),
            shown(direction.higher_is_better()),
            shown(value.mean),
            shown(value.deviation),
            low,
            high,
            value.seeds.to_string(),
            String::new(),
            doubts(&value.doubts),
            shown(value.note()),
        ])
    };
    let all = table.rows.iter().flat_map(|row| row.values.iter().map(move |value| (row, value)));
    all.filter_map(fields).collect()
}

/// Both ends of an interval; nothing where there is none.
fn ends(interval: Option<[f64; 2]>) -> [String; 2] {
    interval.map(|ends| ends.map(|end| end.to_string())).unwrap_or_default()
}
