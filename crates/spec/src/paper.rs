//! The numbers that the paper prints.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How sure a number of the paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Readable in the text as it is.
    Printed,
    /// Put back in order from a rotated table; a digit may be wrong.
    Recovered,
}

/// Every table and figure of the paper, by name (`table3`, `figure6`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Paper(pub BTreeMap<String, PaperTarget>);

/// One table or figure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperTarget {
    /// What it shows.
    pub title: String,
    /// The data set it is about.
    pub dataset: String,
    /// What the paper leaves open, or another remark for readers.
    #[serde(default)]
    pub note: Option<String>,
    /// How sure its numbers are.
    #[serde(default = "PaperTarget::printed")]
    pub certainty: Certainty,
    /// Its numbers; none for a figure of pictures alone.
    #[serde(default)]
    pub rows: Vec<PaperRow>,
    /// What its text claims of its numbers.
    #[serde(default)]
    pub claims: Vec<PaperClaim>,
}

/// A claim of the paper: by a metric, one method stands above others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperClaim {
    /// A short name, of which the metric `claim.NAME` of its cells is made.
    pub name: String,
    /// The claim in words.
    pub text: String,
    /// The metrics of ours that decide it; it holds where their mean does.
    pub metrics: Vec<String>,
    /// The protocols of ours that it may be decided by, the nearest first; the first that was measured is taken.
    pub protocols: Vec<String>,
    /// The method that is best.
    pub best: String,
    /// The methods that it is better than, each of them.
    pub than: Vec<String>,
}

impl PaperTarget {
    fn printed() -> Certainty {
        Certainty::Printed
    }
}

/// One quantity of a table or figure, for several methods.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperRow {
    /// What the row is called.
    pub label: String,
    /// The metric of ours that it is compared with.
    pub metric: String,
    /// The protocols of ours that come nearest to the paper's, the nearest first; the others are shown beside it.
    pub protocols: Vec<String>,
    /// Tolerance of the comparison, as a share of the paper's value.
    pub tolerance: f64,
    /// The data set, where it is not the target's.
    #[serde(default)]
    pub dataset: Option<String>,
    /// The value of each method.
    pub values: BTreeMap<String, f64>,
}

impl PaperRow {
    /// How near a protocol is to the paper's: 0 is the nearest; none where it is only shown beside it.
    pub fn rank(&self, protocol: &str) -> Option<usize> {
        self.protocols.iter().position(|p| p == protocol)
    }
}

impl Paper {
    /// Reads the numbers from TOML.
    ///
    /// # Errors
    /// [`Error::Form`] naming `path` where the text is not of this form.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|e| Error::form(path, e))
    }
}
