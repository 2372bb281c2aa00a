//! Small parts of the line for tests.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use serde_json::Value;
use vimae_core::{AutoEncoder, Head, ImageShape, PixelRange, Prior, Purpose, Settings, Streams};
use vimae_models::Request;

/// A prior with its defaults.
///
/// # Errors
/// For an unknown name.
pub fn prior(name: &str) -> Result<Box<dyn Prior>> {
    let entry = vimae_priors::PRIORS.find(name)?;
    Ok((entry.build)(&Settings::check("prior", entry.name, entry.keys, &Default::default())?)?)
}

/// A network with the given settings.
///
/// # Errors
/// As [`vimae_models::build`].
pub fn model(
    name: &str,
    settings: Value,
    image: ImageShape,
    range: PixelRange,
    code: usize,
    head: Head,
    dtype: DType,
) -> Result<Box<dyn AutoEncoder>> {
    let request = Request { image, range, code, head, seed: 1, dtype, device: &Device::Cpu };
    Ok(vimae_models::build(name, settings.as_object().unwrap_or(&Default::default()), &request)?)
}

/// Pictures of uniform noise in \[0, 1\], `[count, C, H, W]`.
///
/// # Errors
/// Where the device fails.
pub fn noise_images(count: usize, shape: ImageShape, dtype: DType) -> Result<Tensor> {
    let values = Streams::new(9).fill(Purpose::Evaluation, 0, count * shape.len(), rand::Rng::random::<f32>);
    Ok(Tensor::from_vec(values, (count, shape.channels, shape.height, shape.width), &Device::Cpu)?.to_dtype(dtype)?)
}
