//! A trained network, ready for use: without its data, without its trainer.

use std::{collections::BTreeMap, sync::Arc};

use candle_core::{Device, Tensor};
use serde::Deserialize;
use vimae_core::{AutoEncoder, Code, Dataset, ImageSet, ImageShape, MetricFiles, Mode, PixelRange, Prior, Purpose, Split, Streams};
use vimae_datasets::DeepGrayscale;
use vimae_hub::{Config, Network, Pretrained};
use vimae_metrics::fid_classifier::in_bytes;
use vimae_spec::Component;
use vimae_trainer::Line;

use crate::{Error, HubEvent, HubOptions, Result, command::called, config, measure::Sampler, resolve::Parts, runs::run_at};

/// Codes that are drawn at once at most: more do not fit into memory beside what is made of them.
const MOST_CODES: usize = 1_000_000;

/// A network with weights, and what its codes are drawn from.
pub struct Model {
    parts: Parts,
    dataset: Component,
    config: Config,
    fitted: Option<Arc<dyn Prior>>,
}

impl Model {
    /// The model of a finished run with its weights on `device`: `place` is the run's folder, or `owner/name`, or
    /// `owner/name@revision`, on the Hub. `tell` hears of what comes from there.
    ///
    /// # Errors
    /// [`Error::Hub`] where there is none, or a file of it is damaged; as [`Model::of`].
    pub fn open(place: &str, device: &Device, options: &HubOptions, tell: &mut dyn FnMut(HubEvent)) -> Result<Self> {
        Self::of(&Pretrained::open(&run_at(place, options, tell)?)?, device)
    }

    /// The network of a finished run with its weights on `device`.
    ///
    /// # Errors
    /// [`Error::Record`] where `config.json` describes another network than the specification; as [`Model::load`].
    pub fn of(pretrained: &Pretrained, device: &Device) -> Result<Self> {
        let given = &pretrained.config.network;
        let parts = Parts::on(pretrained.spec(), Arc::new(NoImages::of(given)), MetricFiles::default(), device)?;
        let expected = config::network(pretrained.spec(), &parts)?;
        if expected != *given {
            let problem = format!("describes the network {given:?}, the specification beside it {expected:?}");
            return Err(Error::Record { path: pretrained.folder.join("config.json"), problem });
        }
        let fitted = parts.sampler.protocol().map(|_| config::fitted(&pretrained.config, &pretrained.folder)).transpose()?.map(Arc::from);
        let model = Self { parts, dataset: pretrained.spec().dataset.clone(), config: pretrained.config.clone(), fitted };
        model.load(&pretrained.weights)?;
        Ok(model)
    }

    /// Sets every weight and running statistic: those of [`vimae_hub::read_weights`], whoever wrote them.
    ///
    /// # Errors
    /// For a name that is missing or unknown, a wrong shape, a value that is not finite.
    pub fn load(&self, weights: &BTreeMap<String, Tensor>) -> Result<()> {
        let Parts { model, objective, prior, divergence, .. } = &self.parts;
        let line = Line::new(model.as_ref(), objective.as_ref(), prior.as_ref());
        Ok(Line { divergence: divergence.as_deref(), ..line }.load(weights)?)
    }

    /// Everything about its run, resolved.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The network itself.
    pub fn network(&self) -> &dyn AutoEncoder {
        self.parts.model.as_ref()
    }

    /// The data set that it was trained on, with the run's settings.
    pub(crate) fn dataset(&self) -> &Component {
        &self.dataset
    }

    /// The interval of its images' values.
    pub fn range(&self) -> PixelRange {
        self.parts.dataset.range()
    }

    /// What became of grayscale of 16 bits in the images that it was trained on, and becomes of it in those that it is given.
    pub fn deep_grayscale(&self) -> DeepGrayscale {
        let set = self.config.dataset.settings.get("deep_grayscale");
        set.and_then(|set| DeepGrayscale::deserialize(set).ok()).unwrap_or_default()
    }

    /// Whether it was trained on binary pixels.
    pub fn takes_binary(&self) -> bool {
        self.config.dataset.settings.get("binarise").and_then(|set| set.as_str()).is_some_and(|set| set != "none")
    }

