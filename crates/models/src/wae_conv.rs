//! The convolutional networks of the paper (its appendix; Tolstikhin et al. 2018).
//!
//! The encoder has four SAME convolutions of stride 2 with w, 2w, 4w and 8w filters, each with batch norm and ReLU, and a
//! linear layer to the code. The decoder has a linear layer with ReLU to `[8w, s, s]`, transposed convolutions of stride 2
//! that halve the number of filters, each with batch norm and ReLU, and a last transposed convolution of stride 1 to the
//! image. The side s is that of the image, halved once for each doubling: 7 for MNIST, 8 for CelebA, 4 for CIFAR-10 (the
//! paper's 8 would give 64x64 images).

use candle_core::{Module, ModuleT, Tensor};
use vimae_core::{AutoEncoder, Code, Decoder, Encoder, Entry, Error, Head, ImageShape, Mode, Parameters, Result, Work, settings::Schema};
use vimae_ops::{
    Direction,
    nn::{ConvStack, Linear, SameConv},
};

use crate::{
    BuildModel, Request,
    layers::{CodeHead, Conv, Stack, check_codes, check_images, linear, work},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildModel> = Entry {
    name: "wae_conv",
    summary: "The paper's convolutional encoder and decoder",
    source: "Appendix of the VIMAE paper; Tolstikhin et al., Wasserstein Auto-Encoders, 2018",
    settings: Schema::of::<Layers>,
    build: |settings, request| Ok(Box::new(WaeConv::new(settings.read()?, request)?)),
};

vimae_core::settings! {
    /// The size of the network.
    pub struct Layers {
        /// filters of the first convolution
        pub width: usize = 128, from 1, to 1024;
        /// height and width of every kernel: 4 (MNIST, Omniglot) or 5 (CIFAR-10, CelebA)
        pub kernel: usize = 4, from 2, to 7;
        /// transposed convolutions of stride 2: 2 (MNIST, Omniglot) or 3
        pub doublings: usize = 2, from 1, to 5;
    }
}

/// The number of convolutions in the encoder.
const ENCODER_DEPTH: usize = 4;

/// The network.
#[derive(Debug)]
pub struct WaeConv {
    parameters: Parameters,
    image: ImageShape,
    code: usize,
    /// (channels, height, width) of the input of the decoder's convolutions.
    start: (usize, usize, usize),
    down: ConvStack,
    head: CodeHead,
    fc: Linear,
    up: Stack,
    /// The last convolution where no activation follows it, in training and in evaluation.
    out: Option<[SameConv; 2]>,
}

impl WaeConv {
    fn new(settings: Layers, request: &Request) -> Result<Self> {
        let Layers { width, kernel, doublings } = settings;
        let Request { image, range, code, head, output, .. } = *request;
        let parameters = Parameters::new(request.seed, request.dtype, &request.device);
        let factor = 1 << doublings;
        if image.is_empty() || image.height % factor != 0 || image.width % factor != 0 {
            let fits = |fewer: &usize| [image.height, image.width].iter().all(|side| side % (1_usize << *fewer) == 0);
            let fewer = (1..doublings).rev().find(fits).map_or_else(String::new, |fewer| format!(" or model.doublings = {fewer}"));
            return Err(Error::Unsupported {
                what: format!("wae_conv with {doublings} doublings on {image} images"),
                reason: format!(
                    "height and width must be multiples of {factor}; set model.name = \"mlp\"{fewer}, or dataset.size for a folder or table"
                ),
            });
        }

        let [encoder, decoder] = ["encoder", "decoder"].map(|side| parameters.builder().pp(side));
        let mut down = Vec::with_capacity(ENCODER_DEPTH);
        let (mut channels, mut height, mut columns) = (image.channels, image.height, image.width);
        for i in 0..ENCODER_DEPTH {
            let conv = Conv { inputs: channels, outputs: width << i, kernel, stride: 2, direction: Direction::Convolve };
            down.push(conv.with_norm(&parameters, &encoder, [format!("conv{i}"), format!("bn{i}")])?);
            (channels, height, columns) = (conv.outputs, height.div_ceil(2), columns.div_ceil(2));
        }
        let head = CodeHead::new(channels * height * columns, code, head, &encoder)?;

        let start = (channels, image.height / factor, image.width / factor);
        let fc = linear(code, start.0 * start.1 * start.2, decoder.pp("fc"))?;
        let mut up = Vec::with_capacity(doublings);
        for i in 0..doublings {
            // Five doublings would halve a width below 4 to nothing.
            let conv = Conv { inputs: channels, outputs: (channels / 2).max(1), kernel, stride: 2, direction: Direction::Transpose };
            up.push(conv.with_norm(&parameters, &decoder, [format!("deconv{i}"), format!("bn{i}")])?);
            channels = conv.outputs;
        }
        let out = Conv { inputs: channels, outputs: output.shape(image).channels, kernel, stride: 1, direction: Direction::Transpose };
        let out = out.layer(&parameters, &decoder.pp("out"))?;
        let (last, out) = if output.squashed { (Some((out, range)), None) } else { (None, Some([out.clone(), out.detached()])) };
        let (down, up) = (ConvStack::new(down, None).map_err(candle_core::Error::from)?, Stack::new(up, last)?);
        Ok(Self { parameters, image, code, start, down, head, fc, up, out })
    }
}

impl Encoder for WaeConv {
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code> {
        check_images(images, self.image)?;
        self.head.forward(&self.down.forward_t(images, mode == Mode::Train)?.flatten_from(1)?)
    }
}

impl Decoder for WaeConv {
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        check_codes(codes, self.code)?;
        let (channels, height, width) = self.start;
        let x = self.fc.forward_relu(codes)?.reshape((codes.dim(0)?, channels, height, width))?;
        let x = self.up.forward(&x, mode)?;
        match (&self.out, mode) {
            (None, _) => Ok(x),
            (Some([train, _]), Mode::Train) => Ok(train.forward(&x)?),
            (Some([_, evaluate]), Mode::Evaluate) => Ok(evaluate.forward(&x)?),
        }
    }
}

