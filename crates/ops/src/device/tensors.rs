//! Tensors around storages that were launched.

use crate::geometry::View;
use candle_core::op::BackpropOp;
use candle_core::{Result, Shape, Storage, Tensor};

/// A tensor without history.
pub(super) fn tensor(storage: Storage, shape: impl Into<Shape>) -> Tensor {
    Tensor::from_storage(storage, shape, BackpropOp::none(), false)
}

/// One row of a table, as a vector.
pub(super) fn row(table: &Tensor, index: usize) -> Result<Tensor> {
    table.narrow(0, index, 1)?.squeeze(0)
}

/// An image's tensor `[n, c, h, w]` seen by channels.
pub(super) fn image_view(n: usize, c: usize, size: (usize, usize)) -> View {
    View { outer: n, c, inner: size.0 * size.1 }
}
