//! The layers of the networks: modules of `vimae_ops::nn` with the networks' own initial weights.

use candle_core::{Module, ModuleT, Tensor};
use candle_nn::{VarBuilder, init};
use vimae_core::{Code, Error, Head, ImageShape, Init, Mode, Parameters, PixelRange, Result};
use vimae_ops::{
    Direction,
    nn::{BatchNormRelu, Conv2dSame, ConvStack, ConvTranspose2dSame, Linear, SameConv, Squash, batch_norm_relu},
};

/// The standard deviation of initial weights in the WAE networks.
const INITIAL_STD: f64 = 0.01;

/// A fully connected layer with the initial weights of the WAE networks.
pub(crate) fn linear(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Linear> {
    linear_with_std(inputs, outputs, INITIAL_STD, &vb)
}

/// A fully connected layer with the initial weights of He et al. (2015), which keep the scale of activations through ReLUs
/// without batch norm.
pub(crate) fn linear_he(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Linear> {
    linear_with_std(inputs, outputs, (2.0 / inputs as f64).sqrt(), &vb)
}

/// A fully connected layer with the initial weights of Glorot & Bengio (2010), equation 16: uniform, which keep the scale of
/// activations through tanh units.
pub(crate) fn linear_glorot(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Linear> {
    let bound = (6.0 / (inputs + outputs) as f64).sqrt();
    let weight = vb.get_with_hints((outputs, inputs), "weight", candle_nn::Init::Uniform { lo: -bound, up: bound })?;
    Ok(Linear::new(weight, Some(vb.get_with_hints(outputs, "bias", init::ZERO)?)))
}

fn linear_with_std(inputs: usize, outputs: usize, std: f64, vb: &VarBuilder<'_>) -> Result<Linear> {
    let weight = vb.get_with_hints((outputs, inputs), "weight", candle_nn::Init::Randn { mean: 0.0, stdev: std })?;
    Ok(Linear::new(weight, Some(vb.get_with_hints(outputs, "bias", init::ZERO)?)))
}

/// What a convolution of the WAE networks is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conv {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) direction: Direction,
}

impl Conv {
    /// The layer, at the place of `vb` in the store `parameters`: candle-nn knows no truncated normal, so its weight comes
    /// from the store itself.
    pub(crate) fn layer(self, parameters: &Parameters, vb: &VarBuilder<'_>) -> Result<SameConv> {
        let Self { inputs, outputs, kernel, stride, direction } = self;
        let shape = match direction {
            Direction::Convolve => [outputs, inputs, kernel, kernel],
            Direction::Transpose => [inputs, outputs, kernel, kernel],
        };
        let weight = parameters.weight(&format!("{}.weight", vb.prefix()), &shape, Init::TruncatedNormal(INITIAL_STD))?.into_inner();
        let bias = Some(vb.get_with_hints(outputs, "bias", init::ZERO)?);
        Ok(match direction {
            Direction::Convolve => Conv2dSame::new(weight, bias, stride).into(),
            Direction::Transpose => ConvTranspose2dSame::new(weight, bias, stride).into(),
        })
    }

    /// The layer, named `name`, and the batch norm with ReLU behind it, named `norm`.
    pub(crate) fn with_norm(
        self,
        parameters: &Parameters,
        side: &VarBuilder<'_>,
        [name, norm]: [String; 2],
    ) -> Result<(SameConv, BatchNormRelu)> {
        Ok((self.layer(parameters, &side.pp(name))?, batch_norm_relu(self.outputs, side.pp(norm))?))
    }
}

/// Counts multiply-adds and output values of a convolution for one image of feature maps `[in, H, W]`, and returns them with
/// the height and width of the output.
pub(crate) fn work(conv: &SameConv, (height, width): (usize, usize)) -> (u64, u64, (usize, usize)) {
    let stride = conv.stride();
    // A convolution gathers at each position of its output; a transposed one scatters from each position of its input.
    let (to, places) = match conv.direction() {
        Direction::Convolve => {
            let to = (height.div_ceil(stride), width.div_ceil(stride));
            (to, to.0 * to.1)
        }
        Direction::Transpose => ((height * stride, width * stride), height * width),
    };
    ((conv.weight().elem_count() * places) as u64, (conv.outputs() * to.0 * to.1) as u64, to)
}

/// A decoder's stack to train, and the same stack to evaluate. In evaluation the weights of its convolutions get no gradient: a
/// caller that needs the gradient of the codes does not pay for that of the weights.
#[derive(Debug)]
pub(crate) struct Stack {
    train: ConvStack,
    evaluate: ConvStack,
}

impl Stack {
    pub(crate) fn new(layers: Vec<(SameConv, BatchNormRelu)>, last: Option<(SameConv, PixelRange)>) -> Result<Self> {
        let train = ConvStack::new(layers, last.map(|(conv, range)| (conv, squash(range)))).map_err(candle_core::Error::from)?;
        Ok(Self { evaluate: train.with_detached_convolutions(), train })
    }

    pub(crate) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        Ok(match mode {
            Mode::Train => self.train.forward_t(x, true)?,
            Mode::Evaluate => self.evaluate.forward_t(x, false)?,
        })
    }

    pub(crate) fn convolutions(&self) -> impl Iterator<Item = &SameConv> {
        self.train.convolutions()
    }
}

/// The last activation of a decoder that gives images: maps real numbers to the interval of the images.
#[must_use]
pub fn squash(range: PixelRange) -> Squash {
    match range {
        PixelRange::Unit => Squash::Sigmoid,
        PixelRange::Symmetric => Squash::Tanh,
    }
}

/// The last activation of a decoder, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastActivation(pub(crate) Option<Squash>);

impl Module for LastActivation {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.0.map_or_else(|| Ok(x.clone()), |squash| squash.forward(x))
    }
}

