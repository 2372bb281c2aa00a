//! Layers with named parameters over the operations of `vimae-ops`.

use candle_core::{Tensor, Var};
use vimae_core::{Error, Init, Mode, Parameters, PixelRange, Result};

/// Standard deviation of every initial weight (the WAE networks).
const INITIAL_STD: f64 = 0.01;
/// Added to the variance before its root.
const BATCH_NORM_EPS: f64 = 1e-5;
/// Share of a batch's statistics in the running ones.
const BATCH_NORM_MOMENTUM: f64 = 0.1;

/// The error of an operation, in the line's terms.
pub(crate) fn op<T>(result: vimae_ops::Result<T>) -> Result<T> {
    result.map_err(|e| Error::Tensor(candle_core::Error::wrap(e)))
}

/// `x w^T + b` with weight `[out, in]`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Var,
    bias: Var,
}

impl Linear {
    /// Initial weights of the WAE networks.
    pub(crate) fn new(parameters: &Parameters, name: &str, inputs: usize, outputs: usize) -> Result<Self> {
        Self::with_std(parameters, name, inputs, outputs, INITIAL_STD)
    }

    /// Initial weights that keep the scale of activations through ReLUs without batch norm (He et al. 2015).
    pub(crate) fn he(parameters: &Parameters, name: &str, inputs: usize, outputs: usize) -> Result<Self> {
        Self::with_std(parameters, name, inputs, outputs, (2.0 / inputs as f64).sqrt())
    }

    fn with_std(parameters: &Parameters, name: &str, inputs: usize, outputs: usize, std: f64) -> Result<Self> {
        let weight = parameters.weight(&format!("{name}.weight"), &[outputs, inputs], Init::Normal(std))?;
        let bias = parameters.weight(&format!("{name}.bias"), &[outputs], Init::Constant(0.0))?;
        Ok(Self { weight, bias })
    }

    /// `[N, in]` to `[N, out]`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        op(vimae_ops::linear(x, &self.weight, Some(&self.bias)))
    }

    /// The same, negative values set to zero.
    pub(crate) fn forward_relu(&self, x: &Tensor) -> Result<Tensor> {
        op(vimae_ops::linear_relu(x, &self.weight, Some(&self.bias)))
    }
}

pub(crate) use vimae_ops::Direction;

/// A SAME convolution or its transpose, with bias.
#[derive(Debug)]
pub(crate) struct Conv {
    weight: Var,
    bias: Var,
    stride: usize,
    direction: Direction,
}

impl Conv {
    pub(crate) fn new(
        parameters: &Parameters,
        name: &str,
        (inputs, outputs): (usize, usize),
        kernel: usize,
        stride: usize,
        direction: Direction,
    ) -> Result<Self> {
        let shape = match direction {
            Direction::Convolve => [outputs, inputs, kernel, kernel],
            Direction::Transpose => [inputs, outputs, kernel, kernel],
        };
        let weight = parameters.weight(&format!("{name}.weight"), &shape, Init::TruncatedNormal(INITIAL_STD))?;
        let bias = parameters.weight(&format!("{name}.bias"), &[outputs], Init::Constant(0.0))?;
        Ok(Self { weight, bias, stride, direction })
    }

    /// Multiply-adds and values of one image whose maps are `[in, H, W]`, and the size of the maps that come out.
    pub(crate) fn work(&self, (height, width): (usize, usize)) -> (u64, u64, (usize, usize)) {
        let dims = self.weight.dims();
        let outputs = match self.direction {
            Direction::Convolve => dims.first(),
            Direction::Transpose => dims.get(1),
        };
        let to = match self.direction {
            Direction::Convolve => (height.div_ceil(self.stride), width.div_ceil(self.stride)),
            Direction::Transpose => (height * self.stride, width * self.stride),
        };
        // A transposed convolution scatters each place of its input, a convolution gathers for each of its output.
        let places = match self.direction {
            Direction::Convolve => to.0 * to.1,
            Direction::Transpose => height * width,
        };
        ((self.weight.elem_count() * places) as u64, (outputs.copied().unwrap_or(0) * to.0 * to.1) as u64, to)
    }

    /// The layer with what follows it, for a stack.
    fn in_stack<'a>(&'a self, finish: vimae_ops::Finish<'a>) -> vimae_ops::StackLayer<'a> {
        vimae_ops::StackLayer { weight: &self.weight, bias: &self.bias, stride: self.stride, direction: self.direction, finish }
    }

    /// `[N, in, H, W]` to `[N, out, ceil(H / stride), ...]` down, to `[N, out, H stride, ...]` up, in evaluation:
    /// weights are held fixed, so that who asks for the gradient of a code does not pay for theirs.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (self.weight.as_detached_tensor(), self.bias.as_detached_tensor());
        match self.direction {
            Direction::Convolve => op(vimae_ops::conv2d_same(x, &weight, Some(&bias), self.stride)),
            Direction::Transpose => op(vimae_ops::conv_transpose2d_same(x, &weight, Some(&bias), self.stride)),
        }
    }
}

