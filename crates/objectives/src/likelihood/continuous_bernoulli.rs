//! The continuous Bernoulli distribution on \[0, 1\]: value by value `ln p(x|z) = x l - ln((e^l - 1) / l)` of a logit l.
//!
//! That is the binary cross-entropy with its normaliser `C = 2 artanh(1 - 2 p) / (1 - 2 p)`, `p = 1 / (1 + e^-l)` (Loaiza-Ganem
//! & Cunningham 2019, equation 3): both are `l / (e^l - 1)` times `e^(x l)`. In this form nothing cancels at `p = 1/2`, `l = 0`.

use candle_core::Tensor;
use vimae_core::{
    Entry, Likelihood, NoSettings, Output, Purpose, Result, Streams, Support, likelihood::Protocol, numerics::log_mean_decay_each,
    settings::Schema,
};

use super::{
    BuildLikelihood,
    pixels::{Pixels, Source, total, uniform},
};
use crate::distortion::for_each;

/// The catalogue entry.
pub const ENTRY: Entry<BuildLikelihood> = Entry {
    name: "continuous_bernoulli",
    summary: "A density of gray pixels on [0, 1]: the binary cross-entropy with its normaliser",
    source: "Loaiza-Ganem & Cunningham, The Continuous Bernoulli: Fixing a Pervasive Error in Variational Autoencoders, 2019",
    settings: Schema::of::<NoSettings>,
    build: |_, request| Ok(Box::new(ContinuousBernoulli(Pixels(request.range)))),
};

/// The continuous Bernoulli distribution.
#[derive(Debug, Clone)]
pub struct ContinuousBernoulli(Pixels);

/// Logits below which the mean is taken from its series, and a draw is uniform to the last digit of an f32.
const NEAR: f64 = 0.5;
const UNIFORM: f64 = 1e-8;

impl Likelihood for ContinuousBernoulli {
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
        Support::Interval
    }

    fn log_likelihood(&self, images: &Tensor, output: &Tensor) -> Result<Tensor> {
        let images = self.0.to_unit(&for_each(images, output, 1)?)?;
        let size = output.abs()?;
        // ln((e^l - 1) / l) = l / 2 + (|l| / 2 + ln((1 - e^-|l|) / |l|)); what is in brackets is even, with no slope at 0.
        let even = ((&size * 0.5)? + log_mean_decay_each(&size)?)?;
        total(&((images - 0.5)? * output - even)?)
    }

    fn mean(&self, output: &Tensor) -> Result<Tensor> {
        let size = output.abs()?;
        let near = size.lt(NEAR)?;
        // (coth(a / 2) - 2 / a) / 2 = a / 12 - a^3 / 720 + a^5 / 30240 - a^7 / 1209600.
        let square = size.sqr()?;
        let mut series = (&square * (-1.0 / 1_209_600.0))?;
        for coefficient in [1.0 / 30_240.0, -1.0 / 720.0] {
            series = ((series + coefficient)? * &square)?;
        }
        let series = ((series + 1.0 / 12.0)? * output)?;
        let large = near.where_cond(&size.ones_like()?, &size)?;
        let decay = large.neg()?.exp()?;
        let far = (((&decay / decay.affine(-1.0, 1.0)?)? - large.recip()?)? + 0.5)? * output.sign()?;
        self.0.of_unit(&(near.where_cond(&series, &far?)? + 0.5)?)
    }

    fn sample(&self, output: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        let source = Source { streams, purpose, step };
        let drawn = source.image(output, (1, 1), uniform, |logit, uniform| match (logit, uniform) {
            (&[logit], &[uniform]) => quantile(logit, uniform),
            _ => f64::NAN,
        })?;
        self.0.of_unit(&drawn)
    }
}

/// ln(1 + u (e^l - 1)) / l, from the side where nothing overflows.
fn quantile(logit: f64, uniform: f64) -> f64 {
    if logit.abs() < UNIFORM {
        return uniform;
    }
    let (size, uniform) = (logit.abs(), if logit < 0.0 { 1.0 - uniform } else { uniform });
    let upwards = 1.0 + (uniform + (1.0 - uniform) * (-size).exp()).ln() / size;
    if logit < 0.0 { 1.0 - upwards } else { upwards }
}
