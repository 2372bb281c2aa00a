//! One run: everything that determines its weights and its numbers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{CodeName, Component, KernelName, MaskFill, NoiseOn, Schedule, sha256_hex};

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
    /// The distribution of images that the decoder's output stands for; the squared error where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Component>,
    /// What codes are drawn from after training; the prior, or the density that the objective fits, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<Component>,
    /// The tasks that its data set is cut into, to be learnt one after another; none where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Component>,
    /// What is done against forgetting, for a run with a stream; fine-tuning where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Component>,
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

    /// Digest of what determines the weights: the spec without its evaluation, its sampler and its label in tables.
    pub fn training_sha256(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("evaluation");
            fields.remove("method");
            fields.remove("sampler");
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Passes over the training split.
    #[schemars(range(min = 1, max = 100_000))]
    pub epochs: u64,
    /// Images per step.
    #[schemars(range(min = 2, max = 65_536))]
    pub batch: usize,
    /// Adam's learning rate.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1.0))]
    pub learning_rate: f64,
    /// Adam's decay rate of the first moment.
    #[schemars(extend("exclusiveMaximum" = 1.0), range(min = 0.0))]
    pub beta1: f64,
    /// Adam's decay rate of the second moment.
    #[schemars(extend("exclusiveMaximum" = 1.0), range(min = 0.0))]
    pub beta2: f64,
    /// Adam's epsilon.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1.0))]
    pub epsilon: f64,
    /// Epochs between two checkpoints.
    #[schemars(range(min = 1, max = 100_000))]
    pub checkpoint_epochs: u64,
    /// How often a run that diverges may go back to its last checkpoint and continue with half the learning rate; 0 stops it.
    #[schemars(range(max = 20))]
    #[serde(skip_serializing_if = "is_zero")]
    pub rollbacks: u64,
    /// Adam's learning rate for the critic of a divergence that has one; `learning_rate` where absent.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1.0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic_learning_rate: Option<f64>,
    /// How the learning rate falls.
    #[serde(skip_serializing_if = "Schedule::is_constant")]
    pub schedule: Schedule,
    /// What the learning rate is multiplied by at each fall of the schedule `step`.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1.0))]
    #[serde(skip_serializing_if = "is_tenth")]
    pub fall: f64,
    /// Epochs between two falls of the schedule `step`.
    #[schemars(range(min = 1, max = 100_000))]
    #[serde(skip_serializing_if = "is_thirty")]
    pub fall_epochs: u64,
    /// Epochs over which the learning rate rises linearly to its value; 0 for none.
    #[schemars(range(max = 100_000))]
    #[serde(skip_serializing_if = "is_zero")]
    pub warmup_epochs: u64,
    /// Epochs over which the weight of the rate rises linearly to its value; 0 for none.
    #[schemars(range(max = 100_000))]
    #[serde(skip_serializing_if = "is_zero")]
    pub rate_warmup_epochs: u64,
    /// Nats of rate of each dimension, averaged over the batch, below which the loss counts this many: free bits; 0 for none.
    #[schemars(range(min = 0.0, max = 1_000.0))]
    #[serde(skip_serializing_if = "is_nothing")]
    pub free_nats: f64,
    /// Norm of all gradients together above which they are scaled down to it; no bound where absent.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1e12))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Epochs without a lower loss on held-out images that end the run, which keeps the weights of its least; 0 trains to the end.
    #[schemars(range(max = 100_000))]
    #[serde(skip_serializing_if = "is_zero")]
    pub early_stopping_epochs: u64,
    /// Steps, at most, in which the encoder alone first comes to the prior's mean and covariance; 0 for none.
    #[schemars(range(max = 10_000))]
    #[serde(skip_serializing_if = "is_zero")]
    pub pretraining_steps: u64,
}

fn is_tenth(number: &f64) -> bool {
    *number == 0.1
}

fn is_thirty(number: &u64) -> bool {
    *number == 30
}

