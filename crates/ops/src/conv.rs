//! Convolutions and transposed convolutions: the public functions.

mod composed;
mod op;
mod shapes;

pub(crate) use shapes::{Padding, image_dims, same_geometry};

use crate::error::{Result, check_vector};
use crate::geometry::Direction;
use crate::layout::Channels;
use candle_core::{Device, Tensor};
use op::ConvOp;

/// Stride and zero padding of [`conv2d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvParams {
    /// The (vertical, horizontal) step between output pixels, at least 1 each.
    pub stride: (usize, usize),
    /// The zeros at the top, bottom, left and right.
    pub padding: [usize; 4],
}

/// Stride, padding and output size of [`conv_transpose2d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTransposeParams {
    /// The (vertical, horizontal) step in the output between pixels of the input, at least 1 each.
    pub stride: (usize, usize),
    /// The lines to remove at the top, bottom, left and right: the padding of the convolution whose adjoint this is.
    pub padding: [usize; 4],
    /// The lines to add at the bottom and at the right, as in PyTorch, but without its upper limit.
    pub output_padding: (usize, usize),
}

impl Default for ConvParams {
    fn default() -> Self {
        Self { stride: (1, 1), padding: [0; 4] }
    }
}

impl Default for ConvTransposeParams {
    fn default() -> Self {
        Self { stride: (1, 1), padding: [0; 4], output_padding: (0, 0) }
    }
}

/// A convolution (cross-correlation) with zero padding.
///
/// `x` `[N, C, H, W]`, `w` `[O, C, kh, kw]`, `b` `[O]`; returns `[N, O, H', W']` with
/// H' = floor((H + top + bottom - kh) / stride) + 1. Differentiable in all three.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, (0, 0));
    Call { op: "conv2d", direction: Direction::Convolve, stride: params.stride, padding, channels: Channels::First }.apply(x, w, b)
}

/// A convolution with TensorFlow's SAME padding.
///
/// `x` `[N, C, H, W]`, `w` `[O, C, kh, kw]`, `b` `[O]`; returns [N, O, ceil(H / stride),
/// ceil(W / stride)]. If the total padding is odd, the extra line is at the bottom or right.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    Call::same("conv2d_same", Direction::Convolve, stride, Channels::First).apply(x, w, b)
}

/// A transposed convolution: the adjoint of [`conv2d`] with the same stride and padding.
///
/// `x` `[N, I, H, W]`, `w` `[I, O, kh, kw]`, `b` `[O]`; returns `[N, O, H', W']` with
/// H' = (H - 1) stride + kh - top - bottom + output padding. Differentiable in all three.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv_transpose2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvTransposeParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, params.output_padding);
    let (op, direction) = ("conv_transpose2d", Direction::Transpose);
    Call { op, direction, stride: params.stride, padding, channels: Channels::First }.apply(x, w, b)
}

/// The exact adjoint of [`conv2d_same`].
///
/// `x` `[N, I, H, W]`, `w` `[I, O, kh, kw]`, `b` `[O]`; returns `[N, O, H stride, W stride]`.
///
/// # Errors
/// Returns an error if shapes, strides or dtypes do not match.
pub fn conv_transpose2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    Call::same("conv_transpose2d_same", Direction::Transpose, stride, Channels::First).apply(x, w, b)
}

/// What a public function says beside its tensors.
pub(crate) struct Call {
    /// The function's name.
    pub(crate) op: &'static str,
    pub(crate) direction: Direction,
    pub(crate) stride: (usize, usize),
    pub(crate) padding: Padding,
    pub(crate) channels: Channels,
}

impl Call {
    pub(crate) fn same(op: &'static str, direction: Direction, stride: usize, channels: Channels) -> Self {
        Self { op, direction, stride: (stride, stride), padding: Padding::Same, channels }
    }

    /// Checks the arguments and computes the layer where `x` is.
    pub(crate) fn apply(self, x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Result<Tensor> {
        let Self { op, direction, stride, padding, channels } = self;
        let side = image_dims(op, x, channels)?;
        let geometry = shapes::geometry(op, side, (x, w), stride, padding, direction)?;
        if let Some(b) = b {
            let (_, _, outputs) = geometry.result(direction);
            check_vector(op, "b", b, outputs, x)?;
        }
        let conv = ConvOp { geometry, direction, channels };
        #[cfg(feature = "cudnn")]
        if x.device().is_cuda() && x.elem_count() > 0 {
            return on_cuda(x, w, b, &conv);
        }
        if !matches!(x.device(), Device::Cpu) {
            return composed::apply(op, x, w, b, &conv);
        }
        let (x, w) = (x.contiguous()?, w.contiguous()?);
        Ok(match b {
            Some(b) => x.apply_op3(&w, &b.contiguous()?, conv)?,
            None => x.apply_op2(&w, conv)?,
        })
    }
}

/// By cuDNN, which takes channels first here.
#[cfg(feature = "cudnn")]
fn on_cuda(x: &Tensor, w: &Tensor, b: Option<&Tensor>, conv: &ConvOp) -> Result<Tensor> {
    let layer = crate::device::Layer::new(conv.geometry, conv.direction);
    let apply = |x: &Tensor| crate::device::convolution(crate::cuda::Cuda, layer, x, w, b);
    Ok(match conv.channels {
        Channels::First => apply(x)?,
        Channels::Last => apply(&x.permute((0, 3, 1, 2))?)?.permute((0, 2, 3, 1))?.contiguous()?,
    })
}
