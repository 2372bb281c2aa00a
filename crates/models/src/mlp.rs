//! The fully connected network of figure 1: three hidden layers of 256 on either side.
//!
//! The paper says no more about it. Initial weights follow He et al. (2015): with the standard deviation of the WAE
//! networks, 0.01, and no batch norm, the signal would vanish in the third layer.

use candle_core::{Module, Tensor};
use candle_nn::VarBuilder;
use vimae_core::{AutoEncoder, Code, Decoder, Encoder, Entry, Head, ImageShape, Mode, Parameters, PixelRange, Result, settings::Schema};
use vimae_ops::nn::Linear;

use crate::{
    BuildModel, Request,
    layers::{CodeHead, check_codes, check_images, linear_he, squash},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildModel> = Entry {
    name: "mlp",
    summary: "Fully connected layers with ReLU on either side of the code",
    source: "Figure 1 of the VIMAE paper (3 x 256)",
    settings: Schema::of::<Layers>,
    build: |settings, request| Ok(Box::new(Mlp::new(settings.read()?, request)?)),
};

vimae_core::settings! {
    /// The size of the network.
    pub struct Layers {
        /// units of a hidden layer
        pub width: usize = 256, from 1, to 65_536;
        /// hidden layers on either side
        pub layers: usize = 3, from 1, to 16;
    }
}

/// The network.
#[derive(Debug)]
pub struct Mlp {
    parameters: Parameters,
    image: ImageShape,
    range: PixelRange,
    code: usize,
    encoder: Vec<Linear>,
    head: CodeHead,
    decoder: Vec<Linear>,
    out: Linear,
}

impl Mlp {
    fn new(settings: Layers, request: &Request) -> Result<Self> {
        let Layers { width, layers } = settings;
        let Request { image, range, code, head, .. } = *request;
        let parameters = Parameters::new(request.seed, request.dtype, &request.device);
        let [at_encoder, at_decoder] = &["encoder", "decoder"].map(|side| parameters.builder().pp(side));
        let hidden = |side: &VarBuilder<'_>, inputs: usize| -> Result<Vec<Linear>> {
            (0..layers).map(|i| linear_he(if i == 0 { inputs } else { width }, width, side.pp(format!("fc{i}")))).collect()
        };
        let (encoder, decoder) = (hidden(at_encoder, image.len())?, hidden(at_decoder, code)?);
        let head = CodeHead::new(width, code, head, at_encoder)?;
        let out = linear_he(width, image.len(), at_decoder.pp("out"))?;
        Ok(Self { parameters, image, range, code, encoder, head, decoder, out })
    }
}

impl Encoder for Mlp {
    fn encode(&self, images: &Tensor, _: Mode) -> Result<Code> {
        check_images(images, self.image)?;
        let mut x = images.flatten_from(1)?;
        for layer in &self.encoder {
            x = layer.forward_relu(&x)?;
        }
        self.head.forward(&x)
    }
}

impl Decoder for Mlp {
    fn decode(&self, codes: &Tensor, _: Mode) -> Result<Tensor> {
        check_codes(codes, self.code)?;
        let mut x = codes.clone();
        for layer in &self.decoder {
            x = layer.forward_relu(&x)?;
        }
        let ImageShape { channels, height, width } = self.image;
        Ok(squash(self.range).forward(&self.out.forward(&x)?.reshape((codes.dim(0)?, channels, height, width))?)?)
    }
}

impl AutoEncoder for Mlp {
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