fn is_nothing(number: &f64) -> bool {
    *number == 0.0
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
            schedule: Schedule::Constant,
            fall: 0.1,
            fall_epochs: 30,
            warmup_epochs: 0,
            rate_warmup_epochs: 0,
            free_nats: 0.0,
            clip_norm: None,
            early_stopping_epochs: 0,
            pretraining_steps: 0,
        }
    }
}

/// How a run is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// Metrics by name; all but those on request where empty.
    #[schemars(extend("uniqueItems" = true))]
    pub metrics: Vec<String>,
    /// Settings of metrics, by their names; one that stands here is measured.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Map<String, Value>>,
    /// Samplers by name, at their defaults, under which what reads generated images is measured beside the run's own.
    #[schemars(extend("uniqueItems" = true))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samplers: Vec<String>,
    /// Codes drawn from the prior, and images decoded from them.
    #[schemars(range(min = 2, max = 1_000_000))]
    pub prior_samples: usize,
    /// Noisy passes per image for the rate of a deterministic encoder.
    #[schemars(range(min = 2, max = 4_096))]
    pub noise_passes: usize,
    /// Test images that go through noisy passes.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub noise_images: usize,
    /// Labelled codes of the few-label accuracy; 0 leaves it out.
    #[schemars(range(max = 1_000_000))]
    pub labels: usize,
    /// Draws of those labels.
    #[schemars(range(min = 1, max = 1_000))]
    pub label_draws: u64,
    /// What learns from few labels.
    #[schemars(extend("uniqueItems" = true))]
    pub classifiers: Vec<String>,
    /// Kernels of the support vector machines among those.
    #[schemars(extend("uniqueItems" = true))]
    pub kernels: Vec<KernelName>,
    /// Which images are corrupted: those to classify, or the labelled ones too.
    #[schemars(extend("uniqueItems" = true))]
    pub noise: Vec<NoiseOn>,
    /// What masks leave in the place of a pixel; grey in protocols of their own.
    #[schemars(extend("uniqueItems" = true))]
    #[serde(skip_serializing_if = "only_black")]
    pub masks: Vec<MaskFill>,
    /// Corrupted images are clipped to the range of the pixels; protocols say so.
    #[serde(skip_serializing_if = "is_off")]
    pub clip: bool,
    /// Which code stands for an image.
    #[schemars(extend("uniqueItems" = true))]
    pub codes: Vec<CodeName>,
    /// Test codes in the pool of the transductive machines at most, drawn once for all from the test split.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub pool: usize,
    /// Choose C and gamma by cross-validation on the labelled codes; else C = 1 and gamma = 1 / d.
    pub tune: bool,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            settings: BTreeMap::new(),
            samplers: Vec::new(),
            prior_samples: 10_000,
            noise_passes: 64,
            noise_images: 1_000,
            labels: 1_000,
            label_draws: 10,
            classifiers: vec!["svm".into()],
            kernels: vec![KernelName::Rbf],
            noise: vec![NoiseOn::Test],
            masks: vec![MaskFill::Black],
            clip: false,
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

fn is_off(flag: &bool) -> bool {
    !*flag
}

/// The dimensions that a code may have.
pub const CODE: std::ops::RangeInclusive<usize> = 1..=65_536;
/// Seeds that an experiment may ask for.
pub(crate) const SEEDS: std::ops::RangeInclusive<u64> = 1..=10_000;

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
            likelihood: None,
            sampler: None,
            stream: None,
            strategy: None,
            training: Training::default(),
            evaluation: Evaluation::default(),
            seed: 0,
        };
        let value = serde_json::to_value(&run).unwrap();
        for key in ["prior", "noise", "divergence", "likelihood", "sampler", "stream", "strategy"] {
            assert!(value.get(key).is_none(), "{value}");
        }
        assert_eq!(value["training"].as_object().unwrap().len(), 7, "{value}");
        let before = run.training_sha256();
        run.noise = Some(Component::named("gaussian_fixed"));
        assert_ne!(run.training_sha256(), before);
    }
}
