//! The sections `training` and `evaluation`: their keys, ranges and meanings.
//!
//! The types themselves are in `vimae-spec`; a test holds this table against their keys, and every range against what
//! reading a file accepts and refuses.

use serde_json::{Map, Value, json};
use vimae_spec::{Evaluation, Resources, Training};

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// A whole number between two bounds, both included.
    Whole(u64, u64),
    /// A number above the first bound, up to the second.
    Above(f64, f64),
    /// A number from the first bound, below the second.
    From(f64, f64),
    /// One word for a script: letters, digits, `_`, `-`, `.` and `,`.
    Word,
    /// A list of these words.
    Words(&'static [&'static str]),
    /// True or false.
    Switch,
    /// What the schema of the catalogues says.
    Elsewhere,
}

/// A key, what it takes and what it means.
pub(super) type Field = (&'static str, Takes, &'static str);

pub(super) const TRAINING: &[Field] = &[
    ("epochs", Takes::Whole(1, 100_000), "passes over the training split"),
    ("batch", Takes::Whole(2, 65_536), "images in a step"),
    ("learning_rate", Takes::Above(0.0, 1.0), "Adam's step size"),
    ("beta1", Takes::From(0.0, 1.0), "Adam's decay of the first moment"),
    ("beta2", Takes::From(0.0, 1.0), "Adam's decay of the second moment"),
    ("epsilon", Takes::Above(0.0, 1.0), "Adam's epsilon"),
    ("checkpoint_epochs", Takes::Whole(1, 100_000), "epochs between two checkpoints"),
    ("rollbacks", Takes::Whole(0, 20), "how often a run that diverged goes back to its last checkpoint and on with half the step size"),
    ("critic_learning_rate", Takes::Above(0.0, 1.0), "Adam's step size for a divergence's critic; that of the rest where absent"),
];

pub(super) const EVALUATION: &[Field] = &[
    ("metrics", Takes::Elsewhere, ""),
    ("settings", Takes::Elsewhere, ""),
    ("prior_samples", Takes::Whole(1, 1_000_000), "codes drawn from the prior, and images decoded from them"),
    ("noise_passes", Takes::Whole(2, 4_096), "noisy passes per image for the rate of a deterministic encoder"),
    ("noise_images", Takes::Whole(1, 1_000_000), "test images that go through noisy passes"),
    ("labels", Takes::Whole(0, 1_000_000), "labelled codes of the few-label accuracy; 0 leaves it out"),
    ("label_draws", Takes::Whole(1, 1_000), "draws of those labels"),
    ("classifiers", Takes::Elsewhere, ""),
    ("kernels", Takes::Words(&["rbf", "linear"]), "kernels of the support vector machines among those"),
    ("noise", Takes::Words(&["test", "both"]), "which images are corrupted: those to classify, or the labelled ones too"),
    ("masks", Takes::Words(&["black", "grey"]), "what masks leave in the place of a pixel; grey in protocols of their own"),
    ("codes", Takes::Words(&["mean", "sample"]), "which code stands for an image"),
    ("pool", Takes::Whole(1, 1_000_000), "test codes in the pool of the transductive machines at most"),
    ("tune", Takes::Switch, "choose C and gamma by cross-validation on the labelled codes"),
];

pub(super) const RESOURCES: &[Field] = &[
    ("cpus", Takes::Whole(1, 1024), "cores of each run"),
    ("memory_mib", Takes::Whole(64, 16_777_216), "memory of each run in MiB"),
    ("gpus", Takes::Whole(0, 16), "GPUs of each run"),
    ("minutes", Takes::Whole(1, 525_600), "minutes after which a run is stopped, to be taken up again; the partition's limit where absent"),
    ("partition", Takes::Word, "the partition; the cluster's default where absent"),
    ("account", Takes::Word, "the account; the user's default where absent"),
];

/// The schema of a section.
pub(super) fn section(about: &str, fields: &[Field]) -> Value {
    let defaults = [
        serde_json::to_value(Training::default()),
        serde_json::to_value(Evaluation::default()),
        serde_json::to_value(Resources::default()),
    ];
    let default = |key: &str| defaults.iter().flatten().find_map(|section| section.get(key)).filter(|v| !v.is_null()).cloned();
    let one = |(key, takes, about): &Field| {
        let mut value = match takes {
            Takes::Whole(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
            Takes::Above(above, max) => json!({ "type": "number", "exclusiveMinimum": above, "maximum": max }),
            Takes::From(min, below) => json!({ "type": "number", "minimum": min, "exclusiveMaximum": below }),
            Takes::Words(words) => json!({ "type": "array", "items": { "enum": words } }),
            Takes::Word => json!({ "type": "string", "pattern": "^[A-Za-z0-9_.,-]+$" }),
            Takes::Switch => json!({ "type": "boolean" }),
            Takes::Elsewhere => return ((*key).to_owned(), json!({})),
        };
        value["description"] = (*about).into();
        if let Some(default) = default(key) {
            value["default"] = default;
        }
        ((*key).to_owned(), value)
    };
    json!({ "type": "object", "description": about, "properties": Map::from_iter(fields.iter().map(one)), "additionalProperties": false })
}
