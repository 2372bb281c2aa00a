//! A network of candle-nn's own layers.

use candle_core::Result;
use candle_nn::{Linear, VarBuilder, linear};

/// One layer on either side of a code of two dimensions.
pub(crate) struct Network {
    pub(crate) encoder: Linear,
    pub(crate) decoder: Linear,
}

impl Network {
    pub(crate) fn new(vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self { encoder: linear(16, 2, vb.pp("encoder"))?, decoder: linear(2, 16, vb.pp("decoder"))? })
    }
}
