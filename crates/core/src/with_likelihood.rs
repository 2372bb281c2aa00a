//! A network whose decoder's output is the parameters of a likelihood.

use candle_core::Tensor;

use crate::{AutoEncoder, Code, Decoder, Encoder, EncoderNoise, Head, ImageShape, Likelihood, Mode, Parameters, Result, Work};

/// A network with the distribution that its decoder's output stands for: it decodes to mean images.
pub struct WithLikelihood {
    model: Box<dyn AutoEncoder>,
    likelihood: Box<dyn Likelihood>,
}

impl WithLikelihood {
    /// Reads the output of the decoder of `model` as the parameters of `likelihood`. The network must have been made for
    /// [`Likelihood::output`].
    pub fn new(model: Box<dyn AutoEncoder>, likelihood: Box<dyn Likelihood>) -> Self {
        Self { model, likelihood }
    }
}

impl Encoder for WithLikelihood {
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code> {
        self.model.encode(images, mode)
    }
}

impl Decoder for WithLikelihood {
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        self.likelihood.mean(&self.model.decode_output(codes, mode)?)
    }

    fn decode_output(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        self.model.decode_output(codes, mode)
    }
}

impl AutoEncoder for WithLikelihood {
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
        self.model.head()
    }

    fn noise(&self) -> Option<&dyn EncoderNoise> {
        self.model.noise()
    }

    fn likelihood(&self) -> Option<&dyn Likelihood> {
        Some(self.likelihood.as_ref())
    }

    fn work(&self) -> Work {
        self.model.work()
    }
}