/// Checks that images have the shape that the network takes.
pub(crate) fn check_images(images: &Tensor, shape: ImageShape) -> Result<()> {
    match *images.dims() {
        [_, c, h, w] if (c, h, w) == (shape.channels, shape.height, shape.width) => Ok(()),
        _ => Err(Error::shape("images", format!("[N, {}, {}, {}]", shape.channels, shape.height, shape.width), images.dims())),
    }
}

/// Checks that codes have the size that the network takes.
pub(crate) fn check_codes(codes: &Tensor, size: usize) -> Result<()> {
    match *codes.dims() {
        [_, d] if d == size => Ok(()),
        _ => Err(Error::shape("codes", format!("[N, {size}]"), codes.dims())),
    }
}

/// The last layers of an encoder: the mean and, for a Gaussian head, the log-variance.
#[derive(Debug)]
pub(crate) struct CodeHead {
    mean: Linear,
    log_var: Option<Linear>,
}

impl CodeHead {
    /// The layers `mean` and `log_var` of an encoder.
    pub(crate) fn new(inputs: usize, size: usize, head: Head, encoder: &VarBuilder<'_>) -> Result<Self> {
        Self::by(linear, (inputs, size), head, encoder)
    }

    /// The same layers, made by `layer`.
    pub(crate) fn by(
        layer: fn(usize, usize, VarBuilder<'_>) -> Result<Linear>,
        (inputs, size): (usize, usize),
        head: Head,
        encoder: &VarBuilder<'_>,
    ) -> Result<Self> {
        let mean = layer(inputs, size, encoder.pp("mean"))?;
        let log_var = match head {
            Head::Gaussian => Some(layer(inputs, size, encoder.pp("log_var"))?),
            Head::Deterministic => None,
        };
        Ok(Self { mean, log_var })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Code> {
        Ok(Code { mean: self.mean.forward(x)?, log_var: self.log_var.as_ref().map(|l| l.forward(x)).transpose()? })
    }

    pub(crate) fn kind(&self) -> Head {
        if self.log_var.is_some() { Head::Gaussian } else { Head::Deterministic }
    }
}
