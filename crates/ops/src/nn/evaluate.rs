//! A layer in evaluation mode for good.

use candle_core::{Module, ModuleT, Result, Tensor};

/// A layer that has two modes, in evaluation mode: a `Module`, for `candle_nn::seq()` and all else that takes one.
#[derive(Clone, Debug)]
pub struct Evaluate<M>(pub M);

impl<M: ModuleT> Module for Evaluate<M> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward_t(x, false)
    }
}
