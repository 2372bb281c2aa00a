//! What training minimises.

use candle_core::Tensor;

use crate::{Code, Head, PixelNoise, Prior, Result};

/// Everything one training step computed, for an objective to weigh.
pub struct Pass<'a> {
    /// Clean pictures, `[N, C, H, W]`.
    pub images: &'a Tensor,
    /// Their reconstructions, `[N, C, H, W]`.
    pub output: &'a Tensor,
    /// The encoder's output.
    pub code: &'a Code,
    /// The codes that were decoded, `[N, d]`.
    pub z: &'a Tensor,
    /// The prior on codes.
    pub prior: &'a dyn Prior,
    /// As many draws from it, `[N, d]`.
    pub prior_sample: &'a Tensor,
}

/// A loss and the terms it was made from.
#[derive(Debug, Clone)]
pub struct Loss {
    /// The scalar to minimise.
    pub total: Tensor,
    /// Named scalars to log; `distortion` (sum of squared errors per image, mean over the batch),
    /// `rate` (nats), `mmd` ...
    pub terms: Vec<(&'static str, Tensor)>,
}

/// A training objective.
pub trait Objective: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// The encoder head it needs.
    fn head(&self) -> Head;

    /// The noise it puts on the encoder's input; none unless it says so.
    fn pixel_noise(&self) -> PixelNoise {
        PixelNoise::None
    }

    /// The prior it takes where the experiment names none; the standard normal unless it says so.
    fn default_prior(&self) -> &'static str {
        "normal"
    }

    /// The loss of one step.
    ///
    /// # Errors
    /// Where the shapes do not fit or the code lacks what the objective needs.
    fn loss(&self, pass: &Pass<'_>) -> Result<Loss>;
}
