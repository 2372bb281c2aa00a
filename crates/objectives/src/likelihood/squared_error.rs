//! The squared error: `D = w |x - g(z)|^2` in the range of the data, which is `-ln p(x|z)` up to a constant for a Gaussian of
//! variance `1 / (2 w)`.
//!
//! The objectives of the paper weigh it by their own `recon_weight`, and give no scale to the decoder. Metrics that need one choose
//! it: 0.1, or the likeliest on held-out images.

use candle_core::Tensor;
use vimae_core::{Entry, Error, Likelihood, Output, Purpose, Result, Streams, Support, likelihood::Protocol, settings::Schema};

use super::{BuildLikelihood, pixels::Pixels};
use crate::distortion::squares_of_each;

/// The catalogue entry.
pub const ENTRY: Entry<BuildLikelihood> = Entry {
    name: "squared_error",
    summary: "The squared error, a Gaussian without a scale of its own",
    source: "The Variational InfoMax AutoEncoder; Tolstikhin et al., Wasserstein Auto-Encoders, 2018 (code)",
    settings: Schema::of::<Weight>,
    build: |settings, request| Ok(Box::new(SquaredError { weight: settings.read::<Weight>()?.weight, pixels: Pixels(request.range) })),
};

vimae_core::settings! {
    /// The settings of the squared error.
    pub struct Weight {
        /// weight w of the squared error, beside the objective's own
        pub weight: f64 = 1.0, from 1e-6, to 1e6;
    }
}

/// The squared error.
#[derive(Debug, Clone)]
pub struct SquaredError {
    weight: f64,
    pixels: Pixels,
}

impl Likelihood for SquaredError {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn protocol(&self) -> Protocol {
        Protocol::new(ENTRY.name)
    }

    fn output(&self) -> Output {
        Output::IMAGES
    }

    fn support(&self) -> Support {
        Support::Line
    }

    fn has_scale(&self) -> bool {
        false
    }

    fn log_likelihood(&self, images: &Tensor, output: &Tensor) -> Result<Tensor> {
        // A unit of the range is `length` of [0, 1]: the variance there is length^2 / (2 w).
        let each = 0.5 * (self.weight / (std::f64::consts::PI * self.pixels.length().powi(2))).ln();
        let values: usize = output.dims().iter().skip(1).product();
        Ok(squares_of_each(images, output)?.affine(-self.weight, each * values as f64)?)
    }

    fn distortion(&self, images: &Tensor, output: &Tensor) -> Result<Tensor> {
        let squares = squares_of_each(images, output)?;
        // The bits of a run without a weight are those of one that knows no weights.
        Ok(if self.weight == 1.0 { squares } else { (squares * self.weight)? })
    }

    fn mean(&self, output: &Tensor) -> Result<Tensor> {
        Ok(output.clone())
    }

    fn sample(&self, _: &Tensor, _: &Streams, _: Purpose, _: u64) -> Result<Tensor> {
        Err(Error::Unsupported {
            what: "an image drawn under the squared error".into(),
            reason: "it has no scale of its own; take likelihood gaussian".into(),
        })
    }
}
