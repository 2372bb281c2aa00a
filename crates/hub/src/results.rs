//! The values of a published run, with their intervals.

use serde::{Deserialize, Serialize};
use vimae_spec::{Doubt, Measurement, RunRecord};

/// Standard errors in half of a 95 % interval of a normal distribution.
const HALF_95: f64 = 1.959_963_984_540_054;

/// A measurement of the weights that are published; its fields stand beside the others in files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The measurement. It has a value.
    #[serde(flatten)]
    pub measurement: Measurement,
    /// Its 95 % interval over the sample or the draws of labels, 1.96 standard errors either way, where they are known.
    pub interval: Option<[f64; 2]>,
    /// The same over runs that differ in their seed alone, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_seeds: Option<OverSeeds>,
}

/// A number over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// How many.
    pub seeds: usize,
    /// Their mean.
    pub mean: f64,
    /// The 95 % interval of the mean by Student's t, from three seeds on; none where all have one value.
    pub interval: Option<[f64; 2]>,
    /// Why some seed's value should not be relied on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
}

/// Every value of one run that exists and is finite.
pub fn published(record: &RunRecord) -> Vec<Published> {
    let one = |m: &Measurement| {
        let value = m.value.filter(|v| v.is_finite())?;
        let interval = m.standard_error.filter(|e| e.is_finite()).map(|e| [value - HALF_95 * e, value + HALF_95 * e]);
        Some(Published { measurement: m.clone(), interval, over_seeds: None })
    };
    record.measurements.iter().filter_map(one).collect()
}
