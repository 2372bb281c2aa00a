//! Convolutions and transposed convolutions: the public functions and what they check.

mod adjoint;
mod composed;
mod forward;
pub(crate) mod fused;
mod gather;
mod geometry;
mod op;
mod weights;

pub(crate) use forward::add_bias;
pub(crate) use gather::gather_patches;
pub(crate) use geometry::{Geometry, check_positive, output_size, same_padding};
pub(crate) use op::Channels;
pub use op::Direction;
pub(crate) use weights::column_sums;

use crate::error::{Result, check_dtype, check_float, check_vector, shape_error};
use crate::real::Real;
use crate::winograd::Plain;
use candle_core::{Device, Tensor};
use geometry::too_large;
use op::ConvOp;

/// The layer by whichever kernel suits the shape.
pub(crate) fn layer<T: Real>(g: &Geometry, direction: Direction, x: &[T], w: &[T], bias: Option<&[T]>) -> Vec<T> {
    if fused::fits_forward(g, direction) {
        let add = |_: usize, out: &mut [T]| bias.into_iter().for_each(|bias| forward::add_bias(out, bias));
        return fused::forward(g, direction, Plain(x), w, add).0;
    }
    match direction {
        Direction::Convolve => forward::convolve(g, x, w, bias),
        Direction::Transpose => adjoint::adjoint(g, x, w, bias),
    }
}

/// Its gradient to the input.
pub(crate) fn input_gradient<T: Real>(g: &Geometry, direction: Direction, dy: &[T], w: &[T]) -> Vec<T> {
    let other = match direction {
        Direction::Convolve => Direction::Transpose,
        Direction::Transpose => Direction::Convolve,
    };
    layer(g, other, dy, w, None)
}

/// Its gradient to the weight.
pub(crate) fn weight_gradient<T: Real>(g: &Geometry, direction: Direction, x: &[T], dy: &[T]) -> Vec<T> {
    if fused::fits_backward(g, direction, false) {
        return fused::backward(g, direction, (Plain(x), Plain(dy)), &[], false, |_, _| ()).0;
    }
    match direction {
        Direction::Convolve => weights::weight_gradient(g, x, dy),
        Direction::Transpose => weights::weight_gradient(g, dy, x),
    }
}

/// Stride and zero padding of [`conv2d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvParams {
    /// (vertical, horizontal) step between output pixels, at least 1 each.
    pub stride: (usize, usize),
    /// Zeros added at the top, bottom, left and right.
    pub padding: [usize; 4],
}

/// Stride, padding and output size of [`conv_transpose2d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTransposeParams {
    /// (vertical, horizontal) step between the input's pixels in the output, at least 1 each.
    pub stride: (usize, usize),
    /// Lines cut off at the top, bottom, left and right: the padding of the convolution whose
    /// adjoint this is.
    pub padding: [usize; 4],
    /// Lines added at the bottom and at the right, as in PyTorch, but without its upper limit.
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

/// How a public function says the size of the other side.
#[derive(Clone, Copy)]
pub(crate) enum Padding {
    Same,
    Explicit([usize; 4], (usize, usize)),
}

/// Convolution (cross-correlation) with zero padding.
///
/// `x` `[N, C, H, W]`, `w` `[O, C, kh, kw]`, `b` `[O]`; returns `[N, O, H', W']` with
/// H' = floor((H + top + bottom - kh) / stride) + 1. Differentiable in all three.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, (0, 0));
    convolution("conv2d", x, w, b, params.stride, padding, Channels::First)
}

/// Convolution with TensorFlow's SAME padding.
///
/// `x` `[N, C, H, W]`, `w` `[O, C, kh, kw]`, `b` `[O]`; returns [N, O, ceil(H / stride),
/// ceil(W / stride)]. Of an odd total of padding the extra line goes to the bottom or right.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    let stride = (stride, stride);
    convolution("conv2d_same", x, w, b, stride, Padding::Same, Channels::First)
}

