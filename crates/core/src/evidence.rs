//! What metrics read of a trained model.

use std::path::PathBuf;

use candle_core::Tensor;
use vimae_spec::{Evaluation, Protocol};

use crate::{AutoEncoder, Code, Dataset, ImageSet, PixelRange, Prior, Progress, Result, Split, Streams};

/// Files beside the data that some metrics use where they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricFiles {
    /// Weights of the FID InceptionV3, where they were found.
    pub inception: Option<PathBuf>,
    /// A directory that keeps features of real images from one evaluation to the next.
    pub feature_cache: Option<PathBuf>,
}

/// Something that an evaluation computes once, for every metric that names it in [`Metric::uses`](crate::Metric::uses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Input {
    /// Codes of the test images.
    Codes,
    /// Decoded means of those codes.
    Reconstructions,
    /// Decoded draws of those codes.
    SampledReconstructions,
    /// Codes of noisy passes of test images.
    NoisyCodes,
    /// Codes of the training images.
    TrainCodes,
    /// Codes drawn from the prior.
    PriorSample,
    /// Their decodings.
    Generated,
    /// Images that neither trained nor test.
    HeldOut,
}

impl Input {
    /// Every input.
    pub const ALL: [Self; 8] = [
        Self::Codes,
        Self::Reconstructions,
        Self::SampledReconstructions,
        Self::NoisyCodes,
        Self::TrainCodes,
        Self::PriorSample,
        Self::Generated,
        Self::HeldOut,
    ];

    /// What it is made from.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::Reconstructions | Self::SampledReconstructions => &[Self::Codes],
            Self::Generated => &[Self::PriorSample],
            Self::Codes | Self::NoisyCodes | Self::TrainCodes | Self::PriorSample | Self::HeldOut => &[],
        }
    }
}

/// Images that neither trained nor test, to choose a protocol's free parameters on.
#[derive(Debug, Clone)]
pub struct HeldOut {
    /// `[V, C, H, W]`.
    pub images: Tensor,
    /// Whether they are of the training split, because the data set holds none out.
    pub borrowed: bool,
}

impl HeldOut {
    /// `count` of them in words, for a note.
    pub fn words(&self, count: usize) -> String {
        let whence = if self.borrowed { ", which are of the training split" } else { "" };
        format!("{count} held-out images{whence}")
    }
}

/// The standard deviation of a decoder's noise, in units of the \[0, 1\] interval.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseScale {
    /// The standard deviation.
    pub sigma: f64,
    /// What it was chosen on, in words, where it was chosen.
    pub chosen_on: Option<String>,
}

impl NoiseScale {
    /// A given one.
    pub fn given(sigma: f64) -> Self {
        Self { sigma, chosen_on: None }
    }

    /// For the protocol's name: the number given, or `fit`.
    pub fn name(&self) -> String {
        if self.chosen_on.is_some() { "fit".into() } else { self.sigma.to_string() }
    }

    /// What was chosen, where something was.
    pub fn note(&self) -> Option<String> {
        self.chosen_on.as_ref().map(|images| format!("sigma = {:.4}, likeliest on {images}", self.sigma))
    }
}

/// A trained model under evaluation. Each method computes what it returns when it is first asked for and keeps it; what
/// no metric asks for is never computed. All tensors are on the CPU, and computed in evaluation mode without a graph.
///
/// # Errors
/// Every method that computes reports what the model, the prior, the data or the device reports.
pub trait Evidence {
    /// The model, for metrics that differentiate it. It may be on another device.
    fn model(&self) -> &dyn AutoEncoder;

    /// The data set.
    fn dataset(&self) -> &dyn Dataset;

    /// The interval of the pixels of every image here.
    fn range(&self) -> PixelRange {
        self.dataset().range()
    }

    /// What codes are drawn from: the prior of the model, or the density fitted to its codes in the prior's place.
    fn prior(&self) -> &dyn Prior;

    /// That density's part of a protocol's name, where one is fitted.
    fn sampler(&self) -> Option<&Protocol>;

    /// How the evaluation was asked for.
    fn evaluation(&self) -> &Evaluation;

    /// Random streams of the evaluation; each use takes its own with [`Streams::fold_in`].
    fn streams(&self) -> Streams;

    /// Files beside the data.
    fn files(&self) -> &MetricFiles;

    /// The test images, `[N, C, H, W]`.
    fn originals(&self) -> Result<&Tensor>;

    /// The codes of the test images.
    fn code(&self) -> Result<&Code>;

    /// A draw of those codes, `[N, d]`.
    fn z(&self) -> Result<&Tensor>;

    /// Decoded means of the codes of the test images, `[N, C, H, W]`.
    fn reconstructions(&self) -> Result<&Tensor>;

    /// Decoded draws of those codes, `[N, C, H, W]`; the same as [`Self::reconstructions`] for a deterministic head.
    fn sampled_reconstructions(&self) -> Result<&Tensor>;

    /// Codes of `K` noisy passes of `M` test images, [`drawn`](crate::subset::drawn) of all, `[M, K, d]`, for a deterministic
    /// head that was trained
    /// with noise on its images.
    fn noisy_codes(&self) -> Result<Option<&Tensor>>;

    /// The codes of the training images.
    fn train_code(&self) -> Result<&Code>;

    /// Draws from the prior, `[S, d]`.
    fn prior_sample(&self) -> Result<&Tensor>;

    /// Their decodings, `[S, C, H, W]`.
    fn generated(&self) -> Result<&Tensor>;

    /// Images that neither trained nor test.
    fn held_out(&self) -> Result<&HeldOut>;

    /// The decoder's noise that is the likeliest on the held-out images.
    ///
    /// # Errors
    /// Where there are none, or their reconstructions are not finite.
    fn noise_scale(&self) -> Result<&NoiseScale>;

    /// The codes of the images of `set` at `indices`; `change` is given the images of a batch and the place of its first
    /// among `indices`. Not kept.
    fn encode(&self, set: &ImageSet, indices: &[usize], change: &dyn Fn(&Tensor, usize) -> Result<Tensor>) -> Result<Code>;

    /// The images decoded from codes `[N, d]`. Not kept.
    fn decode(&self, codes: &Tensor) -> Result<Tensor>;

    /// Who is told what is under way.
    fn progress(&self) -> &dyn Progress;

    /// The images of a split.
    fn images(&self, split: Split) -> Result<&ImageSet> {
        self.dataset().split(split)
    }
}
