//! The standard deviation of a decoder's noise that is the likeliest on held-out images.

use vimae_core::{Error, Evidence, Mode, NoiseScale, Purpose, Result};

use crate::{
    likelihood::{DecoderLikelihood, likeliest_sigma},
    summary::values,
};

/// The likeliest for draws of the codes of held-out images; see [`likeliest_sigma`]. [`Evidence::noise_scale`] keeps it.
///
/// # Errors
/// Where there are no held-out images or their reconstructions are not finite.
pub fn fit(evidence: &dyn Evidence) -> Result<NoiseScale> {
    let (model, held_out) = (evidence.model(), evidence.held_out()?);
    let images = &held_out.images;
    let impossible = |reason: &str| Error::Unsupported { what: "the decoder's likeliest noise".into(), reason: reason.into() };
    let count = images.dim(0)?;
    if count == 0 {
        return Err(impossible("there are no held-out images to choose it on"));
    }
    let device = model.parameters().device();
    let streams = evidence.streams().fold_in("noise_scale");
    let mut codes = Vec::with_capacity(count * model.code_size());
    for first in (0..count).step_by(BATCH) {
        let part = images.narrow(0, first, BATCH.min(count - first))?.to_device(device)?;
        let code = model.encode(&part, Mode::Evaluate)?;
        let noise = streams.normal(Purpose::Evaluation, first as u64, code.mean.elem_count());
        let noise = candle_core::Tensor::from_vec(noise, code.mean.shape(), device)?.to_dtype(code.mean.dtype())?;
        codes.extend(values(&code.sample(&noise)?.detach())?);
    }
    let likelihood = DecoderLikelihood::new(model, model.code_size(), images, evidence.range(), 1.0, device)?;
    let errors = likelihood.squared_errors(&codes)?;
    let sigma = likeliest_sigma(&errors, likelihood.dimensions(), evidence.range())
        .ok_or_else(|| impossible("the squared errors of held-out images are zero or not finite"))?;
    Ok(NoiseScale { sigma, chosen_on: Some(held_out.words(count)) })
}

/// Held-out images that go through the encoder at once.
const BATCH: usize = 200;
