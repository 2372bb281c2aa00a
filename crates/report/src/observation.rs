//! A measurement with the run that it is of.

use vimae_spec::{Cell, Measurement, RunRecord};

use crate::run_view::RunView;

/// Steps of training from which on what evaluation takes of batch norm is that of the images: at a weight of 0.1 for each batch less
/// than a hundredth of the running statistics is then what they began with.
pub const SETTLING_STEPS: u64 = 50;

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
    /// The run's steps where they are fewer than [`SETTLING_STEPS`] and its network has batch norm with running statistics; none
    /// elsewhere, and where that is not known.
    pub unsettled: Option<u64>,
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
            unsettled: None,
            measurement,
        };
        record.measurements.iter().map(one)
    }

    /// Those of a run as pages see it.
    pub fn of_view(run: &'a RunView) -> impl Iterator<Item = Self> {
        let unsettled = run.unsettled;
        Self::of_run(&run.record).map(move |one| Self { unsettled, ..one })
    }
}

impl<'a> From<&'a Cell> for Observation<'a> {
    fn from(cell: &'a Cell) -> Self {
        let Cell { method, dataset, data_sha256: data, seed, measurement, .. } = cell;
        Self { method, dataset, data, seed: *seed, code: None, unsettled: None, measurement }
    }
}
