//! The convolutional networks of the paper (its appendix; Tolstikhin et al. 2018).
//!
//! The encoder has four SAME convolutions of stride 2 with w, 2w, 4w and 8w filters, each with batch norm and ReLU, and a
//! linear layer to the code. The decoder has a linear layer with ReLU to `[8w, s, s]`, transposed convolutions of stride 2
//! that halve the number of filters, each with batch norm and ReLU, and a last transposed convolution of stride 1 to the
//! image. The side s is that of the image, halved once for each doubling: 7 for MNIST, 8 for CelebA, 4 for CIFAR-10 (the
//! paper's 8 would give 64x64 images).

use candle_core::Tensor;
use vimae_core::{
    AutoEncoder, Code, Decoder, Encoder, Entry, Error, Head, ImageShape, Mode, Parameters, PixelRange, Result, Work, settings::Schema,
};

use crate::{
    BuildModel, Request,
    layers::{BatchNormRelu, CodeHead, Conv, Direction, Linear, check_codes, check_images, into_range, train_stack},
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
        /// side of every kernel: 4 (MNIST, Omniglot) or 5 (CIFAR-10, CelebA)
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
    range: PixelRange,
    code: usize,
    /// (channels, height, width) of the input of the decoder's convolutions.
    start: (usize, usize, usize),
    down: Vec<(Conv, BatchNormRelu)>,
    head: CodeHead,
    fc: Linear,
    up: Vec<(Conv, BatchNormRelu)>,
    out: Conv,
}

impl WaeConv {
    fn new(settings: Layers, request: &Request) -> Result<Self> {
        let Layers { width, kernel, doublings } = settings;
        let Request { image, range, code, head, .. } = *request;
        let parameters = Parameters::new(request.seed, request.dtype, &request.device);
        let factor = 1 << doublings;
        if image.is_empty() || image.height % factor != 0 || image.width % factor != 0 {
            return Err(Error::Unsupported {
                what: format!("wae_conv with {doublings} doublings on {image} images"),
                reason: format!("height and width must be multiples of {factor}"),
            });
        }

        let mut down = Vec::with_capacity(ENCODER_DEPTH);
        let (mut channels, mut height, mut columns) = (image.channels, image.height, image.width);
        for i in 0..ENCODER_DEPTH {
            let filters = width << i;
            let conv = Conv::new(&parameters, &format!("encoder.conv{i}"), (channels, filters), kernel, 2, Direction::Convolve)?;
            down.push((conv, BatchNormRelu::new(&parameters, &format!("encoder.bn{i}"), filters)?));
            (channels, height, columns) = (filters, height.div_ceil(2), columns.div_ceil(2));
        }
        let head = CodeHead::new(&parameters, channels * height * columns, code, head)?;

        let start = (channels, image.height / factor, image.width / factor);
        let fc = Linear::new(&parameters, "decoder.fc", code, start.0 * start.1 * start.2)?;
        let mut up = Vec::with_capacity(doublings);
        for i in 0..doublings {
            // Five doublings would halve a width below 4 to nothing.
            let filters = (channels / 2).max(1);
            let conv = Conv::new(&parameters, &format!("decoder.deconv{i}"), (channels, filters), kernel, 2, Direction::Transpose)?;
            up.push((conv, BatchNormRelu::new(&parameters, &format!("decoder.bn{i}"), filters)?));
            channels = filters;
        }
        let out = Conv::new(&parameters, "decoder.out", (channels, image.channels), kernel, 1, Direction::Transpose)?;
        Ok(Self { parameters, image, range, code, start, down, head, fc, up, out })
    }
}

impl Encoder for WaeConv {
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code> {
        check_images(images, self.image)?;
        if mode == Mode::Train {
            return self.head.forward(&train_stack(images, &self.down, None)?.flatten_from(1)?);
        }
        let mut x = images.clone();
        for (conv, norm) in &self.down {
            x = norm.forward(&conv.forward(&x)?, mode)?;
        }
        self.head.forward(&x.flatten_from(1)?)
    }
}

impl Decoder for WaeConv {
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        check_codes(codes, self.code)?;
        let (channels, height, width) = self.start;
        let mut x = self.fc.forward_relu(codes)?.reshape((codes.dim(0)?, channels, height, width))?;
        if mode == Mode::Train {
            return train_stack(&x, &self.up, Some((&self.out, self.range)));
        }
        for (conv, norm) in &self.up {
            x = norm.forward(&conv.forward(&x)?, mode)?;
        }
        into_range(&self.out.forward(&x)?, self.range)
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
        let mut work = Work::of_linear(&self.parameters);
        let mut through = |side: &mut u64, from: (usize, usize), layers: &mut dyn Iterator<Item = &Conv>| {
            layers.fold(from, |size, conv| {
                let (products, values, to) = conv.work(size);
                *side += products;
                work.values += values;
                to
            });
        };
        through(&mut work.encode, (self.image.height, self.image.width), &mut self.down.iter().map(|(conv, _)| conv));
        through(&mut work.decode, (self.start.1, self.start.2), &mut self.up.iter().map(|(conv, _)| conv).chain([&self.out]));
        work
    }
}
