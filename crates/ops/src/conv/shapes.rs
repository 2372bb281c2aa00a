//! From tensors to the geometry of a convolution, or the error that says what does not fit.

use crate::error::{Result, check_dtype, check_float, shape_error};
use crate::geometry::{Direction, Geometry, check_positive, output_size, same_padding, too_large};
use crate::layout::Channels;
use candle_core::Tensor;

/// How a public function says the size of the other side.
#[derive(Clone, Copy)]
pub(crate) enum Padding {
    Same,
    /// Top, bottom, left and right, and the lines that a transposed convolution adds at the bottom and right.
    Explicit([usize; 4], (usize, usize)),
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
    side: (usize, usize, usize, usize),
    x: &Tensor,
    weight: &Tensor,
    stride: usize,
    direction: Direction,
) -> Result<Geometry> {
    geometry(op, side, (x, weight), (stride, stride), Padding::Same, direction)
}

/// The geometry of a convolution or its adjoint on an input of (n, height, width, channels); `x` lends its dtype to the
/// check of `weight`.
pub(super) fn geometry(
    op: &'static str,
    (n, height, width, channels): (usize, usize, usize, usize),
    (x, weight): (&Tensor, &Tensor),
    (sh, sw): (usize, usize),
    padding: Padding,
    direction: Direction,
) -> Result<Geometry> {
    let (out, kh, kw) = weight_dims(op, weight, x, channels, direction)?;
    check_positive(op, &[("stride", sh.min(sw))])?;
    let geometry = match direction {
        Direction::Convolve => {
            let (h, w) = (height, width);
            // With stride > kernel SAME needs no padding, and the last rows may go unseen.
            let (oh, ow, top, left) = match padding {
                Padding::Same => (h.div_ceil(sh), w.div_ceil(sw), same_padding(h, kh, sh).0, same_padding(w, kw, sw).0),
                Padding::Explicit([top, bottom, left, right], _) => (
                    output_size(op, "kernel height", h, (top, bottom), kh, sh)?,
                    output_size(op, "kernel width", w, (left, right), kw, sw)?,
                    top,
                    left,
                ),
            };
            Geometry { n, h, w, c: channels, oh, ow, o: out, kh, kw, sh, sw, top, left }
        }
        Direction::Transpose => {
            let (oh, ow) = (height, width);
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
            Geometry { n, h, w, c: out, oh, ow, o: channels, kh, kw, sh, sw, top, left }
        }
    };
    geometry.check(op)?;
    Ok(geometry)
}
