//! Convolutions from candle's own operations, for devices without a kernel of this crate.

use super::op::ConvOp;
use crate::error::{Error, Result};
use crate::geometry::Direction;
use crate::layout::Channels;
use candle_core::Tensor;

pub(super) fn apply(op: &'static str, x: &Tensor, w: &Tensor, b: Option<&Tensor>, conv: &ConvOp) -> Result<Tensor> {
    let g = &conv.geometry;
    if g.sh != g.sw {
        return Err(Error::Unsupported {
            op,
            what: "a stride that differs between height and width",
            device: format!("{:?}", x.device().location()),
        });
    }
    let x = match conv.channels {
        Channels::First => x.clone(),
        Channels::Last => x.permute((0, 3, 1, 2))?.contiguous()?,
    };
    let y = match conv.direction {
        Direction::Convolve => {
            // What the last output pixel needs, which may be less than there is.
            let fit = |x: &Tensor, dim: usize, before: usize, size: usize, need: usize| {
                let x = x.pad_with_zeros(dim, before, need.saturating_sub(before + size))?;
                x.narrow(dim, 0, need)
            };
            let x = fit(&x, 2, g.top, g.h, (g.oh - 1) * g.sh + g.kh)?;
            let x = fit(&x, 3, g.left, g.w, (g.ow - 1) * g.sw + g.kw)?;
            x.contiguous()?.conv2d(w, 0, g.sh, 1, 1)?
        }
        Direction::Transpose => {
            let full = x.contiguous()?.conv_transpose2d(w, 0, 0, g.sh, 1)?;
            let cut = |x: &Tensor, dim: usize, before: usize, size: usize| {
                let missing = (before + size).saturating_sub(x.dim(dim)?);
                x.pad_with_zeros(dim, 0, missing)?.narrow(dim, before, size)
            };
            cut(&cut(&full, 2, g.top, g.h)?, 3, g.left, g.w)?
        }
    };
    let y = match b {
        Some(b) => y.broadcast_add(&b.reshape((1, (), 1, 1))?)?,
        None => y,
    };
    Ok(match conv.channels {
        Channels::First => y.contiguous()?,
        Channels::Last => y.permute((0, 2, 3, 1))?.contiguous()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Geometry, same_padding};
    use candle_core::{Device, Result, Tensor};

    fn ramp(shape: &[usize]) -> Result<Tensor> {
        let len = shape.iter().product::<usize>();
        let values = (0..len).map(|i| ((i * 37 % 101) as f64 - 50.) / 50.).collect::<Vec<_>>();
        Tensor::from_vec(values, shape, &Device::Cpu)
    }

    /// The composition and the kernel are written apart; here they meet.
    #[test]
    fn agrees_with_the_kernels() -> Result<()> {
        for (h, k, s) in [(7, 4, 2), (9, 5, 2), (6, 3, 1), (8, 2, 3), (5, 1, 2)] {
            let same = same_padding(h, k, s).0;
            let oh = h.div_ceil(s);
            let geometry = Geometry { n: 2, h, w: h, c: 9, oh, ow: oh, o: 3, kh: k, kw: k, sh: s, sw: s, top: same, left: same };
            let b = ramp(&[3])?;
            let (x, w) = (ramp(&[2, 9, h, h])?, ramp(&[3, 9, k, k])?);
            let op = || ConvOp { geometry, direction: Direction::Convolve, channels: Channels::First };
            let expected = apply("test", &x, &w, Some(&b), &op()).map_err(candle_core::Error::wrap)?;
            let got = x.apply_op3(&w, &b, op())?;
            assert!((expected - got)?.abs()?.max_all()?.to_scalar::<f64>()? < 1e-12);

            let (x, b) = (ramp(&[2, 3, oh, oh])?, ramp(&[9])?);
            let op = || ConvOp { geometry, direction: Direction::Transpose, channels: Channels::First };
            let expected = apply("test", &x, &w, Some(&b), &op()).map_err(candle_core::Error::wrap)?;
            let got = x.apply_op3(&w, &b, op())?;
            assert!((expected - got)?.abs()?.max_all()?.to_scalar::<f64>()? < 1e-12);
        }
        Ok(())
    }
}
