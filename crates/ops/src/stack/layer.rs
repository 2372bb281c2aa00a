//! A checked layer of a stack, without its tensors.

use crate::geometry::{Direction, Geometry, Side};

/// What follows the convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Norm,
    Sigmoid,
    Tanh,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    pub(super) geometry: Geometry,
    pub(super) direction: Direction,
    pub(super) finish: Finish,
}

impl Layer {
    /// The side that the layer reads.
    pub(super) fn input(&self) -> Side {
        self.geometry.input(self.direction)
    }

    /// The side that the layer gives.
    pub(super) fn result(&self) -> Side {
        self.geometry.result(self.direction)
    }
}
