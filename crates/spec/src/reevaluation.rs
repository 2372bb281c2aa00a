//! A finished run measured again, with settings of its own.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Evaluation, Measurement, Result, expected::in_words, section::check_range, sha256_hex};

/// What one more evaluation of a run found. It stands beside the run's record, which it does not change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reevaluation {
    /// Version of this form.
    pub format: u32,
    /// How the run was measured.
    pub evaluation: Evaluation,
    /// Digest of that, of the specification, the data and the weights.
    pub sha256: String,
    /// Digest of the run's specification.
    pub spec_sha256: String,
    /// Digest of the data.
    pub data_sha256: String,
    /// Digest of the weights.
    pub weights_sha256: String,
    /// Commit of the code.
    pub git_commit: String,
    /// Version of the crates.
    pub version: String,
    /// Where it ran.
    pub device: String,
    /// Seconds that it took.
    pub seconds: f64,
    /// The numbers.
    pub measurements: Vec<Measurement>,
}

impl Evaluation {
    /// Digest of this evaluation of those weights on that data.
    pub fn sha256(&self, spec_sha256: &str, data_sha256: &str, weights_sha256: &str) -> String {
        // A struct of strings, numbers and sorted maps always serialises.
        let own = serde_json::to_string(self).unwrap_or_default();
        sha256_hex([own.as_str(), spec_sha256, data_sha256, weights_sha256].join("\n").as_bytes())
    }

    /// This evaluation with `metrics` alone, where some are given, and each of `changes`, `KEY=VALUE` with a key of
    /// an experiment's section `evaluation` or `METRIC.SETTING`.
    ///
    /// # Errors
    /// Naming the change at fault and what is allowed there; settings of metrics are checked by their catalogue.
    pub fn changed(&self, metrics: &[String], changes: &[String]) -> Result<Self> {
        let fault = |problem: String| Error::Form { path: "evaluation".into(), problem };
        let mut changed = self.clone();
        if !metrics.is_empty() {
            changed.metrics = metrics.to_vec();
            changed.settings.retain(|name, _| metrics.contains(name));
        }
        let table = serde_json::to_value(&changed).and_then(serde_json::from_value::<Map<String, Value>>);
        let mut table = table.map_err(|e| fault(e.to_string()))?;
        for change in changes {
            let (key, value) = change.split_once('=').ok_or_else(|| fault(format!("\"{change}\" is not KEY=VALUE")))?;
            // What is no JSON is a word.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.into()));
            match key.split_once('.') {
                Some((metric, setting)) => {
                    let settings = object(&mut table, "settings").and_then(|settings| object(settings, metric));
                    let none = || fault(format!("\"{change}\": an earlier change left no settings of {metric}; leave that one out"));
                    settings.ok_or_else(none)?.insert(setting.into(), value);
                }
                None => _ = table.insert(key.into(), value),
            }
        }
        let changed: Self = serde_json::from_value(Value::Object(table)).map_err(|e| fault(in_words(e)))?;
        check_range(Path::new("evaluation"), "evaluation", &changed)?;
        Ok(changed)
    }
}

/// The object at `key`, an empty one where there is nothing; none where something else stands there.
fn object<'a>(of: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    of.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(metrics: &[&str], changes: &[&str]) -> Result<Evaluation> {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        Evaluation::default().changed(&own(metrics), &own(changes))
    }

    #[test]
    fn metrics_and_settings_are_changed_and_nothing_else() {
        assert_eq!(changed(&[], &[]).unwrap(), Evaluation::default());
        let more = changed(&["ais"], &["ais.sigma=0", "ais.chains=8", "prior_samples=100"]).unwrap();
        assert_eq!((more.metrics.as_slice(), more.labels, more.prior_samples), (["ais".to_owned()].as_slice(), 1_000, 100));
        assert_eq!(more.settings["ais"]["chains"], 8);
        assert_eq!(changed(&["rate"], &["labels=10"]).unwrap().labels, 10);
    }

    #[test]
    fn a_wrong_change_is_named() {
        for (change, expected) in [
            ("prior_sample=1", "unknown field `prior_sample`"),
            ("chains", "\"chains\" is not KEY=VALUE"),
            ("noise_passes=1", "evaluation.noise_passes = 1 is not allowed"),
            ("prior_samples=many", "\"many\" is not allowed; it must be a whole number, 0 or more"),
            ("metrics=[\"rate\",\"rate\"]", "[\"rate\",\"rate\"] is not allowed; it must be a list that names each once"),
            ("samplers=[\"prior\",\"standardised\",\"prior\"]", "evaluation.samplers"),
            ("classifiers=[\"knn\",\"knn\"]", "evaluation.classifiers"),
            ("kernels=[\"rbf\",\"rbf\"]", "evaluation.kernels"),
            ("noise=[\"both\",\"both\"]", "evaluation.noise"),
            ("masks=[\"grey\",\"grey\"]", "evaluation.masks"),
            ("codes=[\"mean\",\"mean\"]", "evaluation.codes"),
        ] {
            let message = changed(&[], &[change]).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_setting_that_an_earlier_change_leaves_no_place_for_is_named() {
        for earlier in ["settings=5", "settings=null", "settings={\"ais\": 5}"] {
            let message = changed(&[], &[earlier, "ais.sigma=0"]).unwrap_err().to_string();
            assert!(message.contains("\"ais.sigma=0\": an earlier change left no settings of ais"), "{message}");
        }
        let whole = changed(&[], &["settings={\"ais\": {\"chains\": 8}}", "ais.sigma=0"]).unwrap();
        assert_eq!((&whole.settings["ais"]["chains"], &whole.settings["ais"]["sigma"]), (&8.into(), &0.into()));
    }

    #[test]
    fn the_digest_is_of_everything_that_makes_the_numbers() {
        let digest = |evaluation: &Evaluation, spec| evaluation.sha256(spec, "data", "weights");
        let (own, other) = (Evaluation::default(), changed(&["rate"], &[]).unwrap());
        assert_eq!(digest(&own, "spec"), digest(&own.clone(), "spec"));
        assert_ne!(digest(&own, "spec"), digest(&other, "spec"));
        assert_ne!(digest(&own, "spec"), digest(&own, "another"));
    }
}
