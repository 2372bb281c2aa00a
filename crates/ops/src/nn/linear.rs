//! A fully connected layer, with or without ReLU.

use candle_core::{D, Module, Result, Tensor};
use candle_nn::{Init, VarBuilder, init};

/// `x w^T + b` over the last dimension of `x` `[.., I]`, with `w` `[O, I]` and `b` `[O]`.
///
/// It gives what `candle_nn::Linear` gives. Beyond that it adds the bias in the same pass, has ReLU in it
/// ([`Linear::forward_relu`]), and its results and gradients have the same bits for any number of threads.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// A layer of a weight `[O, I]` and a bias `[O]`.
    #[must_use]
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self { weight, bias }
    }

    /// The weight, `[O, I]`.
    #[must_use]
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The bias, `[O]`.
    #[must_use]
    pub fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// The layer, then ReLU, in one pass.
    ///
    /// # Errors
    /// Where shapes or dtypes do not match.
    pub fn forward_relu(&self, x: &Tensor) -> Result<Tensor> {
        self.apply(x, crate::linear_relu)
    }

    fn apply(&self, x: &Tensor, layer: impl Fn(&Tensor, &Tensor, Option<&Tensor>) -> crate::Result<Tensor>) -> Result<Tensor> {
        if x.rank() == 2 {
            return Ok(layer(x, &self.weight, self.bias())?);
        }
        let mut dims = x.dims().to_vec();
        let rows = layer(&x.reshape(((), x.dim(D::Minus1)?))?, &self.weight, self.bias())?;
        if let Some(last) = dims.last_mut() {
            *last = rows.dim(1)?;
        }
        rows.reshape(dims)
    }
}

impl Module for Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.apply(x, crate::linear)
    }
}

/// A layer with `weight` and `bias` of `vb`. New ones begin as those of `candle_nn::linear`.
///
/// # Errors
/// Where `vb` has tensors of other shapes, or none.
pub fn linear(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Linear> {
    let bound = 1.0 / (inputs as f64).sqrt();
    let bias = vb.get_with_hints(outputs, "bias", Init::Uniform { lo: -bound, up: bound })?;
    Ok(Linear { bias: Some(bias), ..linear_no_bias(inputs, outputs, vb)? })
}

/// [`linear`] without a bias.
///
/// # Errors
/// As [`linear`].
pub fn linear_no_bias(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Linear> {
    Ok(Linear { weight: vb.get_with_hints((outputs, inputs), "weight", init::DEFAULT_KAIMING_NORMAL)?, bias: None })
}
