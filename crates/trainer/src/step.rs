//! One training step: noise, encoder, code, decoder, loss.

use candle_core::Tensor;
use vimae_core::{AutoEncoder, Head, Loss, Mode, Objective, Pass, Prior, Purpose, Result, Streams};

/// The parts of a run that meet in every step.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// The network.
    pub model: &'a dyn AutoEncoder,
    /// What is minimised.
    pub objective: &'a dyn Objective,
    /// The prior on codes.
    pub prior: &'a dyn Prior,
}

/// The random numbers of one step.
#[derive(Debug, Clone)]
pub struct Draws {
    /// Noise added to the encoder's input, of the pictures' shape.
    pub pixels: Option<Tensor>,
    /// Standard normal noise of a Gaussian head, `[N, d]`.
    pub code: Option<Tensor>,
    /// Codes from the prior, `[N, d]`.
    pub prior: Tensor,
}

impl Draws {
    /// The draws for `images` `[N, C, H, W]` at `step`, a function of the streams' seed and the step.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn at(line: &Line<'_>, images: &Tensor, streams: &Streams, step: u64) -> Result<Self> {
        let (n, d) = (images.dim(0)?, line.model.code_size());
        let tensor = |values: Vec<f32>| Tensor::from_vec(values, (n, d), images.device())?.to_dtype(images.dtype());
        let code = match line.objective.head() {
            Head::Gaussian => Some(tensor(streams.normal(Purpose::CodeNoise, step, n * d))?),
            Head::Deterministic => None,
        };
        let pixels = line.objective.pixel_noise().draw(images, streams, Purpose::PixelNoise, step)?;
        let prior = tensor(line.prior.sample(streams, Purpose::PriorSample, step, n, d)?)?;
        Ok(Self { pixels, code, prior })
    }
}

impl Line<'_> {
    /// The loss of one step on clean pictures `[N, C, H, W]`. Batch norm is in training mode.
    ///
    /// # Errors
    /// Where shapes do not fit.
    pub fn loss(&self, images: &Tensor, draws: &Draws) -> Result<Loss> {
        let noisy = draws.pixels.as_ref().map(|noise| images + noise).transpose()?;
        let code = self.model.encode(noisy.as_ref().unwrap_or(images), Mode::Train)?;
        let z = draws.code.as_ref().map(|noise| code.sample(noise)).transpose()?.unwrap_or_else(|| code.mean.clone());
        let output = self.model.decode(&z, Mode::Train)?;
        self.objective.loss(&Pass { images, output: &output, code: &code, z: &z, prior: self.prior, prior_sample: &draws.prior })
    }
}
