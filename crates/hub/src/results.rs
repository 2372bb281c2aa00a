//! The numbers of a published run, with their intervals.

use serde::{Deserialize, Serialize};
use vimae_spec::RunRecord;

/// Standard errors in half of a 95 % interval of a normal distribution.
const HALF_95: f64 = 1.959_963_984_540_054;

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// What was measured.
    pub metric: String,
    /// How, in full.
    pub protocol: String,
    /// The value of the weights that are published.
    pub value: f64,
    /// Its 95 % interval over the sample or the draws of labels, 1.96 standard errors either way, where they are known.
    pub interval: Option<[f64; 2]>,
    /// Its unit.
    pub unit: String,
    /// Size of the sample.
    pub n: usize,
    /// Which way is better, where one is.
    pub higher_is_better: Option<bool>,
    /// The same over runs that differ in their seed alone, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_seeds: Option<OverSeeds>,
    /// What a reader should know beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A number over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// How many.
    pub seeds: usize,
    /// Their mean.
    pub mean: f64,
    /// The 95 % interval of the mean by Student's t.
    pub interval: [f64; 2],
}

/// Every number of one run that exists.
pub fn rows(record: &RunRecord) -> Vec<ResultRow> {
    let row = |m: &vimae_spec::Measurement| {
        let value = m.value.filter(|v| v.is_finite())?;
        Some(ResultRow {
            metric: m.metric.clone(),
            protocol: m.protocol.clone(),
            value,
            interval: m.standard_error.filter(|e| e.is_finite()).map(|e| [value - HALF_95 * e, value + HALF_95 * e]),
            unit: m.unit.clone(),
            n: m.n,
            higher_is_better: m.higher_is_better,
            over_seeds: None,
            note: m.note.clone(),
        })
    };
    record.measurements.iter().filter_map(row).collect()
}

/// Whether a number belongs on the card: one that has a better side, and is no detail of another.
pub(crate) fn on_card(row: &ResultRow) -> bool {
    row.higher_is_better.is_some() && !row.metric.contains(".class_") && !row.metric.contains(".dimension")
}