impl AutoEncoder for WaeConv {
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

    fn work(&self) -> Work {
        let mut total = Work::of_linear(&self.parameters);
        let mut through = |side: &mut u64, from: (usize, usize), layers: &mut dyn Iterator<Item = &SameConv>| {
            layers.fold(from, |size, conv| {
                let (products, values, to) = work(conv, size);
                *side += products;
                total.values += values;
                to
            });
        };
        through(&mut total.encode, (self.image.height, self.image.width), &mut self.down.convolutions());
        through(&mut total.decode, (self.start.1, self.start.2), &mut self.up.convolutions().chain(self.out.iter().map(|[conv, _]| conv)));
        total
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};
    use vimae_core::{Output, PixelRange};

    use super::*;

    #[test]
    fn images_that_do_not_fit_are_refused_with_what_does() {
        let refused = |width: usize| {
            let image = ImageShape { channels: 3, height: 36, width };
            let (range, head, output) = (PixelRange::Unit, Head::Gaussian, Output::IMAGES);
            let request = Request { image, range, code: 2, head, output, seed: 1, dtype: DType::F32, device: Device::Cpu };
            WaeConv::new(Layers { width: 2, kernel: 4, doublings: 3 }, &request).unwrap_err().to_string()
        };
        for (width, said) in
            [(36, "model.name = \"mlp\" or model.doublings = 2, or"), (30, "model.doublings = 1"), (31, "\"mlp\", or dataset.size")]
        {
            let message = refused(width);
            assert!(message.contains("must be multiples of 8") && message.contains(said), "{message}");
        }
    }

    #[test]
    fn in_evaluation_codes_have_a_gradient_by_all_weights_and_images_by_the_codes() {
        let image = ImageShape { channels: 1, height: 8, width: 8 };
        let (range, head, output) = (PixelRange::Unit, Head::Gaussian, Output::IMAGES);
        let request = Request { image, range, code: 2, head, output, seed: 1, dtype: DType::F64, device: Device::Cpu };
        let network = WaeConv::new(Layers { width: 2, kernel: 4, doublings: 2 }, &request).unwrap();
        let images = Tensor::ones((3, 1, 8, 8), DType::F64, &Device::Cpu).unwrap();
        let Code { mean, log_var } = network.encode(&images, Mode::Evaluate).unwrap();
        let z = Var::from_tensor(&mean.detach()).unwrap();
        let of_codes = (mean.sum_all().unwrap() + log_var.unwrap().sum_all().unwrap()).unwrap().backward().unwrap();
        let of_images = network.decode(&z, Mode::Evaluate).unwrap().sum_all().unwrap().backward().unwrap();
        assert!(of_images.get(&z).is_some());
        for (name, var) in network.parameters().weights() {
            assert!(!name.starts_with("encoder.") || of_codes.get(&var).is_some(), "no gradient reaches {name}");
            let convolution = name.starts_with("decoder.deconv") || name.starts_with("decoder.out");
            assert!(!convolution || of_images.get(&var).is_none(), "a gradient of {name} is paid for");
        }
    }
}
