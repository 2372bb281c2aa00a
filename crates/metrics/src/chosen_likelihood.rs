//! Under which likelihood a trained model is measured: its own, or Gaussians of given scales where it has none.

use candle_core::{Device, Tensor};
use vimae_core::{Evidence, Likelihood, NoiseScale, Result, Support};
use vimae_spec::Protocol;

use crate::likelihood::DecoderLikelihood;

/// A likelihood of a measurement. Values of different ones never share a protocol.
#[derive(Clone)]
pub(crate) enum Under<'a> {
    /// The decoder's own.
    Own(&'a dyn Likelihood),
    /// A Gaussian of this scale, for a decoder without one; with its protocol where it is another than the squared error.
    Scale(NoiseScale, Option<Protocol>),
}

/// The likelihood of the decoder where it has a scale of its own.
pub(crate) fn own(evidence: &dyn Evidence) -> Option<&dyn Likelihood> {
    evidence.model().likelihood().filter(|likelihood| likelihood.has_scale())
}

impl<'a> Under<'a> {
    /// The decoder's own likelihood, or a Gaussian of each of these scales; a scale of 0 is the likeliest on held-out images.
    pub(crate) fn of(evidence: &'a dyn Evidence, sigmas: &[f64]) -> Result<Vec<Self>> {
        if let Some(own) = own(evidence) {
            return Ok(vec![Self::Own(own)]);
        }
        // A likelihood that takes the likeliest scale in training is measured at that scale alone.
        let named = evidence.model().likelihood().map(Likelihood::protocol).filter(|protocol| !protocol.parameters.is_empty());
        let sigmas = if named.is_some() { &[0.0] } else { sigmas };
        let scale = |sigma: &f64| {
            let scale = if *sigma == 0.0 { evidence.noise_scale()?.clone() } else { NoiseScale::given(*sigma) };
            Ok(Self::Scale(scale, named.clone()))
        };
        sigmas.iter().map(scale).collect()
    }

    /// Images under it.
    pub(crate) fn likelihood(&self, evidence: &'a dyn Evidence, images: &Tensor, device: &Device) -> Result<DecoderLikelihood<'a>> {
        let (model, range) = (evidence.model(), evidence.range());
        match self {
            Self::Own(own) => DecoderLikelihood::own(model, model.code_size(), images, (range, *own), device),
            Self::Scale(scale, _) => DecoderLikelihood::new(model, model.code_size(), images, range, scale.sigma, device),
        }
    }

    /// Its scale, where the decoder has none.
    pub(crate) fn sigma(&self) -> Option<f64> {
        match self {
            Self::Own(_) => None,
            Self::Scale(scale, _) => Some(scale.sigma),
        }
    }

    /// The protocol with what it is, and what was made of the pixels.
    pub(crate) fn named(&self, evidence: &dyn Evidence, protocol: Protocol) -> Protocol {
        let named = match self {
            Self::Own(own) => protocol.with("likelihood", own.protocol()),
            Self::Scale(scale, None) => protocol.with("sigma", scale.name()),
            Self::Scale(scale, Some(named)) => protocol.with("likelihood", named).with("sigma", scale.name()),
        };
        named.with_all(evidence.dataset().pixel_protocol())
    }

    /// What a reader should know of it.
    pub(crate) fn note(&self) -> Option<String> {
        match self {
            Self::Own(_) => None,
            Self::Scale(scale, _) => scale.note(),
        }
    }

    /// Where it has its mass.
    pub(crate) fn support(&self) -> Support {
        match self {
            Self::Own(own) => own.support(),
            Self::Scale(..) => Support::Line,
        }
    }
}
