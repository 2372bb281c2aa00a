//! A published network, ready for use: without its data, without its trainer.

use std::{collections::BTreeMap, sync::Arc};

use candle_core::{Device, Tensor};
use vimae_core::{AutoEncoder, Code, Dataset, ImageSet, ImageShape, MetricFiles, Mode, PixelRange, Purpose, Split, Streams};
use vimae_hub::{Network, Pretrained};
use vimae_trainer::Line;

use crate::{Error, Result, measure::Sampler, publish::network, resolve::Parts};

/// A network with weights.
pub struct Model {
    parts: Parts,
}

impl Model {
    /// The network of a published run with its weights on `device`.
    ///
    /// # Errors
    /// [`Error::Record`] where `config.json` describes another network than the specification; as [`Model::load`].
    pub fn of(pretrained: &Pretrained, device: &Device) -> Result<Self> {
        let given = &pretrained.config.network;
        let parts = Parts::on(pretrained.spec(), Arc::new(NoImages::of(given)), MetricFiles::default(), device)?;
        let expected = network(pretrained.spec(), &parts)?;
        if expected != *given {
            let problem = format!("describes the network {given:?}, the specification beside it {expected:?}");
            return Err(Error::Record { path: pretrained.folder.join("config.json"), problem });
        }
        let model = Self { parts };
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

    /// The network itself.
    pub fn network(&self) -> &dyn AutoEncoder {
        self.parts.model.as_ref()
    }

    /// The interval of its images' values.
    pub fn range(&self) -> PixelRange {
        self.parts.dataset.range()
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
    /// Where the run has no prior, but a density that is fitted to the codes of its training images.
    pub fn sample(&self, seed: u64, count: usize) -> Result<Tensor> {
        let size = self.parts.model.code_size();
        let sampler = Sampler::of(&self.parts)?;
        let codes = sampler.prior(&self.parts).sample(&Streams::new(seed), Purpose::Evaluation, 0, count, size)?;
        let device = self.parts.model.parameters().device();
        self.decode(&Tensor::from_vec(codes, (count, size), device)?)
    }
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
            reason: "they are not published with it; `cargo xtask eval` on the pulled folder takes the data set itself".into(),
        })
    }

    fn shape(&self) -> vimae_core::Result<ImageShape> {
        Ok(self.shape)
    }
}
