//! The fully connected network of figure 1: three hidden layers of 256 on either side.
//!
//! The paper says no more about it. Initial weights follow He et al. (2015): with the standard deviation of the WAE
//! networks, 0.01, and no batch norm, the signal would vanish in the third layer.

use candle_core::Tensor;
use vimae_core::{AutoEncoder, Code, Decoder, Encoder, Entry, Head, ImageShape, Key, Mode, Parameters, PixelRange, Result, Settings};

use crate::{
    BuildModel, Request,
    layers::{CodeHead, Linear, check_codes, check_images, into_range},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildModel> = Entry {
    name: "mlp",
    summary: "Fully connected layers with ReLU on either side of the code",
    source: "Figure 1 of the VIMAE paper (3 x 256)",
    keys: &[
        Key::integer("width", 256, 1, 65_536, "units of a hidden layer"),
        Key::integer("layers", 3, 1, 16, "hidden layers on either side"),
    ],
    build: |request, settings| Ok(Box::new(Mlp::new(request, settings)?)),
};

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
    fn new(request: &Request<'_>, settings: &Settings) -> Result<Self> {
        let (width, layers) = (settings.integer("width")?, settings.integer("layers")?);
        let &Request { image, range, code, head, .. } = request;
        let parameters = Parameters::new(request.seed, request.dtype, request.device);
        let hidden = |side: &str, inputs: usize| -> Result<Vec<Linear>> {
            (0..layers).map(|i| Linear::he(&parameters, &format!("{side}.fc{i}"), if i == 0 { inputs } else { width }, width)).collect()
        };
        let (encoder, decoder) = (hidden("encoder", image.len())?, hidden("decoder", code)?);
        let head = CodeHead::new(&parameters, width, code, head)?;
        let out = Linear::he(&parameters, "decoder.out", width, image.len())?;
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
        into_range(&self.out.forward(&x)?.reshape((codes.dim(0)?, channels, height, width))?, self.range)
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
