//! Numbers reported about a trained model.

use std::path::PathBuf;

use candle_core::Tensor;

use crate::{AutoEncoder, Code, Dataset, PixelRange, Prior, Result, Streams};

/// Files beside the data that some metrics use where they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricFiles {
    /// Weights of the FID InceptionV3, where they were found.
    pub inception: Option<PathBuf>,
    /// A folder that keeps features of real images from one evaluation to the next.
    pub feature_cache: Option<PathBuf>,
}

/// What an evaluation gathered about a model, for metrics to measure. All tensors are on the CPU.
pub struct Evidence<'a> {
    /// The model, for metrics that decode or encode more than is gathered here. It may be on another device.
    pub model: &'a dyn AutoEncoder,
    /// The data set, for its labels and its training images.
    pub dataset: &'a dyn Dataset,
    /// The interval of the pixels of every image here.
    pub range: PixelRange,
    /// Test images, `[N, C, H, W]`.
    pub originals: &'a Tensor,
    /// Decoded means of their codes, `[N, C, H, W]`.
    pub reconstructions: &'a Tensor,
    /// Decoded draws of their codes, `[N, C, H, W]`; the same as `reconstructions` for a deterministic head.
    pub sampled_reconstructions: &'a Tensor,
    /// The codes of the test images.
    pub code: &'a Code,
    /// A draw of those codes, `[N, d]`.
    pub z: &'a Tensor,
    /// Codes of `K` noisy passes of the first `M` test images, `[M, K, d]`, for a deterministic head
    /// that was trained with pixel noise.
    pub noisy_codes: Option<&'a Tensor>,
    /// The prior of the model.
    pub prior: &'a dyn Prior,
    /// Draws from the prior, `[S, d]`.
    pub prior_sample: &'a Tensor,
    /// Their decodings, `[S, C, H, W]`.
    pub generated: &'a Tensor,
    /// Held-out images that choose a protocol's free parameters, `[V, C, H, W]`.
    pub validation: &'a Tensor,
    /// Random streams of the evaluation.
    pub streams: &'a Streams,
    /// Files beside the data.
    pub files: &'a MetricFiles,
}

/// One value with the protocol that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What was measured: `reconstruction`, `rate`, `mmd`, `nll` ...
    pub metric: &'static str,
    /// How, in full: `nll.parzen(sigma=0.1,N=10000)`.
    pub protocol: String,
    /// The value; none where it does not exist (`note` says why).
    pub value: Option<f64>,
    /// Standard error over the sample, where known.
    pub standard_error: Option<f64>,
    /// The unit: `nats`, `percent` ...
    pub unit: &'static str,
    /// The size of the sample.
    pub n: usize,
    /// Which way is better, where one is.
    pub higher_is_better: Option<bool>,
    /// What a reader should know beside the value.
    pub note: Option<String>,
}

/// A measurement of a trained model.
pub trait Metric: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// Whether it costs too much to be measured where an evaluation does not name it.
    fn on_request(&self) -> bool {
        false
    }

    /// All readings of this metric on the evidence, one per protocol.
    ///
    /// # Errors
    /// Where the evidence has the wrong shapes.
    fn measure(&self, evidence: &Evidence<'_>) -> Result<Vec<Reading>>;
}
