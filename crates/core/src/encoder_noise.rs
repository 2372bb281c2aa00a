//! What makes an encoder random: noise on its input, a Gaussian head, noise of fixed size on its codes.

use candle_core::Tensor;

use crate::{AutoEncoder, Code, Corruption, Decoder, Encoder, Error, Head, ImageShape, Mode, Parameters, Result, Work};

/// A kind of encoder noise, chosen by name beside the objective.
pub trait EncoderNoise: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// What the network must end in.
    fn network_head(&self) -> Head {
        Head::Deterministic
    }

    /// Whether a code has a distribution, and with it a rate; the network's head unless it says so.
    fn code_head(&self) -> Head {
        self.network_head()
    }

    /// The corruption of the encoder's input while training, none by default. The distortion is taken against the clean image.
    fn pixels(&self) -> Option<&dyn Corruption> {
        None
    }

    /// The code that the network's output stands for, in training and evaluation alike.
    ///
    /// # Errors
    /// Where the device fails.
    fn shape(&self, code: Code) -> Result<Code> {
        Ok(code)
    }

    /// A scalar that training adds to the loss, where there is one.
    ///
    /// # Errors
    /// Where the device fails.
    fn penalty(&self, code: &Code) -> Result<Option<Tensor>> {
        let _ = code;
        Ok(None)
    }
}

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

    fn work(&self) -> Work {
        self.model.work()
    }
}
