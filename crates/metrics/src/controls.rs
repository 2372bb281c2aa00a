//! Sets of pictures that need no model: what a generative metric must beat, and what it cannot.

use candle_core::Tensor;
use rand::Rng;
use vimae_core::{Error, Purpose, Result, Streams};

/// The mean of pictures `[N, C, H, W]`, as a set of one, `[1, C, H, W]`.
///
/// # Errors
/// Where there are no pictures.
pub fn mean_image(pictures: &Tensor) -> Result<Tensor> {
    some(pictures)?;
    Ok(pictures.mean_keepdim(0)?)
}

/// `count` draws with replacement from pictures `[N, C, H, W]`: `[count, C, H, W]`.
///
/// # Errors
/// Where there are no pictures.
pub fn resample(pictures: &Tensor, count: usize, streams: &Streams, step: u64) -> Result<Tensor> {
    let available = some(pictures)?;
    let chosen = streams.fill(Purpose::Evaluation, step, count, |rng| rng.random_range(0..available));
    Ok(pictures.index_select(&Tensor::from_vec(chosen, count, pictures.device())?, 0)?)
}

fn some(pictures: &Tensor) -> Result<u32> {
    match u32::try_from(pictures.dim(0)?) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Error::shape("pictures", "[N, C, H, W] with N of 1 or more", pictures.dims())),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn controls_are_made_of_the_pictures_given() {
        let pictures = Tensor::from_vec(vec![0.0_f32, 1.0, 4.0, 3.0], (2, 1, 1, 2), &Device::Cpu).unwrap();
        assert_eq!(mean_image(&pictures).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap(), [2.0, 2.0]);
        let drawn = resample(&pictures, 50, &Streams::new(1), 0).unwrap();
        assert_eq!(drawn.dims(), [50, 1, 1, 2]);
        let rows = drawn.flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
        assert!(rows.contains(&vec![0.0, 1.0]) && rows.contains(&vec![4.0, 3.0]));
        let none = Tensor::zeros((0, 1, 1, 2), DType::F32, &Device::Cpu).unwrap();
        assert!(mean_image(&none).is_err() && resample(&none, 1, &Streams::new(1), 0).is_err());
    }
}
