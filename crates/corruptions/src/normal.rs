//! What the corruptions by noise share: draws scaled by a standard deviation and added to every value.

use candle_core::Tensor;
use rayon::prelude::*;
use vimae_core::Result;

/// Values that one task scales at least.
const PIECE: usize = 1 << 15;

/// `images` plus `std` times `draws`, one for each of their values, in their order.
pub(crate) fn add(images: &Tensor, mut draws: Vec<f32>, std: f64) -> Result<Tensor> {
    draws.par_iter_mut().with_min_len(PIECE).for_each(|v| *v *= std as f32);
    let noise = Tensor::from_vec(draws, images.shape(), images.device())?.to_dtype(images.dtype())?;
    Ok((images + noise)?)
}
