#![doc = include_str!("../README.md")]

mod layers;

use candle_core::{DType, Device};
use vimae_core::{AutoEncoder, Head, ImageShape, PixelRange, Result, Settings};

/// Builds a network from the request of a run and checked settings.
pub type BuildModel = fn(&Request<'_>, &Settings) -> Result<Box<dyn AutoEncoder>>;

vimae_core::catalogue! {
    /// Every architecture.
    pub static MODELS: BuildModel = "model" in {
        mlp,
        wae_conv,
    }
}

/// What a run asks of its network.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The images.
    pub image: ImageShape,
    /// The interval of pixel values, which chooses the last activation: sigmoid or tanh.
    pub range: PixelRange,
    /// The number of dimensions of the code.
    pub code: usize,
    /// The head of the encoder.
    pub head: Head,
    /// The seed of the initial weights.
    pub seed: u64,
    /// The dtype of the weights: `F32` to train, `F64` to check gradients.
    pub dtype: DType,
    /// The device of the weights.
    pub device: &'a Device,
}

/// Builds the network `name`. The settings in `given` replace its defaults.
///
/// # Errors
/// Returns an error for an unknown name or setting, a value out of range, or an image shape that the network cannot take.
pub fn build(name: &str, given: &serde_json::Map<String, serde_json::Value>, request: &Request<'_>) -> Result<Box<dyn AutoEncoder>> {
    let entry = MODELS.find(name)?;
    (entry.build)(request, &Settings::check(MODELS.kind, entry.name, entry.keys, given)?)
}
