//! One run: everything that determines its weights and its numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{CodeName, Component, KernelName, MaskFill, NoiseOn, sha256_hex};

/// A checked, fully expanded run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// The method's name in tables, `vimae_n` for instance.
    pub method: String,
    /// The data set.
    pub dataset: Component,
    /// The network.
    pub model: Model,
    /// The objective.
    pub objective: Component,
    /// The prior; the objective's own choice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<Component>,
    /// What makes the encoder random; the objective's own choice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Component>,
    /// The divergence of codes from the prior; the objective's own choice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<Component>,
    /// How it is trained.
    pub training: Training,
    /// How it is measured.
    pub evaluation: Evaluation,
    /// The seed of all its random streams.
    pub seed: u64,
}

impl RunSpec {
    /// Digest of the whole spec.
    pub fn sha256(&self) -> String {
        // A struct of strings, numbers and sorted maps always serialises.
        sha256_hex(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// Digest of what determines the weights: the spec without its evaluation and its label in tables.
    pub fn training_sha256(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("evaluation");
            fields.remove("method");
        }
        sha256_hex(value.to_string().as_bytes())
    }
}

/// The network of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The architecture's name.
    pub name: String,
    /// Dimensions of the code.
    #[serde(default = "Model::default_code")]
    pub code: usize,
    /// The architecture's settings, unchecked.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

impl Model {
    fn default_code() -> usize {
        8
    }
}

/// How a run is trained. Defaults are the paper's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Passes over the training split, 1 to 100000.
    pub epochs: u64,
    /// Images in a step, 2 to 65536.
    pub batch: usize,
    /// Adam's step size, above 0, at most 1.
    pub learning_rate: f64,
    /// Adam's decay of the first moment, from 0, below 1.
    pub beta1: f64,
    /// Adam's decay of the second moment, from 0, below 1.
    pub beta2: f64,
    /// Adam's epsilon, above 0, at most 1.
    pub epsilon: f64,
    /// Epochs between two checkpoints, 1 to 100000.
    pub checkpoint_epochs: u64,
    /// How often a run that diverged goes back to its last checkpoint and on with half the step size, 0 to 20; 0: it stops.
    #[serde(skip_serializing_if = "is_zero")]
    pub rollbacks: u64,
    /// Adam's step size for the critic of a divergence that has one, above 0, at most 1; that of the rest where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic_learning_rate: Option<f64>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Default for Training {
    fn default() -> Self {
        Self {
            epochs: 80,
            batch: 100,
            learning_rate: 1e-3,
            beta1: 0.5,
            beta2: 0.999,
            epsilon: 1e-8,
            checkpoint_epochs: 1,
            rollbacks: 0,
            critic_learning_rate: None,
        }
    }
}

/// How a run is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// Metrics by name; empty means all of the catalogue but those that are measured only on request.
    pub metrics: Vec<String>,
    /// Settings of metrics, by their names, unchecked; a metric that stands here is measured, named or not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Map<String, Value>>,
    /// Codes drawn from the prior, and images decoded from them, 1 to 1000000.
    pub prior_samples: usize,
    /// Noisy passes per image for the rate of a deterministic encoder, 2 to 4096.
    pub noise_passes: usize,
    /// Test images that go through noisy passes, 1 to 1000000.
    pub noise_images: usize,
    /// Labelled codes of the few-label accuracy, 0 (no such evaluation) to 1000000.
    pub labels: usize,
    /// Draws of those labels, 1 to 1000.
    pub label_draws: u64,
    /// What learns from them, by name.
    pub classifiers: Vec<String>,
    /// Kernels of the support vector machines among those.
    pub kernels: Vec<KernelName>,
    /// Which images are corrupted.
    pub noise: Vec<NoiseOn>,
    /// What masks leave in the place of a pixel.
    #[serde(skip_serializing_if = "only_black")]
    pub masks: Vec<MaskFill>,
    /// Which code stands for an image.
    pub codes: Vec<CodeName>,
    /// Test codes in the pool of the transductive machines at most, the first of the test split, 1 to 1000000.
    pub pool: usize,
    /// Whether C and gamma are chosen by cross-validation on the labelled codes; else C = 1 and gamma = 1 / d.
    pub tune: bool,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            settings: BTreeMap::new(),
            prior_samples: 10_000,
            noise_passes: 64,
            noise_images: 1_000,
            labels: 1_000,
            label_draws: 10,
            classifiers: vec!["svm".into()],
            kernels: vec![KernelName::Rbf],
            noise: vec![NoiseOn::Test],
            masks: vec![MaskFill::Black],
            codes: vec![CodeName::Mean],
            pool: 10_000,
            tune: false,
        }
    }
}

