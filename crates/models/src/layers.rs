//! The layers of the networks: named parameters over the operations of `vimae-ops`.

use candle_core::{Tensor, Var};
use vimae_core::{Error, Init, Mode, Parameters, PixelRange, Result};

/// The standard deviation of initial weights in the WAE networks.
const INITIAL_STD: f64 = 0.01;
/// Added to the variance before its square root.
const BATCH_NORM_EPS: f64 = 1e-5;
/// The weight of a batch in the running statistics.
const BATCH_NORM_MOMENTUM: f64 = 0.1;

/// Converts an error of `vimae-ops`.
pub(crate) fn op<T>(result: vimae_ops::Result<T>) -> Result<T> {
    result.map_err(|e| Error::Tensor(candle_core::Error::wrap(e)))
}

/// A fully connected layer: `x w^T + b` with `w` `[out, in]`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Var,
    bias: Var,
}

impl Linear {
    /// A layer with the initial weights of the WAE networks.
    pub(crate) fn new(parameters: &Parameters, name: &str, inputs: usize, outputs: usize) -> Result<Self> {
        Self::with_std(parameters, name, inputs, outputs, INITIAL_STD)
    }

    /// A layer with the initial weights of He et al. (2015), which keep the scale of activations through ReLUs without batch
    /// norm.
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

    /// [`Linear::forward`], then ReLU.
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

    /// Counts multiply-adds and output values for one image of feature maps `[in, H, W]`, and returns them with the height
    /// and width of the output.
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
        // A convolution gathers at each position of its output; a transposed one scatters from each position of its input.
        let places = match self.direction {
            Direction::Convolve => to.0 * to.1,
            Direction::Transpose => height * width,
        };
        ((self.weight.elem_count() * places) as u64, (outputs.copied().unwrap_or(0) * to.0 * to.1) as u64, to)
    }

    /// The layer as part of a stack, with what follows it.
    fn in_stack<'a>(&'a self, finish: vimae_ops::Finish<'a>) -> vimae_ops::StackLayer<'a> {
        vimae_ops::StackLayer { weight: &self.weight, bias: &self.bias, stride: self.stride, direction: self.direction, finish }
    }

    /// Evaluates the layer on `[N, in, H, W]`. A convolution gives `[N, out, ceil(H / stride), ceil(W / stride)]`, a
    /// transposed one `[N, out, H stride, W stride]`. The weights are detached: a caller that needs the gradient of the
    /// codes does not pay for that of the weights.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (self.weight.as_detached_tensor(), self.bias.as_detached_tensor());
        match self.direction {
            Direction::Convolve => op(vimae_ops::conv2d_same(x, &weight, Some(&bias), self.stride)),
            Direction::Transpose => op(vimae_ops::conv_transpose2d_same(x, &weight, Some(&bias), self.stride)),
        }
    }
}

/// Batch norm over N, H and W, then ReLU.
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

    /// Updates the running statistics by those of a batch.
    fn follow(&self, batch: &vimae_ops::BatchStatistics) -> Result<()> {
        follow(&self.running_mean, &batch.mean)?;
        follow(&self.running_var, &batch.var_unbiased)
    }
}

/// Trains a stack of convolutions, each with batch norm and ReLU, and optionally a last convolution to images. The layers
/// one by one give the same values, but take several times the time and memory.
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

/// Updates a running statistic by that of a batch.
fn follow(running: &Var, batch: &Tensor) -> Result<()> {
    let moved = ((running.as_detached_tensor() * (1.0 - BATCH_NORM_MOMENTUM))? + (batch.detach() * BATCH_NORM_MOMENTUM)?)?;
    Ok(running.set(&moved)?)
}

/// The last activation: maps values to the interval of the images.
pub(crate) fn into_range(x: &Tensor, range: PixelRange) -> Result<Tensor> {
    match range {
        PixelRange::Unit => op(vimae_ops::sigmoid(x)),
        PixelRange::Symmetric => op(vimae_ops::tanh(x)),
    }
}

/// Checks that images have the shape that the network takes.
pub(crate) fn check_images(images: &Tensor, shape: vimae_core::ImageShape) -> Result<()> {
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