/// Transposed convolution, the adjoint of [`conv2d`] with the same stride and padding.
///
/// `x` `[N, I, H, W]`, `w` `[I, O, kh, kw]`, `b` `[O]`; returns `[N, O, H', W']` with
/// H' = (H - 1) stride + kh - top - bottom + output padding. Differentiable in all three.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv_transpose2d(x: &Tensor, w: &Tensor, b: Option<&Tensor>, params: ConvTransposeParams) -> Result<Tensor> {
    let padding = Padding::Explicit(params.padding, params.output_padding);
    transposed("conv_transpose2d", x, w, b, params.stride, padding, Channels::First)
}

/// The exact adjoint of [`conv2d_same`].
///
/// `x` `[N, I, H, W]`, `w` `[I, O, kh, kw]`, `b` `[O]`; returns `[N, O, H stride, W stride]`.
///
/// # Errors
/// Shapes, strides or kinds of numbers that do not fit together.
pub fn conv_transpose2d_same(x: &Tensor, w: &Tensor, b: Option<&Tensor>, stride: usize) -> Result<Tensor> {
    let stride = (stride, stride);
    transposed("conv_transpose2d_same", x, w, b, stride, Padding::Same, Channels::First)
}

/// (N, H, W, C) of an image tensor.
pub(crate) fn image_dims(op: &'static str, x: &Tensor, channels: Channels) -> Result<(usize, usize, usize, usize)> {
    check_float(op, "x", x)?;
    let dims = match (x.dims(), channels) {
        (&[n, c, h, w], Channels::First) | (&[n, h, w, c], Channels::Last) => (n, h, w, c),
        (_, Channels::First) => return Err(shape_error(op, "x", "[N, C, H, W]", x)),
        (_, Channels::Last) => return Err(shape_error(op, "x", "[N, H, W, C]", x)),
    };
    check_positive(op, &[("height of x", dims.1), ("width of x", dims.2), ("channels of x", dims.3)])?;
    Ok(dims)
}

/// (other channels, kh, kw) of a weight whose first or second dimension is `inner`.
fn weight_dims(op: &'static str, w: &Tensor, x: &Tensor, inner: usize, direction: Direction) -> Result<(usize, usize, usize)> {
    check_dtype(op, "w", w, x)?;
    let dims = match (w.dims(), direction) {
        (&[o, i, kh, kw], Direction::Convolve) if i == inner => (o, kh, kw),
        (&[i, o, kh, kw], Direction::Transpose) if i == inner => (o, kh, kw),
        (_, Direction::Convolve) => {
            return Err(shape_error(op, "w", format!("[O, {inner}, kh, kw]"), w));
        }
        (_, Direction::Transpose) => {
            return Err(shape_error(op, "w", format!("[{inner}, O, kh, kw]"), w));
        }
    };
    check_positive(op, &[("output channels of w", dims.0), ("kernel height", dims.1), ("kernel width", dims.2)])?;
    Ok(dims)
}

/// The geometry of a SAME convolution or its adjoint on an input of (n, height, width, channels).
pub(crate) fn same_geometry(
    op: &'static str,
    (n, h, w, c): (usize, usize, usize, usize),
    x: &Tensor,
    weight: &Tensor,
    stride: usize,
    direction: Direction,
) -> Result<Geometry> {
    let (out, kh, kw) = weight_dims(op, weight, x, c, direction)?;
    check_positive(op, &[("stride", stride)])?;
    let (sh, sw) = (stride, stride);
    let geometry = match direction {
        Direction::Convolve => {
            let (top, left) = (same_padding(h, kh, sh).0, same_padding(w, kw, sw).0);
            let (oh, ow) = (h.div_ceil(sh), w.div_ceil(sw));
            Geometry { n, h, w, c, oh, ow, o: out, kh, kw, sh, sw, top, left }
        }
        Direction::Transpose => {
            let big_h = h.checked_mul(sh).ok_or_else(|| too_large(op, "output height"))?;
            let big_w = w.checked_mul(sw).ok_or_else(|| too_large(op, "output width"))?;
            let (top, left) = (same_padding(big_h, kh, sh).0, same_padding(big_w, kw, sw).0);
            Geometry { n, h: big_h, w: big_w, c: out, oh: h, ow: w, o: c, kh, kw, sh, sw, top, left }
        }
    };
    geometry.check(op)?;
    Ok(geometry)
}

