//! Channels first to channels last and back.

use crate::geometry::Side;
use crate::parallel::each;
use crate::real::{Real, contiguous, dispatch, unfilled};
use crate::transpose::{Rows, transpose};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};
use std::borrow::Cow;

/// Where an image tensor keeps its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    /// `[N, C, H, W]`
    First,
    /// `[N, H, W, C]`
    Last,
}

impl Channels {
    /// Whether channels last would order the elements of a side differently.
    fn differ(self, (h, w, c): Side) -> bool {
        self == Self::First && c > 1 && h * w > 1
    }

    /// The elements of an image tensor, channels last.
    pub(crate) fn inward<T: Real>(self, x: &[T], side: Side) -> Cow<'_, [T]> {
        let (h, w, c) = side;
        if self.differ(side) { Cow::Owned(transpose_images(x, c, h * w)) } else { Cow::Borrowed(x) }
    }

    /// The same for elements that are not needed elsewhere.
    pub(crate) fn take_inward<T: Real>(self, x: Vec<T>, side: Side) -> Vec<T> {
        let (h, w, c) = side;
        if self.differ(side) { transpose_images(&x, c, h * w) } else { x }
    }

    /// Back from channels last to the layout of the caller.
    pub(crate) fn outward<T: Real>(self, x: Vec<T>, side: Side) -> Vec<T> {
        let (h, w, c) = side;
        if self.differ(side) { transpose_images(&x, h * w, c) } else { x }
    }
}

/// `[N, C, H, W]` on the CPU as `[N, H, W, C]`. Differentiable.
pub(crate) fn to_channels_last(x: &Tensor) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    if c == 1 || h * w == 1 {
        return x.contiguous()?.reshape((n, h, w, c));
    }
    x.contiguous()?.reshape((n, c, h * w))?.apply_op1(Transpose)?.reshape((n, h, w, c))
}

/// `[N, H, W, C]` on the CPU as `[N, C, H, W]`. Differentiable.
pub(crate) fn to_channels_first(x: &Tensor) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    if c == 1 || h * w == 1 {
        return x.contiguous()?.reshape((n, c, h, w));
    }
    x.contiguous()?.reshape((n, h * w, c))?.apply_op1(Transpose)?.reshape((n, c, h, w))
}

/// `[N, rows, columns]` to `[N, columns, rows]`, by all threads, which candle's own copy is not.
struct Transpose;

impl CustomOp1 for Transpose {
    fn name(&self) -> &'static str {
        "transpose_images"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, rows, columns) = layout.shape().dims3()?;
        let out = dispatch!(x.dtype(), T => Ok(T::to_cpu_storage_owned(transpose_images(contiguous::<T>(x, layout)?, rows, columns))))?;
        Ok((out, Shape::from((n, columns, rows))))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.contiguous()?.apply_op1(Self)?))
    }
}

/// [n, rows, columns] to [n, columns, rows], one image a task.
fn transpose_images<T: Real>(x: &[T], rows: usize, columns: usize) -> Vec<T> {
    if rows == 1 || columns == 1 {
        return x.to_vec();
    }
    let mut out = unfilled(x.len());
    let size = rows * columns;
    if size > 0 {
        let turn = |(out, x): (&mut [T], &[T])| transpose(Rows { data: x, stride: columns }, (rows, columns), out, rows);
        each(out.chunks_mut(size).zip(x.chunks(size)), turn);
    }
    out
}
