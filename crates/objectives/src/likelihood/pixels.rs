//! Images in the range of the data and in \[0, 1\], and the numbers of a decoder's output by kind.

use candle_core::{DType, Tensor};
use rand_chacha::ChaCha8Rng;
use vimae_core::{Error, PixelRange, Purpose, Result, Streams};

/// The range of the images of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixels(pub(super) PixelRange);

impl Pixels {
    /// What one unit of the range is of the \[0, 1\] interval.
    pub(super) fn length(self) -> f64 {
        match self.0 {
            PixelRange::Unit => 1.0,
            PixelRange::Symmetric => 0.5,
        }
    }

    /// Images of the range in \[0, 1\].
    pub(super) fn to_unit(self, images: &Tensor) -> Result<Tensor> {
        Ok(match self.0 {
            PixelRange::Unit => images.clone(),
            PixelRange::Symmetric => images.affine(0.5, 0.5)?,
        })
    }

    /// Images in \[0, 1\] in the range.
    pub(super) fn of_unit(self, images: &Tensor) -> Result<Tensor> {
        Ok(match self.0 {
            PixelRange::Unit => images.clone(),
            PixelRange::Symmetric => images.affine(2.0, -1.0)?,
        })
    }
}

/// The sum over each image: `[N]` from `[N, C, H, W]`.
pub(super) fn total(each: &Tensor) -> Result<Tensor> {
    Ok(each.flatten_from(1)?.sum(1)?)
}

/// The `count` numbers of each value: `[N, C, H, W]` each from `[N, count C, H, W]`.
pub(super) fn kinds(output: &Tensor, count: usize) -> Result<Vec<Tensor>> {
    let channels = match *output.dims() {
        [_, all, _, _] if all % count == 0 => all / count,
        _ => return Err(Error::shape("the decoder's output", format!("[N, {count} C, H, W]"), output.dims())),
    };
    Ok((0..count).map(|kind| output.narrow(1, kind * channels, channels)?.contiguous()).collect::<candle_core::Result<_>>()?)
}

/// Where draws come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) streams: &'a Streams,
    pub(super) purpose: Purpose,
    pub(super) step: u64,
}

impl Source<'_> {
    /// An image for each row of an output of `per_value` numbers a value, in \[0, 1\]: `value` makes each from its numbers and from
    /// `draws` draws of `noise`.
    pub(super) fn image(
        self,
        output: &Tensor,
        (per_value, draws): (usize, usize),
        noise: impl Fn(&mut ChaCha8Rng) -> f64 + Sync,
        value: impl Fn(&[f64], &[f64]) -> f64,
    ) -> Result<Tensor> {
        let kinds = kinds(output, per_value)?;
        let shape = kinds.first().map(|kind| kind.shape().clone()).unwrap_or_else(|| output.shape().clone());
        let numbers: Vec<Vec<f64>> = kinds
            .iter()
            .map(|kind| kind.detach().to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>())
            .collect::<candle_core::Result<_>>()?;
        let drawn = self.streams.fill(self.purpose, self.step, draws * shape.elem_count(), noise);
        let one = |(place, drawn): (usize, &[f64])| {
            let numbers: Vec<f64> = numbers.iter().map(|kind| kind.get(place).copied().unwrap_or(f64::NAN)).collect();
            value(&numbers, drawn)
        };
        let values: Vec<f64> = drawn.chunks_exact(draws).enumerate().map(one).collect();
        Ok(Tensor::from_vec(values, shape, output.device())?.to_dtype(output.dtype())?)
    }
}

/// A uniform draw from (0, 1).
pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    rand::Rng::sample(rng, rand::distr::Open01)
}
