//! A network with noise on its encoder.

use candle_core::Tensor;

use crate::{AutoEncoder, Code, Decoder, Encoder, EncoderNoise, Error, Head, ImageShape, Likelihood, Mode, Parameters, Result, Work};

/// A network whose encoder has the given noise.
pub struct WithNoise {
    model: Box<dyn AutoEncoder>,
    noise: Box<dyn EncoderNoise>,
}

impl WithNoise {
    /// Puts `noise` on the encoder of `model`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the network has another head than the noise needs.
    pub fn new(model: Box<dyn AutoEncoder>, noise: Box<dyn EncoderNoise>) -> Result<Self> {
        if model.head() != noise.network_head() {
            return Err(Error::Unsupported {
                what: format!("encoder noise \"{}\" on a network with a {:?} head", noise.name(), model.head()),
                reason: format!("it needs a {:?} head", noise.network_head()),
            });
        }
        Ok(Self { model, noise })
    }
}

impl Encoder for WithNoise {
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code> {
        self.noise.shape(self.model.encode(images, mode)?)
    }
}

impl Decoder for WithNoise {
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        self.model.decode(codes, mode)
    }

    fn decode_output(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        self.model.decode_output(codes, mode)
    }
}

impl AutoEncoder for WithNoise {
    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn code_size(&self) -> usize {
        self.model.code_size()
    }

    fn image_shape(&self) -> ImageShape {
        self.model.image_shape()
    }

    fn head(&self) -> Head {
        self.noise.code_head()
    }

    fn noise(&self) -> Option<&dyn EncoderNoise> {
        Some(self.noise.as_ref())
    }

    fn likelihood(&self) -> Option<&dyn Likelihood> {
        self.model.likelihood()
    }

    fn work(&self) -> Work {
        self.model.work()
    }
}
