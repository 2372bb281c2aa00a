//! Methods beside one another and beside the paper, over the seeds: `comparisons.json`.

use serde::{Deserialize, Serialize};

use crate::{Certainty, Direction, Protocol};

/// What the seeds allow to say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Comparisons {
    /// How the numbers below were made, in words.
    pub how: String,
    /// Bootstrap intervals of means over seeds.
    pub intervals: Vec<BootstrapInterval>,
    /// Methods in pairs, on the seeds that both have.
    pub pairs: Vec<PairedComparison>,
    /// Means beside the paper's values.
    pub verdicts: Vec<PaperVerdict>,
}

/// A bootstrap interval of a mean over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BootstrapInterval {
    /// As in [`crate::Cell`].
    pub target: String,
    /// As in [`crate::Cell`].
    pub dataset: String,
    /// As in [`crate::Cell`].
    pub method: String,
    /// As in [`crate::Cell`].
    pub metric: String,
    /// As in [`crate::Cell`].
    pub protocol: Protocol,
    /// Seeds with a value.
    pub seeds: usize,
    /// Mean over them.
    pub mean: f64,
    /// The 95 % interval: bias-corrected and accelerated.
    pub interval: [f64; 2],
}

/// Two methods by one metric and protocol: the first minus the second, seed by seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// As in [`crate::Cell`].
    pub target: String,
    /// As in [`crate::Cell`].
    pub dataset: String,
    /// As in [`crate::Cell`].
    pub metric: String,
    /// As in [`crate::Cell`].
    pub protocol: Protocol,
    /// As in [`crate::Cell`].
    pub unit: String,
    /// As in [`crate::Cell`].
    #[serde(rename = "higher_is_better")]
    pub direction: Direction,
    /// The first method.
    pub method: String,
    /// The second method.
    pub other: String,
    /// Seeds that both have.
    pub n: usize,
    /// Mean difference.
    pub difference: f64,
    /// Its 95 % interval by Student's t; absent with one seed.
    pub interval: Option<[f64; 2]>,
    /// Student's t; absent with one seed and where the difference is the same on all.
    pub t: Option<f64>,
    /// Two-sided p of the paired t test.
    pub p_t: Option<f64>,
    /// The same by Holm's correction over the pairs of this metric and protocol.
    pub p_t_holm: Option<f64>,
    /// Two-sided p when the sign of each seed's difference may be either; absent with one seed.
    pub p_permutation: Option<f64>,
    /// The same by Holm's correction over the pairs of this metric and protocol.
    pub p_permutation_holm: Option<f64>,
    /// Whether all signs were gone through; else a fixed number was drawn.
    pub exact: bool,
}

/// How a mean stands beside the paper's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The paper's value lies in our 95 % interval.
    InsideInterval,
    /// It does not, or there is none, but ours lies within the stated tolerance on every seed.
    InsideTolerance,
    /// Neither.
    Differs,
}

/// A mean beside the paper's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaperVerdict {
    /// As in [`crate::Cell`].
    pub target: String,
    /// As in [`crate::Cell`].
    pub dataset: String,
    /// As in [`crate::Cell`].
    pub method: String,
    /// As in [`crate::Cell`].
    pub metric: String,
    /// As in [`crate::Cell`].
    pub protocol: Protocol,
    /// Seeds with a value.
    pub seeds: usize,
    /// Our mean over them.
    pub mean: f64,
    /// The paper's value.
    pub paper: f64,
    /// How sure that reading of the paper is.
    pub paper_certainty: Option<Certainty>,
    /// Our mean minus the paper's value.
    pub difference: f64,
    /// The same as a share of the paper's value; absent where that is 0.
    pub relative: Option<f64>,
    /// How it stands.
    pub standing: Standing,
    /// The same in a sentence.
    pub words: String,
}