    /// Images in bytes, `[C, H, W]` each, as a tensor `[N, C, H, W]` in the model's range on its device; with two levels for a
    /// model that was trained on binary pixels.
    ///
    /// # Errors
    /// [`Error::Core`] for bytes of another shape.
    pub fn tensor(&self, images: &[Vec<u8>]) -> Result<Tensor> {
        let (scale, offset) = self.range().affine();
        let ImageShape { channels, height, width } = self.parts.model.image_shape();
        if let Some(wrong) = images.iter().find(|image| image.len() != channels * height * width) {
            return Err(vimae_core::Error::shape("an image", format!("{channels} x {height} x {width} bytes"), &[wrong.len()]).into());
        }
        let binary = self.takes_binary();
        let level = |byte: &u8| f32::from(if binary { binarised(*byte) } else { *byte }) * scale + offset;
        let values: Vec<f32> = images.iter().flatten().map(level).collect();
        Ok(Tensor::from_vec(values, (images.len(), channels, height, width), self.parts.model.parameters().device())?)
    }

    /// Images `[N, C, H, W]` in the model's range as bytes, `[C, H, W]` each.
    ///
    /// # Errors
    /// For another rank.
    pub fn bytes(&self, images: &Tensor) -> Result<Vec<Vec<u8>>> {
        Ok(in_bytes(images, self.range())?.into_iter().map(|image| image.bytes).collect())
    }

    /// The codes of images `[N, C, H, W]`.
    ///
    /// # Errors
    /// For another shape.
    pub fn encode(&self, images: &Tensor) -> Result<Code> {
        Ok(self.parts.model.encode(images, Mode::Evaluate)?)
    }

    /// The images `[N, C, H, W]` of codes `[N, d]`.
    ///
    /// # Errors
    /// For another shape.
    pub fn decode(&self, codes: &Tensor) -> Result<Tensor> {
        Ok(self.parts.model.decode(codes, Mode::Evaluate)?.detach())
    }

    /// The images that the mean codes of images `[N, C, H, W]` decode to.
    ///
    /// # Errors
    /// For another shape.
    pub fn reconstruct(&self, images: &Tensor) -> Result<Tensor> {
        self.decode(&self.encode(images)?.mean)
    }

    /// Images `[count, C, H, W]` decoded from draws of the prior, a function of the weights and the seed.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn sample(&self, seed: u64, count: usize) -> Result<Tensor> {
        self.decode(&self.sample_codes(seed, count)?)
    }

    /// Codes `[count, d]` drawn from the run's own prior, or from the density that was fitted to its codes; a function of the
    /// weights and the seed.
    ///
    /// # Errors
    /// [`Error::Images`] for more than a million; where the device fails.
    pub fn sample_codes(&self, seed: u64, count: usize) -> Result<Tensor> {
        self.draw(&Streams::new(seed), 0, count)
    }

    /// Codes `[count, d]` of step `step` of an evaluation's stream.
    pub(crate) fn draw(&self, streams: &Streams, step: u64, count: usize) -> Result<Tensor> {
        if count > MOST_CODES {
            let problem = format!("{count} draws at once; {MOST_CODES} are the most");
            return Err(Error::Images { place: "samples".into(), problem });
        }
        let size = self.parts.model.code_size();
        let codes = self.sampler()?.prior(&self.parts).draw(streams, Purpose::Evaluation, step, count, size)?;
        Ok(Tensor::from_vec(codes, (count, size), self.parts.model.parameters().device())?)
    }

    /// Log density in nats of codes `[N, d]` under what its codes are drawn from: `[N]`.
    ///
    /// # Errors
    /// For another shape.
    pub fn log_density(&self, codes: &Tensor) -> Result<Tensor> {
        Ok(self.sampler()?.prior(&self.parts).log_density(codes)?.detach())
    }

    pub(crate) fn sampler(&self) -> Result<Sampler> {
        Sampler::stored(&self.parts, self.fitted.clone())
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }
}

/// A byte of an image as a network takes it that was trained on binary pixels.
pub(crate) fn binarised(byte: u8) -> u8 {
    if byte < 128 { 0 } else { 255 }
}

/// The shape of images that are elsewhere.
struct NoImages {
    shape: ImageShape,
    range: PixelRange,
}

impl NoImages {
    fn of(network: &Network) -> Self {
        let &Network { channels, height, width, range, .. } = network;
        Self { shape: ImageShape { channels, height, width }, range }
    }
}

impl Dataset for NoImages {
    fn name(&self) -> &str {
        "none"
    }

    fn range(&self) -> PixelRange {
        self.range
    }

    fn classes(&self) -> usize {
        0
    }

    fn sha256(&self) -> &str {
        ""
    }

    fn split(&self, split: Split) -> vimae_core::Result<&ImageSet> {
        Err(vimae_core::Error::Unsupported {
            what: format!("the {split} images of a published network"),
            reason: format!("they are not published with it; `{} eval` on the pulled folder takes the data set itself", called()),
        })
    }

    fn shape(&self) -> vimae_core::Result<ImageShape> {
        Ok(self.shape)
    }
}
