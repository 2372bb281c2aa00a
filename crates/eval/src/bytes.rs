//! Images as a figure holds them.

use candle_core::Tensor;
use vimae_core::{PixelRange, Result};

/// Images as bytes, channels first.
pub(crate) fn bytes(images: &Tensor, range: PixelRange) -> Result<Vec<u8>> {
    Ok(images.flatten_all()?.to_vec1::<f32>()?.into_iter().map(|v| range.byte(v)).collect())
}
