//! A stack of convolutions with batch norm and ReLU: an encoder's or a decoder's whole convolutional part.

use candle_core::{Module, ModuleT, Result, Tensor};
use candle_nn::VarBuilder;

use super::{
    conv::{SameConv, conv_transpose2d_same, conv2d_same},
    norm::{BatchNormRelu, batch_norm_relu},
    squash::Squash,
};
use crate::{
    Direction, Error, Finish, StackLayer, conv_stack_train,
    layout::{Channels, to_channels_first, to_channels_last},
};

/// Convolutions, each with batch norm and ReLU, and where there is one a last convolution with its own activation.
///
/// In training it is one node of candle's graph ([`conv_stack_train`]), several times faster and smaller than its
/// layers one by one. In evaluation it takes the running statistics of batch norm.
#[derive(Clone, Debug)]
pub struct ConvStack {
    layers: Vec<(SameConv, BatchNormRelu)>,
    last: Option<(SameConv, Squash)>,
    /// A bias for each convolution that has none, of zeros.
    zeros: Vec<Tensor>,
    epsilon: f64,
}

impl ConvStack {
    /// A stack of these layers.
    ///
    /// # Errors
    /// [`Error::Parameter`] where there is no layer, or batch norms differ in their epsilon.
    pub fn new(layers: Vec<(SameConv, BatchNormRelu)>, last: Option<(SameConv, Squash)>) -> crate::Result<Self> {
        let refused = |parameter, value, reason| Error::Parameter { op: "ConvStack", parameter, value, reason };
        if layers.is_empty() && last.is_none() {
            return Err(refused("layers", "0".to_owned(), "must be at least 1"));
        }
        let epsilon = layers.first().map_or(0.0, |(_, norm)| norm.epsilon);
        if let Some((_, other)) = layers.iter().find(|(_, norm)| norm.epsilon != epsilon) {
            return Err(refused("epsilon", other.epsilon.to_string(), "must be the same in all layers"));
        }
        let convolutions = layers.iter().map(|(conv, _)| conv).chain(last.iter().map(|(conv, _)| conv));
        let zeros = |conv: &SameConv| Tensor::zeros(conv.outputs(), conv.weight.dtype(), conv.weight.device());
        let zeros = convolutions.map(zeros).collect::<Result<_>>()?;
        Ok(Self { layers, last, zeros, epsilon })
    }

    /// Its convolutions, in order.
    pub fn convolutions(&self) -> impl Iterator<Item = &SameConv> {
        self.layers.iter().map(|(conv, _)| conv).chain(self.last.iter().map(|(conv, _)| conv))
    }

    /// The same stack with convolutions whose weights get no gradient ([`SameConv::detached`]).
    #[must_use]
    pub fn with_detached_convolutions(&self) -> Self {
        Self {
            layers: self.layers.iter().map(|(conv, norm)| (conv.detached(), norm.clone())).collect(),
            last: self.last.as_ref().map(|(conv, squash)| (conv.detached(), *squash)),
            zeros: self.zeros.clone(),
            epsilon: self.epsilon,
        }
    }

    fn train(&self, x: &Tensor) -> Result<Tensor> {
        let norms = self.layers.iter().map(|(_, norm)| Finish::BatchNormRelu { gamma: &norm.gamma, beta: &norm.beta });
        let last = self.last.iter().map(|(_, squash)| match squash {
            Squash::Sigmoid => Finish::Sigmoid,
            Squash::Tanh => Finish::Tanh,
        });
        let parts = self.convolutions().zip(&self.zeros).zip(norms.chain(last));
        let stack: Vec<StackLayer<'_>> = parts
            .map(|((conv, zeros), finish)| StackLayer {
                weight: &conv.weight,
                bias: conv.bias.as_ref().unwrap_or(zeros),
                stride: conv.stride,
                direction: conv.direction,
                finish,
            })
            .collect();
        let (y, statistics) = conv_stack_train(x, &stack, self.epsilon)?;
        for ((_, norm), statistics) in self.layers.iter().zip(&statistics) {
            norm.follow(statistics)?;
        }
        Ok(y)
    }

    fn evaluate(&self, x: &Tensor) -> Result<Tensor> {
        if !x.device().is_cpu() {
            return self.evaluate_on(x.clone(), Channels::First);
        }
        // The kernels compute channels last: one transposition at each end, not two a layer.
        to_channels_first(&self.evaluate_on(to_channels_last(x)?, Channels::Last)?)
    }

    fn evaluate_on(&self, mut x: Tensor, channels: Channels) -> Result<Tensor> {
        for (conv, norm) in &self.layers {
            x = norm.evaluate(&conv.apply(&x, channels)?, channels)?;
        }
        match &self.last {
            Some((conv, squash)) => squash.forward(&conv.apply(&x, channels)?),
            None => Ok(x),
        }
    }
}

impl ModuleT for ConvStack {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        if train { self.train(x) } else { self.evaluate(x) }
    }
}

/// A convolution of [`conv_stack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackConfig {
    /// The channels of its result.
    pub outputs: usize,
    /// The side of its kernel.
    pub kernel: usize,
    /// The stride, the same in both directions.
    pub stride: usize,
    /// Whether it is a convolution or a transposed one.
    pub direction: Direction,
}

impl StackConfig {
    fn layer(self, inputs: usize, vb: VarBuilder<'_>) -> Result<SameConv> {
        let Self { outputs, kernel, stride, direction } = self;
        Ok(match direction {
            Direction::Convolve => conv2d_same(inputs, outputs, kernel, stride, vb)?.into(),
            Direction::Transpose => conv_transpose2d_same(inputs, outputs, kernel, stride, vb)?.into(),
        })
    }
}

/// A stack with `conv0`, `bn0`, `conv1` and so on of `vb`, and `last` for a last convolution.
///
/// # Errors
/// As [`ConvStack::new`], and where `vb` has tensors of other shapes, or none.
pub fn conv_stack(mut inputs: usize, layers: &[StackConfig], last: Option<(StackConfig, Squash)>, vb: VarBuilder<'_>) -> Result<ConvStack> {
    let mut made = Vec::with_capacity(layers.len());
    for (index, config) in layers.iter().enumerate() {
        let conv = config.layer(inputs, vb.pp(format!("conv{index}")))?;
        made.push((conv, batch_norm_relu(config.outputs, vb.pp(format!("bn{index}")))?));
        inputs = config.outputs;
    }
    let last = last.map(|(config, squash)| Ok::<_, candle_core::Error>((config.layer(inputs, vb.pp("last"))?, squash))).transpose()?;
    Ok(ConvStack::new(made, last)?)
}
