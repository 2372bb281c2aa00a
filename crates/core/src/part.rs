//! What a run tells the parts that may own parameters: priors and divergences.

use candle_core::{DType, Device};

use crate::{ImageShape, PixelRange};

/// The codes and images of a run, and where and from which seed parameters are made.
#[derive(Debug, Clone)]
pub struct PartRequest {
    /// Dimensions of the code.
    pub code: usize,
    /// The shape of the images.
    pub image: ImageShape,
    /// The interval of their values.
    pub range: PixelRange,
    /// Seed of the initial parameters.
    pub seed: u64,
    /// Type of the parameters: `f32` to train, `f64` to check gradients.
    pub dtype: DType,
    /// Where the parameters are.
    pub device: Device,
}
