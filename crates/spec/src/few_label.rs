//! Names of the few-label protocols' parts, as experiments write them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kernel of support vector machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KernelName {
    /// Gaussian, gamma = 1 / d.
    Rbf,
    /// Linear.
    Linear,
}

/// Which images are corrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoiseOn {
    /// Those that are classified; the labelled ones are clean.
    Test,
    /// Those that are classified and the labelled ones.
    Both,
}

/// What a mask leaves in the place of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaskFill {
    /// The lower end of the range.
    Black,
    /// The middle of the range: 0 on \[-1, 1\].
    Grey,
}

/// Which code stands for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeName {
    /// The encoder's mean.
    Mean,
    /// A draw from its Gaussian head; not measured for deterministic encoders, whose draw is the mean.
    Sample,
}
