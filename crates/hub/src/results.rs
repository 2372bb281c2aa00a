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
    /// The value; the mean where there are several seeds.
    pub value: f64,
    /// The 95 % interval, where it is known.
    pub interval: Option<[f64; 2]>,
    /// What the interval covers.
    pub over: Over,
    /// How many seeds the value is the mean of.
    pub seeds: usize,
    /// Its unit.
    pub unit: String,
    /// Size of the sample.
    pub n: usize,
    /// Which way is better, where one is.
    pub higher_is_better: Option<bool>,
    /// What a reader should know beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What an interval covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The sample, or the draws of labels, of one run: 1.96 standard errors either way.
    Sample,
    /// Runs that differ in their seed alone: by Student's t.
    Seeds,
}

impl Over {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Sample => "the sample or the draws of labels of one run, 1.96 standard errors",
            Self::Seeds => "seeds, by Student's t",
        }
    }
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
            over: Over::Sample,
            seeds: 1,
            unit: m.unit.clone(),
            n: m.n,
            higher_is_better: m.higher_is_better,
            note: m.note.clone(),
        })
    };
    record.measurements.iter().filter_map(row).collect()
}

/// Whether a number belongs on the card: one that has a better side, and is no detail of another.
pub(crate) fn on_card(row: &ResultRow) -> bool {
    row.higher_is_better.is_some() && !row.metric.contains(".class_") && !row.metric.contains(".dimension")
}
