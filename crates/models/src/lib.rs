#![doc = include_str!("../README.md")]

mod fully_connected;
mod layers;
mod modules;

use candle_core::{DType, Device};
use vimae_core::{AutoEncoder, Head, ImageShape, Output, PixelRange, Result, Settings};

/// Builds a network from the request of a run and checked settings.
pub type BuildModel = fn(&Settings, &Request) -> Result<Box<dyn AutoEncoder>>;

pub use layers::{LastActivation, squash};
pub use modules::Modules;

vimae_core::catalogue! {
    /// Every architecture.
    pub static MODELS: BuildModel = "model" in {
        iwae_mlp,
        mlp,
        wae_conv,
    }
}

/// What a run asks of its network.
#[derive(Debug, Clone)]
pub struct Request {
    /// The images.
    pub image: ImageShape,
    /// The interval of pixel values, which chooses the last activation: sigmoid or tanh.
    pub range: PixelRange,
    /// The number of dimensions of the code.
    pub code: usize,
    /// The head of the encoder.
    pub head: Head,
    /// What the decoder gives: images, or the numbers of a likelihood.
    pub output: Output,
    /// The seed of the initial weights.
    pub seed: u64,
    /// The dtype of the weights: `F32` to train, `F64` to check gradients.
    pub dtype: DType,
    /// The device of the weights.
    pub device: Device,
}

impl Request {
    /// Numbers that the decoder gives for an image.
    pub fn outputs(&self) -> usize {
        self.output.shape(self.image).len()
    }

    /// The last activation of the decoder: into the range of the images, or none where a likelihood reads any numbers.
    pub fn last_activation(&self) -> LastActivation {
        LastActivation(self.output.squashed.then(|| squash(self.range)))
    }
}
