//! The numbers that the paper prints.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Error, Protocol, Result};

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
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
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
    /// Its numbers; none for a figure of images alone.
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
    /// What of the metrics is compared between methods.
    #[serde(default)]
    pub quantity: Quantity,
    /// The metrics of ours that decide it.
    pub metrics: Vec<String>,
    /// The protocols of ours that it may be decided by, the nearest first; the first that was measured is taken.
    pub protocols: Vec<String>,
    /// The method that is best.
    pub best: String,
    /// The methods that it is better than, each of them.
    pub than: Vec<String>,
}

/// What a claim compares between methods, of metrics that are better in the same direction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Quantity {
    /// The mean of the metrics.
    #[default]
    Mean,
    /// How much worse that mean is than the metric `from`: who loses less is better.
    Loss {
        /// The metric before the loss.
        from: String,
    },
    /// That mean as a share of the metric `from`.
    Kept {
        /// The whole.
        from: String,
    },
}

impl Quantity {
    /// The metric that the mean of the others is held against.
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::Mean => None,
            Self::Loss { from } | Self::Kept { from } => Some(from),
        }
    }

    /// Its value where the mean of the metrics is `mean` and the other metric is `from`, so that more is better where
    /// more of the metrics is.
    pub fn of(&self, mean: f64, from: Option<f64>) -> Option<f64> {
        match self {
            Self::Mean => Some(mean),
            Self::Loss { .. } => Some(mean - from?),
            Self::Kept { .. } => from.filter(|from| *from != 0.0).map(|from| mean / from),
        }
    }
}

impl PaperClaim {
    /// What is compared, in words.
    pub fn words(&self) -> String {
        let metrics = self.metrics.join(" and ");
        let mean = if self.metrics.len() == 1 { metrics } else { format!("mean of {metrics}") };
        match &self.quantity {
            Quantity::Mean => mean,
            Quantity::Loss { from } => format!("difference between {from} and the {mean}"),
            Quantity::Kept { from } => format!("{mean} as a share of {from}"),
        }
    }

    /// The entry of its cells, in the place of a metric's; their metric is `claim.NAME`.
    pub const ENTRY: &str = "claim";

    /// The metric of its cells.
    pub fn metric(&self) -> String {
        Self::metric_of(&self.name)
    }

    /// The metric of the cells of the claim of that name.
    pub fn metric_of(name: &str) -> String {
        format!("{}.{name}", Self::ENTRY)
    }

    /// The unit of what is compared, where that of its metrics is `unit`.
    pub fn unit<'a>(&self, unit: &'a str) -> &'a str {
        if matches!(self.quantity, Quantity::Kept { .. }) { "1" } else { unit }
    }
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
    /// The protocols of ours that come nearest to the paper's, the nearest first; the others are shown beside it. A star
    /// stands for any text, such as the digest of a network's weights.
    pub protocols: Vec<String>,
    /// How far ours may lie from the paper's value to agree with it, in the row's unit.
    pub tolerance: f64,
    /// The data set, where it is not the target's.
    #[serde(default)]
    pub dataset: Option<String>,
    /// The value of each method.
    pub values: BTreeMap<String, f64>,
}

impl PaperRow {
    /// How near a protocol is to the paper's: 0 is the nearest; none where it is only shown beside it.
    pub fn rank(&self, protocol: &Protocol) -> Option<usize> {
        let protocol = protocol.to_string();
        self.protocols.iter().position(|pattern| protocol_matches(pattern, &protocol))
    }
}

/// Whether `protocol` is `pattern`, a star in which stands for any text.
pub fn protocol_matches(pattern: &str, protocol: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == protocol };
    let Some(mut left) = protocol.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    // What follows the last star ends the protocol; what is between two is found as early as possible.
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(end)
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

#[cfg(test)]
mod tests {
    use super::protocol_matches;

    #[test]
    fn a_star_stands_for_any_text() {
        let fid = "fid(of=samples,reference=test,N=9,features=inception.legacy@0123)";
        for (pattern, expected) in [
            (fid, true),
            ("fid(of=samples,reference=test,*.legacy@*)", true),
            ("fid(of=samples,*)", true),
            ("*", true),
            ("fid(of=samples,reference=train,*)", false),
            ("fid(of=samples,*.clean@*)", false),
            ("fid(of=samples,*", true),
            ("fid(of=samples", false),
            // The end may not be what an earlier part has used up.
            ("fid*0123)*0123)", false),
        ] {
            assert_eq!(protocol_matches(pattern, fid), expected, "{pattern}");
        }
    }
}
