//! The standard deviation of a decoder's noise: a number given, or the likeliest on held-out images.

use vimae_core::{Error, Evidence, Mode, Purpose, Result};

use crate::{
    likelihood::{DecoderLikelihood, likeliest_sigma},
    summary::values,
};

/// The decoder's noise, in units of the \[0, 1\] interval.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseScale {
    /// Its standard deviation.
    pub sigma: f64,
    /// What it was chosen on, in words, where it was chosen.
    pub chosen_on: Option<String>,
}

impl NoiseScale {
    /// `sigma`; 0 takes the likeliest on held-out images.
    ///
    /// # Errors
    /// Where it is to be chosen and there is nothing to choose it on, or no finite choice.
    pub(crate) fn of(sigma: f64, evidence: &dyn Evidence) -> Result<Self> {
        if sigma == 0.0 { Self::fitted(evidence) } else { Ok(Self { sigma, chosen_on: None }) }
    }

    /// The likeliest for draws of the codes of held-out images; see [`likeliest_sigma`].
    ///
    /// # Errors
    /// Where there are no held-out images or their reconstructions are not finite.
    pub fn fitted(evidence: &dyn Evidence) -> Result<Self> {
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
        Ok(Self { sigma, chosen_on: Some(held_out.words(count)) })
    }

    /// For the protocol's name: the number given, or `fit`.
    pub(crate) fn name(&self) -> String {
        if self.chosen_on.is_some() { "fit".into() } else { self.sigma.to_string() }
    }

    /// What was chosen, where something was.
    pub(crate) fn note(&self) -> Option<String> {
        self.chosen_on.as_ref().map(|images| format!("sigma = {:.4}, likeliest on {images}", self.sigma))
    }
}

/// Held-out images that go through the encoder at once.
const BATCH: usize = 200;
