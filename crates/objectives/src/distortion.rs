//! How far reconstructions are from their originals.

use candle_core::Tensor;
use vimae_core::{Error, Result};
use vimae_ops::squared_error_sum;

/// Mean over the batch of the sum of squared errors over channels and pixels: a scalar from two
/// tensors `[N, C, H, W]`.
///
/// # Errors
/// Where the shapes differ.
pub fn sum_of_squares(images: &Tensor, output: &Tensor) -> Result<Tensor> {
    if images.dims() != output.dims() {
        return Err(Error::shape("reconstructions", format!("{:?}, the images'", images.dims()), output.dims()));
    }
    Ok(squares(images, output)?.mean_all()?)
}

/// The sum of squared errors over channels and pixels of each reconstruction: `[K N]` from images `[N, C, H, W]` and
/// `K` blocks of `N` reconstructions, `[K N, C, H, W]`.
///
/// # Errors
/// Where the shapes do not fit.
pub fn of_each(images: &Tensor, output: &Tensor) -> Result<Tensor> {
    let (n, rows) = (images.dim(0)?, output.dim(0)?);
    if images.dims()[1..] != output.dims()[1..] || n == 0 || rows % n != 0 {
        return Err(Error::shape("reconstructions", format!("K blocks of {:?}, the images'", images.dims()), output.dims()));
    }
    let images = images.repeat((rows / n, 1, 1, 1))?;
    squares(&images, output)
}

/// `[N]`, in one pass each way: the network's output is the first argument, since that alone wants a gradient.
fn squares(images: &Tensor, output: &Tensor) -> Result<Tensor> {
    squared_error_sum(output, images).map_err(|e| Error::Tensor(e.into()))
}
