//! Results side by side with the paper.

use serde::{Deserialize, Serialize};

use crate::{Certainty, Direction, Doubt, Kind, Measurement, Protocol, Slice, Verdict};

/// One value of `results.json`: where it stands in the paper, what it is and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The paper's table or figure, or the experiment's name where the paper has none for it.
    pub target: String,
    /// Data set it was measured on.
    pub dataset: String,
    /// The network and its size: `wae_conv, width 16, code 8`.
    #[serde(default)]
    pub model: String,
    /// Method.
    pub method: String,
    /// Seed of the run.
    pub seed: u64,
    /// What was measured, how, and what came out; its fields stand beside the others in files.
    #[serde(flatten)]
    pub measurement: Measurement,
    /// The data set of the paper that it is held against; another than its own where a smaller one stands in.
    pub paper_dataset: Option<String>,
    /// Whether the data are not the paper's: another data set in its place, or a part of it. Such values are not judged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stand_in: bool,
    /// The paper's value for this cell, where it prints one.
    pub paper: Option<f64>,
    /// How sure that reading of the paper is.
    pub paper_certainty: Option<Certainty>,
    /// How far ours may lie from the paper's value to agree with it, in the value's unit.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// Digest of the run's specification.
    pub spec_sha256: String,
    /// Digest of the data.
    pub data_sha256: String,
    /// Digest of the weights.
    pub weights_sha256: String,
    /// Commit of the code.
    pub git_commit: String,
    /// Where it ran.
    pub device: String,
    /// Seconds of training and evaluation of the run.
    pub seconds: f64,
}

/// What a value is of, whatever the seed: two values of one key differ in nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// As in [`Cell`].
    pub target: String,
    /// As in [`Cell`].
    pub dataset: String,
    /// The data set of the paper that it stands for; its own where it stands for no other.
    pub stands_for: String,
    /// As in [`Cell`].
    pub method: String,
    /// As in [`Measurement`].
    pub metric: String,
    /// As in [`Measurement`].
    pub protocol: Protocol,
}

impl Cell {
    /// What it is a value of, with or without other seeds.
    pub fn key(&self) -> CellKey {
        CellKey {
            target: self.target.clone(),
            dataset: self.dataset.clone(),
            stands_for: self.paper_dataset.as_ref().unwrap_or(&self.dataset).clone(),
            method: self.method.clone(),
            metric: self.measurement.metric.clone(),
            protocol: self.measurement.protocol.clone(),
        }
    }
}

/// All cells of a reproduction.
pub type Results = Vec<Cell>;

/// A cell as files have it: with whether its own value is near enough to the paper's.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WrittenCell<'a> {
    #[serde(flatten)]
    cell: &'a Cell,
    /// Whether the value of this seed lies within the tolerance of the paper's; null where one of them is absent. What the method
    /// comes to over its seeds says [`SummaryRow::verdict`].
    inside_tolerance: Option<bool>,
}

impl<'a> From<&'a Cell> for WrittenCell<'a> {
    fn from(cell: &'a Cell) -> Self {
        let off = cell.measurement.value.zip(cell.paper).map(|(value, paper)| (value - paper).abs());
        Self { cell, inside_tolerance: off.zip(cell.tolerance).map(|(off, tolerance)| off <= tolerance) }
    }
}

/// One row of `summary.json`: a cell over its seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummaryRow {
    /// As in [`Cell`].
    pub target: String,
    /// As in [`Cell`].
    pub dataset: String,
    /// As in [`Cell`].
    #[serde(default)]
    pub model: String,
    /// As in [`Cell`].
    pub method: String,
    /// As in [`Measurement`].
    pub entry: String,
    /// As in [`Measurement`].
    pub metric: String,
    /// As in [`Measurement`].
    pub protocol: Protocol,
    /// As in [`Measurement`].
    pub unit: String,
    /// As in [`Measurement`].
    #[serde(rename = "higher_is_better")]
    pub direction: Direction,
    /// As in [`Measurement`].
    #[serde(default, skip_serializing_if = "Kind::is_estimate")]
    pub kind: Kind,
    /// As in [`Measurement`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<Slice>,
    /// Mean over seeds; absent where no seed has a value, and for p values of several seeds.
    pub mean: Option<f64>,
    /// 95 % interval of the mean over seeds (Student's t, or Wilson's for a share of seeds); absent with one seed and where
    /// all are equal.
    pub interval: Option<[f64; 2]>,
    /// Seeds with a value.
    pub seeds: usize,
    /// As in [`Cell`].
    pub paper_dataset: Option<String>,
    /// As in [`Cell`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stand_in: bool,
    /// The paper's value.
    pub paper: Option<f64>,
    /// How sure that reading of the paper is.
    pub paper_certainty: Option<Certainty>,
    /// Mean minus the paper's value.
    pub difference: Option<f64>,
    /// As in [`Cell`].
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// Whether the interval agrees with the paper's value; absent where there is no value of ours or of the paper's.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// Why some seed's value should not be relied on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// What a reader should know beside the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl SummaryRow {
    /// Why it should not be relied on, as [`Doubt::warning_of_mean`].
    pub fn warning(&self) -> Option<String> {
        Doubt::warning_of_mean(&self.doubts, self.seeds)
    }

    /// The key of the cells behind it: [`Cell::key`].
    pub fn key(&self) -> CellKey {
        CellKey {
            target: self.target.clone(),
            dataset: self.dataset.clone(),
            stands_for: self.paper_dataset.as_ref().unwrap_or(&self.dataset).clone(),
            method: self.method.clone(),
            metric: self.metric.clone(),
            protocol: self.protocol.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_cell_says_whether_it_is_near_the_papers_and_reads_back() {
        let cell = Cell {
            target: "table3".into(),
            dataset: "mnist".into(),
            model: "mlp, code 8".into(),
            method: "vae".into(),
            seed: 1,
            measurement: Measurement::new("rate", "rate", "rate.gaussian".into(), "nats").valued(54.0, None),
            paper_dataset: Some("mnist".into()),
            stand_in: false,
            paper: Some(54.5),
            paper_certainty: Some(Certainty::Printed),
            tolerance: Some(1.0),
            spec_sha256: String::new(),
            data_sha256: String::new(),
            weights_sha256: String::new(),
            git_commit: String::new(),
            device: "cpu".into(),
            seconds: 1.0,
        };
        let inside = |cell: &Cell| serde_json::to_value(WrittenCell::from(cell)).unwrap()["inside_tolerance"].clone();
        assert_eq!(inside(&cell), true);
        assert_eq!(inside(&Cell { tolerance: Some(0.25), ..cell.clone() }), false);
        assert!(inside(&Cell { paper: None, ..cell.clone() }).is_null());
        let text = serde_json::to_string(&WrittenCell::from(&cell)).unwrap();
        assert!(text.contains("\"metric\":\"rate\"") && text.ends_with("\"inside_tolerance\":true}"), "{text}");
        assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), cell);
    }
}
