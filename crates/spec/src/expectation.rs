//! What the author of an experiment expects of its numbers.

use serde::{Deserialize, Serialize};

/// A range that a metric should lie in, or methods that it should be better than. What comes out is a cell beside the
/// others; an expectation that is not met stops nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The metric, `reconstruction` or `accuracy.clean` for instance.
    pub metric: String,
    /// The method; all where absent.
    #[serde(default)]
    pub method: Option<String>,
    /// The protocol; all of the metric where absent.
    #[serde(default)]
    pub protocol: Option<String>,
    /// What it should be above.
    #[serde(default)]
    pub above: Option<f64>,
    /// What it should be below.
    #[serde(default)]
    pub below: Option<f64>,
    /// Methods that it should be better than, by the metric's own direction.
    #[serde(default)]
    pub better_than: Vec<String>,
}

impl Expectation {
    /// The entry of decided expectations, in the place of a metric's; their metric is `expect.METRIC.CONDITION`.
    pub const ENTRY: &str = "expect";

    /// What is wrong with it, if anything: the key, the value given, and what is allowed.
    pub(crate) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        let not_finite = [self.above, self.below].into_iter().flatten().find(|v| !v.is_finite());
        if let Some(value) = not_finite {
            return Some(("expect", value.to_string(), "a finite number"));
        }
        match self.above.zip(self.below) {
            Some((above, below)) if above >= below => Some(("expect.above", above.to_string(), "less than below")),
            _ => None,
        }
    }

    /// Whether it says nothing of its metric.
    pub(crate) fn is_bare(&self) -> bool {
        self.above.is_none() && self.below.is_none() && self.better_than.is_empty()
    }

    /// The methods that it names.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.method.iter().chain(&self.better_than).map(String::as_str)
    }

    /// The condition in the form of a name: `below_30`, `above_1.below_2`, `better_than_vae`.
    pub fn condition(&self) -> String {
        let above = self.above.map(|v| format!("above_{v}"));
        let below = self.below.map(|v| format!("below_{v}"));
        let than = self.better_than.iter().map(|method| format!("better_than_{method}"));
        above.into_iter().chain(below).chain(than).collect::<Vec<_>>().join(".")
    }

    /// The condition in words: `above 1, below 2, better than vae`.
    pub fn words(&self) -> String {
        let above = self.above.map(|v| format!("above {v}"));
        let below = self.below.map(|v| format!("below {v}"));
        let than = self.better_than.iter().map(|method| format!("better than {method}"));
        above.into_iter().chain(below).chain(than).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<(&'static str, String, &'static str)> {
        toml::from_str::<Expectation>(text).unwrap().fault()
    }

    #[test]
    fn a_condition_is_needed_and_makes_sense() {
        assert_eq!(fault("metric = \"fid\"\nbelow = 30.0"), None);
        assert_eq!(fault("metric = \"fid\"\nbetter_than = [\"vae\"]"), None);
        assert!(toml::from_str::<Expectation>("metric = \"fid\"").unwrap().is_bare());
        assert!(fault("metric = \"fid\"\nbelow = nan").unwrap().2.contains("finite"));
        assert_eq!(fault("metric = \"fid\"\nabove = 3.0\nbelow = 3.0").unwrap().0, "expect.above");
        assert!(toml::from_str::<Expectation>("metric = \"fid\"\nbelov = 1.0").unwrap_err().to_string().contains("belov"));
    }

    #[test]
    fn the_condition_has_a_name_and_words() {
        let both: Expectation = toml::from_str("metric = \"m\"\nabove = 1.5\nbelow = 2.0\nbetter_than = [\"vae\"]").unwrap();
        assert_eq!(both.condition(), "above_1.5.below_2.better_than_vae");
        assert_eq!(both.words(), "above 1.5, below 2, better than vae");
    }
}
