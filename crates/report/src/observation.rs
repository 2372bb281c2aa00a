//! A measurement with the run that it is of.

use vimae_spec::{Cell, Measurement, RunRecord};

/// A measurement and the run that it is of.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The method.
    pub method: &'a str,
    /// The data set.
    pub dataset: &'a str,
    /// The digest of its images: settings of a data set change them under the same name.
    pub data: &'a str,
    /// The run's seed.
    pub seed: u64,
    /// Dimensions of the code, where they are known.
    pub code: Option<usize>,
    /// What was measured.
    pub measurement: &'a Measurement,
}

impl<'a> Observation<'a> {
    /// Those of a run.
    pub fn of_run(record: &'a RunRecord) -> impl Iterator<Item = Self> {
        let spec = &record.spec;
        let one = |measurement| Self {
            method: &spec.method,
            dataset: &spec.dataset.name,
            data: &record.data_sha256,
            seed: spec.seed,
            code: Some(spec.model.code),
            measurement,
        };
        record.measurements.iter().map(one)
    }
}

impl<'a> From<&'a Cell> for Observation<'a> {
    fn from(cell: &'a Cell) -> Self {
        let Cell { method, dataset, data_sha256: data, seed, measurement, .. } = cell;
        Self { method, dataset, data, seed: *seed, code: None, measurement }
    }
}
