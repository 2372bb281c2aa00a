//! A finished run measured again, with settings of its own.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Evaluation, Measurement, Result, experiment::changes::in_evaluation, section::check_range, sha256_hex};

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
    /// an experiment's section `evaluation` or `METRIC.SETTING`. Keys and values are checked as those of `train` are.
    ///
    /// # Errors
    /// Naming the change at fault and what is allowed there; settings of metrics are checked by their catalogue.
    pub fn changed(&self, metrics: &[String], changes: &[String]) -> Result<Self> {
        let mut changed = self.clone();
        if !metrics.is_empty() {
            changed.metrics = metrics.to_vec();
            changed.settings.retain(|name, _| metrics.contains(name));
            check_range(Path::new("--metric"), "evaluation", &changed)?;
        }
        if !changes.is_empty() {
            changed = in_evaluation(changes, &changed)?;
            check_range(Path::new("--set"), "evaluation", &changed)?;
        }
        Ok(changed)
    }
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
        // A metric, though a section of runs has its name.
        assert_eq!(changed(&[], &["divergence.blocks=5"]).unwrap().settings["divergence"]["blocks"], 5);
        let more = changed(&["ais"], &["ais.sigma=0", "ais.chains = 8", "prior_samples=100"]).unwrap();
        assert_eq!((more.metrics.as_slice(), more.labels, more.prior_samples), (["ais".to_owned()].as_slice(), 1_000, 100));
        assert_eq!(more.settings["ais"]["chains"], 8);
        assert_eq!(changed(&["rate"], &["labels=10"]).unwrap().labels, 10);
        // As `train` takes them.
        let long = changed(&["ais"], &["evaluation.settings.ais.sigma=0", "settings.ais.chains=8", "evaluation.prior_samples=100"]);
        assert_eq!(long.unwrap(), more);
        assert_eq!(changed(&[], &["metrics=['rate']", "tune=true"]).unwrap().metrics, ["rate"]);
    }

    #[test]
    fn a_wrong_change_is_named() {
        for (change, expected) in [
            ("prior_sample=1", "--set prior_sample=1: there is no evaluation.prior_sample; did you mean evaluation.prior_samples?"),
            ("evaluation.label=1", "there is no evaluation.label; did you mean evaluation.labels?"),
            // Training is not done again.
            ("epochs=1", "there is no evaluation.epochs; docs/experiments.md has every key"),
            (
                "training.epochs=5",
                "--set training.epochs=5: only how the run is measured changes here, and [training] is of how it was made",
            ),
            ("dataset.name=mnist", "--set dataset.name=mnist: only how the run is measured changes here, and [dataset]"),
            ("lr=1", "there is no evaluation.lr; docs/experiments.md has every key"),
            ("device=cuda", "--set device=cuda: the device is no part of an experiment"),
            ("chains", "--set chains: is not KEY=VALUE"),
            ("=5", "--set =5: no key stands before ="),
            ("ais..sigma=0", "--set ais..sigma=0: a part of the key is empty"),
            ("labels=", "--set labels=: no value stands behind ="),
            ("labels=99999999999999999999", "it must be a whole number from 0 to 1000000, and this is too large"),
            ("labels=-1", "evaluation.labels is -1; it must be a whole number from 0 to 1000000"),
            ("ais.sigma=nan", "evaluation.settings.ais.sigma = nan is not allowed; it must be a finite number"),
            ("kernels=rbf", "evaluation.kernels is \"rbf\"; it must be a list in brackets: [\"rbf\"]"),
            ("settings=5", "evaluation.settings is 5; it must be a section"),
            ("noise_passes=1", "evaluation.noise_passes = 1 is not allowed"),
            ("prior_samples=many", "evaluation.prior_samples is \"many\"; it must be a whole number from 2 to 1000000"),
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
    fn a_metric_named_twice_is_told_by_its_option() {
        let message = changed(&["rate", "rate"], &[]).unwrap_err().to_string();
        assert!(message.starts_with("--metric: evaluation.metrics = [\"rate\",\"rate\"] is not allowed; it must be a list"), "{message}");
    }

    #[test]
    fn a_setting_that_an_earlier_change_leaves_no_place_for_is_named() {
        for (earlier, section) in [("settings=5", "settings"), ("settings={ ais = 5 }", "ais")] {
            let message = changed(&[], &[earlier, "ais.sigma=0"]).unwrap_err().to_string();
            assert!(message.contains(&format!("\"{section}\" is no section")), "{message}");
        }
        let whole = changed(&[], &["settings={ ais = { chains = 8 } }", "ais.sigma=0"]).unwrap();
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
