//! The Bernoulli distribution of binary images: value by value `ln P(x|z) = x l - ln(1 + e^l)` of a logit l.
//!
//! It gives probabilities to 0 and 1 alone. What many codes call a Bernoulli likelihood of gray images, their binary cross-entropy,
//! has no normaliser and is refused: `continuous_bernoulli` has one.

use candle_core::Tensor;
use vimae_core::{Entry, Likelihood, NoSettings, Output, Purpose, Result, Streams, Support, likelihood::Protocol, settings::Schema};
use vimae_ops::{bernoulli_log_likelihood, sigmoid};

use super::{
    BuildLikelihood,
    pixels::{Pixels, Source, uniform},
};
use crate::distortion::blocks;

/// The catalogue entry.
pub const ENTRY: Entry<BuildLikelihood> = Entry {
    name: "bernoulli",
    summary: "Probabilities of the pixels of binary images",
    source: "Kingma & Welling, Auto-Encoding Variational Bayes, 2014, appendix C.1",
    settings: Schema::of::<NoSettings>,
    build: |_, request| Ok(Box::new(Bernoulli(Pixels(request.range)))),
};

/// The Bernoulli distribution.
#[derive(Debug, Clone)]
pub struct Bernoulli(Pixels);

impl Likelihood for Bernoulli {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn protocol(&self) -> Protocol {
        Protocol::new(ENTRY.name)
    }

    fn output(&self) -> Output {
        Output { per_value: 1, squashed: false }
    }

    fn support(&self) -> Support {
        Support::Binary
    }

    fn log_likelihood(&self, images: &Tensor, output: &Tensor) -> Result<Tensor> {
        blocks(images, output, 1)?;
        Ok(bernoulli_log_likelihood(&self.0.to_unit(images)?, output).map_err(candle_core::Error::from)?)
    }

    fn mean(&self, output: &Tensor) -> Result<Tensor> {
        self.0.of_unit(&sigmoid(output).map_err(candle_core::Error::from)?)
    }

    fn sample(&self, output: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        let source = Source { streams, purpose, step };
        let drawn = source.image(output, (1, 1), uniform, |logit, uniform| match (logit, uniform) {
            (&[logit], &[uniform]) => f64::from(u8::from(uniform < 1.0 / (1.0 + (-logit).exp()))),
            _ => f64::NAN,
        })?;
        self.0.of_unit(&drawn)
    }
}
