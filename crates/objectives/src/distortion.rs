//! How far reconstructions are from their originals.

use candle_core::Tensor;
use vimae_core::{Error, Result};

/// Mean over the batch of the sum of squared errors over channels and pixels: a scalar from two
/// tensors `[N, C, H, W]`.
///
/// # Errors
/// Where the shapes differ.
pub fn sum_of_squares(images: &Tensor, output: &Tensor) -> Result<Tensor> {
    if images.dims() != output.dims() {
        return Err(Error::shape("reconstructions", format!("{:?}, the pictures'", images.dims()), output.dims()));
    }
    let count = images.dim(0)? as f64;
    Ok(((images - output)?.sqr()?.sum_all()? / count)?)
}
