//! Fully connected layers on either side of a code.

use candle_core::{Module, Tensor};
use candle_nn::VarBuilder;
use vimae_core::{AutoEncoder, Code, Decoder, Encoder, Head, ImageShape, Mode, Parameters, Result};
use vimae_ops::nn::Linear;

use crate::{
    LastActivation, Request,
    layers::{CodeHead, check_codes, check_images, linear, linear_glorot, linear_he},
};

/// The units of the hidden layers, with the initial weights that suit them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    /// ReLU; weights after He et al. (2015), those of the code with a standard deviation of 0.01.
    Relu,
    /// Hyperbolic tangent; all weights after Glorot & Bengio (2010).
    Tanh,
}

impl Units {
    fn layer(self, inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Linear> {
        match self {
            Self::Relu => linear_he(inputs, outputs, vb),
            Self::Tanh => linear_glorot(inputs, outputs, vb),
        }
    }

    fn forward(self, layer: &Linear, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Relu => layer.forward_relu(x)?,
            Self::Tanh => vimae_ops::tanh(&layer.forward(x)?).map_err(candle_core::Error::from)?,
        })
    }
}

/// The network.
#[derive(Debug)]
pub(crate) struct FullyConnected {
    parameters: Parameters,
    image: ImageShape,
    output: ImageShape,
    code: usize,
    units: Units,
    encoder: Vec<Linear>,
    head: CodeHead,
    decoder: Vec<Linear>,
    out: Linear,
    last: LastActivation,
}

impl FullyConnected {
    /// `layers` hidden layers of `width` units on either side.
    pub(crate) fn new(units: Units, (width, layers): (usize, usize), request: &Request) -> Result<Self> {
        let Request { image, code, head, output, .. } = *request;
        let parameters = Parameters::new(request.seed, request.dtype, &request.device);
        let [at_encoder, at_decoder] = &["encoder", "decoder"].map(|side| parameters.builder().pp(side));
        let hidden = |side: &VarBuilder<'_>, inputs: usize| -> Result<Vec<Linear>> {
            (0..layers).map(|i| units.layer(if i == 0 { inputs } else { width }, width, side.pp(format!("fc{i}")))).collect()
        };
        let (encoder, decoder) = (hidden(at_encoder, image.len())?, hidden(at_decoder, code)?);
        let of_code = match units {
            Units::Relu => linear,
            Units::Tanh => linear_glorot,
        };
        let head = CodeHead::by(of_code, (width, code), head, at_encoder)?;
        let out = units.layer(width, request.outputs(), at_decoder.pp("out"))?;
        let (output, last) = (output.shape(image), request.last_activation());
        Ok(Self { parameters, image, output, code, units, encoder, head, decoder, out, last })
    }
}

impl Encoder for FullyConnected {
    fn encode(&self, images: &Tensor, _: Mode) -> Result<Code> {
        check_images(images, self.image)?;
        let mut x = images.flatten_from(1)?;
        for layer in &self.encoder {
            x = self.units.forward(layer, &x)?;
        }
        self.head.forward(&x)
    }
}

impl Decoder for FullyConnected {
    fn decode(&self, codes: &Tensor, _: Mode) -> Result<Tensor> {
        check_codes(codes, self.code)?;
        let mut x = codes.clone();
        for layer in &self.decoder {
            x = self.units.forward(layer, &x)?;
        }
        let ImageShape { channels, height, width } = self.output;
        Ok(self.last.forward(&self.out.forward(&x)?.reshape((codes.dim(0)?, channels, height, width))?)?)
    }
}

impl AutoEncoder for FullyConnected {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn code_size(&self) -> usize {
        self.code
    }

    fn image_shape(&self) -> ImageShape {
        self.image
    }

    fn head(&self) -> Head {
        self.head.kind()
    }
}
