//! The last activation of a decoder.

use candle_core::{Module, Result, Tensor};

/// A function that maps real numbers to the interval of pixel values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Squash {
    /// To [0, 1].
    Sigmoid,
    /// To [-1, 1].
    Tanh,
}

impl Module for Squash {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Sigmoid => crate::sigmoid(x)?,
            Self::Tanh => crate::tanh(x)?,
        })
    }
}