/// Batch norm over N, H, W, then ReLU.
#[derive(Debug)]
pub(crate) struct BatchNormRelu {
    gamma: Var,
    beta: Var,
    running_mean: Var,
    running_var: Var,
}

impl BatchNormRelu {
    pub(crate) fn new(parameters: &Parameters, name: &str, channels: usize) -> Result<Self> {
        Ok(Self {
            gamma: parameters.weight(&format!("{name}.weight"), &[channels], Init::Constant(1.0))?,
            beta: parameters.weight(&format!("{name}.bias"), &[channels], Init::Constant(0.0))?,
            running_mean: parameters.buffer(&format!("{name}.running_mean"), &[channels], Init::Constant(0.0))?,
            running_var: parameters.buffer(&format!("{name}.running_var"), &[channels], Init::Constant(1.0))?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match mode {
            Mode::Evaluate => {
                op(vimae_ops::batch_norm_relu_eval(x, &self.gamma, &self.beta, &self.running_mean, &self.running_var, BATCH_NORM_EPS))
            }
            Mode::Train => {
                let (y, statistics) = op(vimae_ops::batch_norm_relu_train(x, &self.gamma, &self.beta, BATCH_NORM_EPS))?;
                self.follow(&statistics)?;
                Ok(y)
            }
        }
    }

    /// Moves the running statistics towards a batch's.
    fn follow(&self, batch: &vimae_ops::BatchStatistics) -> Result<()> {
        follow(&self.running_mean, &batch.mean)?;
        follow(&self.running_var, &batch.var_unbiased)
    }
}

/// Convolutions with batch norm and ReLU in turn, and in the end perhaps one to images, in training:
/// the layers one by one give the same numbers, at a multiple of the time and memory.
pub(crate) fn train_stack(x: &Tensor, layers: &[(Conv, BatchNormRelu)], out: Option<(&Conv, PixelRange)>) -> Result<Tensor> {
    let mut stack: Vec<vimae_ops::StackLayer<'_>> = Vec::with_capacity(layers.len() + 1);
    for (conv, norm) in layers {
        let finish = vimae_ops::Finish::BatchNormRelu { gamma: &norm.gamma, beta: &norm.beta };
        stack.push(conv.in_stack(finish));
    }
    if let Some((conv, range)) = out {
        stack.push(conv.in_stack(match range {
            PixelRange::Unit => vimae_ops::Finish::Sigmoid,
            PixelRange::Symmetric => vimae_ops::Finish::Tanh,
        }));
    }
    let (y, statistics) = op(vimae_ops::conv_stack_train(x, &stack, BATCH_NORM_EPS))?;
    for ((_, norm), statistics) in layers.iter().zip(&statistics) {
        norm.follow(statistics)?;
    }
    Ok(y)
}

/// Moves a running statistic towards the batch's.
fn follow(running: &Var, batch: &Tensor) -> Result<()> {
    let moved = ((running.as_detached_tensor() * (1.0 - BATCH_NORM_MOMENTUM))? + (batch.detach() * BATCH_NORM_MOMENTUM)?)?;
    Ok(running.set(&moved)?)
}

/// The last activation: to the interval of the images.
pub(crate) fn into_range(x: &Tensor, range: PixelRange) -> Result<Tensor> {
    match range {
        PixelRange::Unit => op(vimae_ops::sigmoid(x)),
        PixelRange::Symmetric => op(vimae_ops::tanh(x)),
    }
}

/// Refuses images of another shape than the network's.
pub(crate) fn check_images(images: &Tensor, shape: vimae_core::ImageShape) -> Result<()> {
    match *images.dims() {
        [_, c, h, w] if (c, h, w) == (shape.channels, shape.height, shape.width) => Ok(()),
        _ => Err(Error::shape("images", format!("[N, {}, {}, {}]", shape.channels, shape.height, shape.width), images.dims())),
    }
}

/// Refuses codes of another size than the network's.
pub(crate) fn check_codes(codes: &Tensor, size: usize) -> Result<()> {
    match *codes.dims() {
        [_, d] if d == size => Ok(()),
        _ => Err(Error::shape("codes", format!("[N, {size}]"), codes.dims())),
    }
}

/// The last layers of an encoder: mean and, for a Gaussian head, log-variance.
#[derive(Debug)]
pub(crate) struct CodeHead {
    mean: Linear,
    log_var: Option<Linear>,
}

impl CodeHead {
    pub(crate) fn new(parameters: &Parameters, inputs: usize, size: usize, head: vimae_core::Head) -> Result<Self> {
        let mean = Linear::new(parameters, "encoder.mean", inputs, size)?;
        let log_var = match head {
            vimae_core::Head::Gaussian => Some(Linear::new(parameters, "encoder.log_var", inputs, size)?),
            vimae_core::Head::Deterministic => None,
        };
        Ok(Self { mean, log_var })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<vimae_core::Code> {
        Ok(vimae_core::Code { mean: self.mean.forward(x)?, log_var: self.log_var.as_ref().map(|l| l.forward(x)).transpose()? })
    }

    pub(crate) fn kind(&self) -> vimae_core::Head {
        if self.log_var.is_some() { vimae_core::Head::Gaussian } else { vimae_core::Head::Deterministic }
    }
}
