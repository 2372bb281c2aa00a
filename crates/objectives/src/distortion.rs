//! How far reconstructions are from their originals.

use candle_core::Tensor;
use vimae_core::{Error, Pass, Result};
use vimae_ops::squared_error_sum;

/// Mean over the batch of the distortion that a pass's likelihood gives each output, a scalar: the squared error where there is
/// no likelihood.
///
/// # Errors
/// Where the shapes do not fit.
pub fn of(pass: &Pass<'_>) -> Result<Tensor> {
    Ok(of_each(pass)?.mean_all()?)
}

/// The distortion of each output of a pass: `[K N]`.
///
/// # Errors
/// Where the shapes do not fit.
pub fn of_each(pass: &Pass<'_>) -> Result<Tensor> {
    match pass.likelihood {
        Some(likelihood) => likelihood.distortion(pass.images, pass.output),
        None => squares_of_each(pass.images, pass.output),
    }
}

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
pub(crate) fn squares_of_each(images: &Tensor, output: &Tensor) -> Result<Tensor> {
    squares(&for_each(images, output, 1)?, output)
}

/// The image of each row of an output `[K N, P C, H, W]`: `[K N, C, H, W]` from images `[N, C, H, W]`.
pub(crate) fn for_each(images: &Tensor, output: &Tensor, per_value: usize) -> Result<Tensor> {
    let blocks = blocks(images, output, per_value)?;
    if blocks == 1 {
        return Ok(images.clone());
    }
    let mut times = vec![1; images.rank()];
    times[0] = blocks;
    Ok(images.repeat(times)?)
}

/// K of an output `[K N, P C, H, W]` for images `[N, C, H, W]`.
pub(crate) fn blocks(images: &Tensor, output: &Tensor, per_value: usize) -> Result<usize> {
    let expected = || format!("K blocks of {:?}, the images', with {per_value} times the channels", images.dims());
    let wrong = || Error::shape("reconstructions", expected(), output.dims());
    let (&[n, channels, ref place @ ..], &[rows, ours, ref our_place @ ..]) = (images.dims(), output.dims()) else { return Err(wrong()) };
    if n == 0 || rows % n != 0 || ours != per_value * channels || place != our_place {
        return Err(wrong());
    }
    Ok(rows / n)
}

/// `[N]`, in one pass each way: the network's output is the first argument, since that alone wants a gradient.
fn squares(images: &Tensor, output: &Tensor) -> Result<Tensor> {
    squared_error_sum(output, images).map_err(|e| Error::Tensor(e.into()))
}