/// Whether masks are those of every evaluation, which the digests of older ones do not hold.
fn only_black(masks: &[MaskFill]) -> bool {
    masks == [MaskFill::Black]
}

/// A range rule: the key, the value given and, where it is out of range, what is allowed.
pub(crate) struct Rule(pub(crate) &'static str, pub(crate) String, pub(crate) Option<&'static str>);

pub(crate) fn rule(key: &'static str, given: impl ToString, holds: bool, allowed: &'static str) -> Rule {
    Rule(key, given.to_string(), (!holds).then_some(allowed))
}

impl Training {
    pub(crate) fn rules(&self) -> Vec<Rule> {
        vec![
            rule("training.epochs", self.epochs, (1..=100_000).contains(&self.epochs), "a whole number from 1 to 100000"),
            rule("training.batch", self.batch, (2..=65_536).contains(&self.batch), "a whole number from 2 to 65536"),
            rule(
                "training.learning_rate",
                self.learning_rate,
                self.learning_rate > 0.0 && self.learning_rate <= 1.0,
                "above 0 and at most 1",
            ),
            rule("training.beta1", self.beta1, (0.0..1.0).contains(&self.beta1), "at least 0 and below 1"),
            rule("training.beta2", self.beta2, (0.0..1.0).contains(&self.beta2), "at least 0 and below 1"),
            rule("training.epsilon", self.epsilon, self.epsilon > 0.0 && self.epsilon <= 1.0, "above 0 and at most 1"),
            rule(
                "training.checkpoint_epochs",
                self.checkpoint_epochs,
                (1..=100_000).contains(&self.checkpoint_epochs),
                "a whole number from 1 to 100000",
            ),
            rule("training.rollbacks", self.rollbacks, self.rollbacks <= 20, "a whole number from 0 to 20"),
            rule(
                "training.critic_learning_rate",
                self.critic_learning_rate.unwrap_or(self.learning_rate),
                self.critic_learning_rate.is_none_or(|rate| rate > 0.0 && rate <= 1.0),
                "above 0 and at most 1",
            ),
        ]
    }
}

impl Evaluation {
    pub(crate) fn rules(&self) -> Vec<Rule> {
        const MANY: std::ops::RangeInclusive<usize> = 1..=1_000_000;
        vec![
            rule("evaluation.prior_samples", self.prior_samples, MANY.contains(&self.prior_samples), "a whole number from 1 to 1000000"),
            rule("evaluation.noise_passes", self.noise_passes, (2..=4_096).contains(&self.noise_passes), "a whole number from 2 to 4096"),
            rule("evaluation.noise_images", self.noise_images, MANY.contains(&self.noise_images), "a whole number from 1 to 1000000"),
            rule("evaluation.labels", self.labels, self.labels <= 1_000_000, "a whole number from 0 to 1000000"),
            rule("evaluation.pool", self.pool, MANY.contains(&self.pool), "a whole number from 1 to 1000000"),
            rule("evaluation.label_draws", self.label_draws, (1..=1_000).contains(&self.label_draws), "a whole number from 1 to 1000"),
        ]
    }
}

impl Model {
    pub(crate) fn rules(&self) -> Vec<Rule> {
        vec![rule("model.code", self.code, (1..=65_536).contains(&self.code), "a whole number from 1 to 65536")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_that_a_run_leaves_out_are_not_in_its_digest() {
        let mut run = RunSpec {
            method: "vae".into(),
            dataset: Component::named("digits"),
            model: Model { name: "mlp".into(), code: 2, settings: Map::new() },
            objective: Component::named("vae"),
            prior: None,
            noise: None,
            divergence: None,
            training: Training::default(),
            evaluation: Evaluation::default(),
            seed: 0,
        };
        let value = serde_json::to_value(&run).unwrap();
        for key in ["prior", "noise", "divergence"] {
            assert!(value.get(key).is_none(), "{value}");
        }
        assert!(value["training"].get("critic_learning_rate").is_none(), "{value}");
        let before = run.training_sha256();
        run.noise = Some(Component::named("gaussian_fixed"));
        assert_ne!(run.training_sha256(), before);
    }
}
