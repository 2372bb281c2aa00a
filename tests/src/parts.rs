//! Small parts of the line for tests.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use serde_json::Value;
use vimae_core::{
    AutoEncoder, Divergence, EncoderNoise, Head, ImageShape, Likelihood, Output, Parameters, PartRequest, PixelRange, Prior, Purpose,
    Streams, WithLikelihood, WithNoise,
};
use vimae_models::Request;
use vimae_objectives::{divergence::DIVERGENCES, likelihood::LIKELIHOODS};

/// A prior with its defaults, for codes of two dimensions of 8 x 8 images of two channels, in f64.
///
/// # Errors
/// For an unknown name.
pub fn prior(name: &str) -> Result<Box<dyn Prior>> {
    prior_with(name, Value::Null, &part_request(2, DType::F64))
}

/// A prior with the given settings.
///
/// # Errors
/// For an unknown name or setting, or a value out of range.
pub fn prior_with(name: &str, settings: Value, request: &PartRequest) -> Result<Box<dyn Prior>> {
    Ok(vimae_priors::PRIORS.build(name, settings.as_object().unwrap_or(&Default::default()), request)?)
}

/// A divergence with the given settings.
///
/// # Errors
/// For an unknown name or setting, or a value out of range.
pub fn divergence_with(name: &str, settings: Value, request: &PartRequest) -> Result<Box<dyn Divergence>> {
    Ok(DIVERGENCES.build(name, settings.as_object().unwrap_or(&Default::default()), request)?)
}

/// A likelihood with the given settings.
///
/// # Errors
/// For an unknown name or setting, or a value out of range.
pub fn likelihood_with(name: &str, settings: &Value, request: &PartRequest) -> Result<Box<dyn Likelihood>> {
    Ok(LIKELIHOODS.build(name, settings.as_object().unwrap_or(&Default::default()), request)?)
}

/// What a run with codes of `code` dimensions of 8 x 8 images of two channels asks of its parts.
pub fn part_request(code: usize, dtype: DType) -> PartRequest {
    let image = ImageShape { channels: 2, height: 8, width: 8 };
    PartRequest { code, image, range: PixelRange::Unit, seed: 1, dtype, device: Device::Cpu }
}

/// A network with the given settings.
///
/// # Errors
/// As [`vimae_core::Catalogue::build`].
pub fn model(
    name: &str,
    settings: Value,
    image: ImageShape,
    range: PixelRange,
    code: usize,
    head: Head,
    dtype: DType,
) -> Result<Box<dyn AutoEncoder>> {
    let request = Request { image, range, code, head, output: Output::IMAGES, seed: 1, dtype, device: Device::Cpu };
    Ok(vimae_models::MODELS.build(name, settings.as_object().unwrap_or(&Default::default()), &request)?)
}

/// Images of uniform noise in \[0, 1\], `[count, C, H, W]`.
///
/// # Errors
/// Where the device fails.
pub fn noise_images(count: usize, shape: ImageShape, dtype: DType) -> Result<Tensor> {
    let values = Streams::new(9).fill(Purpose::Evaluation, 0, count * shape.len(), rand::Rng::random::<f32>);
    Ok(Tensor::from_vec(values, (count, shape.channels, shape.height, shape.width), &Device::Cpu)?.to_dtype(dtype)?)
}

/// A network for the codes and images of `request`, with the given encoder noise.
///
/// # Errors
/// As [`vimae_core::Catalogue::build`].
pub fn noisy_model(name: &str, settings: Value, noise: Box<dyn EncoderNoise>, request: &PartRequest) -> Result<WithNoise> {
    let &PartRequest { image, range, code, dtype, .. } = request;
    Ok(WithNoise::new(model(name, settings, image, range, code, noise.network_head(), dtype)?, noise)?)
}

/// As [`noisy_model`], with the decoder that a likelihood reads.
///
/// # Errors
/// As [`vimae_core::Catalogue::build`].
pub fn noisy_model_under(
    likelihood: Box<dyn Likelihood>,
    (name, settings): (&str, Value),
    noise: Box<dyn EncoderNoise>,
    request: &PartRequest,
) -> Result<WithNoise> {
    let &PartRequest { image, range, code, dtype, seed, ref device } = request;
    let (head, output) = (noise.network_head(), likelihood.output());
    let request = Request { image, range, code, head, output, seed, dtype, device: device.clone() };
    let model = vimae_models::MODELS.build(name, settings.as_object().unwrap_or(&Default::default()), &request)?;
    Ok(WithNoise::new(Box::new(WithLikelihood::new(model, likelihood)), noise)?)
}

/// Sets weights that are large enough for every layer to matter, in place of the initial ones.
///
/// # Errors
/// Where the device fails.
pub fn stir(parameters: &Parameters) -> Result<()> {
    let streams = Streams::new(4);
    for (index, (_, var)) in parameters.weights().into_iter().enumerate() {
        let values = streams.normal(Purpose::Evaluation, index as u64, var.elem_count());
        let values = Tensor::from_vec(values, var.shape(), &Device::Cpu)?.to_dtype(var.dtype())?;
        let fan_in = (var.elem_count() / var.dim(0)?).max(4) as f64;
        var.set(&((values * fan_in.powf(-0.5))? + 0.1)?)?;
    }
    Ok(())
}
