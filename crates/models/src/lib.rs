#![doc = include_str!("../README.md")]

mod layers;

use candle_core::{DType, Device};
use vimae_core::{AutoEncoder, Head, ImageShape, PixelRange, Result, Settings};

/// Makes a network from what the run asks of it and the checked settings.
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
    /// The interval of their values: sigmoid or tanh at the end.
    pub range: PixelRange,
    /// Dimensions of the code.
    pub code: usize,
    /// What the encoder ends in.
    pub head: Head,
    /// Seed of the initial weights.
    pub seed: u64,
    /// Type of the weights: `f32` to train, `f64` to check gradients.
    pub dtype: DType,
    /// Where the weights are.
    pub device: &'a Device,
}

/// Makes the network `name` with the given settings over its defaults.
///
/// # Errors
/// For an unknown name or setting, a value out of range, or images that the network cannot take.
pub fn build(name: &str, given: &serde_json::Map<String, serde_json::Value>, request: &Request<'_>) -> Result<Box<dyn AutoEncoder>> {
    let entry = MODELS.find(name)?;
    (entry.build)(request, &Settings::check(MODELS.kind, entry.name, entry.keys, given)?)
}
