//! Sets of images that need no model: what a generative metric must beat, and what it cannot.

use candle_core::Tensor;
use rand::Rng;
use vimae_core::{Error, Purpose, Result, Streams};

/// The mean of images `[N, C, H, W]`, as a set of one, `[1, C, H, W]`.
///
/// # Errors
/// Where there are no images.
pub fn mean_image(images: &Tensor) -> Result<Tensor> {
    some(images)?;
    Ok(images.mean_keepdim(0)?)
}

/// `count` draws with replacement from images `[N, C, H, W]`: `[count, C, H, W]`.
///
/// # Errors
/// Where there are no images.
pub fn resample(images: &Tensor, count: usize, streams: &Streams, step: u64) -> Result<Tensor> {
    let available = some(images)?;
    let chosen = streams.fill(Purpose::Evaluation, step, count, |rng| rng.random_range(0..available));
    Ok(images.index_select(&Tensor::from_vec(chosen, count, images.device())?, 0)?)
}

fn some(images: &Tensor) -> Result<u32> {
    match u32::try_from(images.dim(0)?) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Error::shape("images", "[N, C, H, W] with N of 1 or more", images.dims())),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn controls_are_made_of_the_images_given() {
        let images = Tensor::from_vec(vec![0.0_f32, 1.0, 4.0, 3.0], (2, 1, 1, 2), &Device::Cpu).unwrap();
        assert_eq!(mean_image(&images).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap(), [2.0, 2.0]);
        let drawn = resample(&images, 50, &Streams::new(1), 0).unwrap();
        assert_eq!(drawn.dims(), [50, 1, 1, 2]);
        let rows = drawn.flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
        assert!(rows.contains(&vec![0.0, 1.0]) && rows.contains(&vec![4.0, 3.0]));
        let none = Tensor::zeros((0, 1, 1, 2), DType::F32, &Device::Cpu).unwrap();
        assert!(mean_image(&none).is_err() && resample(&none, 1, &Streams::new(1), 0).is_err());
    }
}