pub(crate) fn convolution(
    op: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    (sh, sw): (usize, usize),
    padding: Padding,
    channels: Channels,
) -> Result<Tensor> {
    let (n, h, w, c) = image_dims(op, x, channels)?;
    let (o, kh, kw) = weight_dims(op, weight, x, c, Direction::Convolve)?;
    check_positive(op, &[("stride", sh.min(sw))])?;
    let ((top, bottom), (left, right)) = match padding {
        Padding::Same => (same_padding(h, kh, sh), same_padding(w, kw, sw)),
        Padding::Explicit([t, b, l, r], _) => ((t, b), (l, r)),
    };
    // With stride > kernel SAME needs no padding, and the last rows may go unseen.
    let (oh, ow) = match padding {
        Padding::Same => (h.div_ceil(sh), w.div_ceil(sw)),
        Padding::Explicit(..) => {
            (output_size(op, "kernel height", h, (top, bottom), kh, sh)?, output_size(op, "kernel width", w, (left, right), kw, sw)?)
        }
    };
    let geometry = Geometry { n, h, w, c, oh, ow, o, kh, kw, sh, sw, top, left };
    apply(op, x, weight, bias, o, ConvOp { geometry, direction: Direction::Convolve, channels })
}

pub(crate) fn transposed(
    op: &'static str,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    (sh, sw): (usize, usize),
    padding: Padding,
    channels: Channels,
) -> Result<Tensor> {
    let (n, oh, ow, o) = image_dims(op, x, channels)?;
    let (c, kh, kw) = weight_dims(op, weight, x, o, Direction::Transpose)?;
    check_positive(op, &[("stride", sh.min(sw))])?;
    let (h, w, top, left) = match padding {
        Padding::Same => {
            let h = oh.checked_mul(sh).ok_or_else(|| too_large(op, "output height"))?;
            let w = ow.checked_mul(sw).ok_or_else(|| too_large(op, "output width"))?;
            (h, w, same_padding(h, kh, sh).0, same_padding(w, kw, sw).0)
        }
        Padding::Explicit([top, bottom, left, right], (extra_h, extra_w)) => {
            let size = |small: usize, stride: usize, kernel: usize, extra: usize, cut: (usize, usize)| {
                let full = (small - 1).checked_mul(stride)?.checked_add(kernel)?.checked_add(extra)?;
                Some(full.saturating_sub(cut.0.checked_add(cut.1)?))
            };
            let h = size(oh, sh, kh, extra_h, (top, bottom)).ok_or_else(|| too_large(op, "output height"))?;
            let w = size(ow, sw, kw, extra_w, (left, right)).ok_or_else(|| too_large(op, "output width"))?;
            check_positive(op, &[("output height", h), ("output width", w)])?;
            (h, w, top, left)
        }
    };
    let geometry = Geometry { n, h, w, c, oh, ow, o, kh, kw, sh, sw, top, left };
    apply(op, x, weight, bias, c, ConvOp { geometry, direction: Direction::Transpose, channels })
}

fn apply(op: &'static str, x: &Tensor, w: &Tensor, b: Option<&Tensor>, outputs: usize, conv: ConvOp) -> Result<Tensor> {
    if let Some(b) = b {
        check_vector(op, "b", b, outputs, x)?;
    }
    conv.geometry.check(op)?;
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

#[cfg(test)]
pub(crate) use {
    adjoint::adjoint as direct_adjoint, forward::convolve as direct_convolve, weights::weight_gradient as direct_weight_gradient,
};
