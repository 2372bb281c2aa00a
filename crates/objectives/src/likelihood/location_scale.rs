//! Densities on the real line that are moved and stretched: value by value `ln p(x) = ln f((x - m) / s) - ln s`, in units of the
//! \[0, 1\] interval.

use candle_core::{Module, Tensor};
use rand_chacha::ChaCha8Rng;
use vimae_core::{
    Error, Likelihood, Output, PixelRange, Purpose, Result, Streams, Support, Values, likelihood::Protocol, numerics::softplus_each,
};
use vimae_ops::nn::Squash;

use super::pixels::{Pixels, Source, kinds, total};
use crate::distortion::{for_each, squares_of_each};

/// The law of mean 0 and scale 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Law {
    Gaussian,
    Laplace,
}

/// Where the scale comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Given, in units of \[0, 1\].
    Fixed(f64),
    /// A second number of each value, not below `least`.
    Learned { least: f64 },
    /// The likeliest of each batch, not below `least`.
    Optimal { least: f64 },
}

/// The likelihood.
#[derive(Debug, Clone)]
pub(super) struct LocationScale {
    pub(super) name: &'static str,
    pub(super) law: Law,
    pub(super) scale: Scale,
    pub(super) pixels: Pixels,
}

impl LocationScale {
    /// ln f of standardised residuals.
    fn standard(&self, residual: &Tensor) -> Result<Tensor> {
        Ok(match self.law {
            Law::Gaussian => residual.sqr()?.affine(-0.5, -0.5 * std::f64::consts::TAU.ln())?,
            Law::Laplace => residual.abs()?.affine(-1.0, -std::f64::consts::LN_2)?,
        })
    }

    /// Means in the range of the data and logarithms of scales, of an output with both.
    fn learned(&self, output: &Tensor, least: f64) -> Result<[Tensor; 2]> {
        let mut kinds = kinds(output, 2)?.into_iter();
        let (Some(location), Some(scale)) = (kinds.next(), kinds.next()) else {
            return Err(Error::shape("the decoder's output", "[N, 2 C, H, W]", output.dims()));
        };
        let squash = match self.pixels.0 {
            PixelRange::Unit => Squash::Sigmoid,
            PixelRange::Symmetric => Squash::Tanh,
        };
        // A bound that is approached, so that the gradient never ends (Rybkin et al. 2021, their code).
        let scale = if least > 0.0 { (softplus_each(&(scale - least.ln())?)? + least.ln())? } else { scale };
        Ok([squash.forward(&location)?, scale])
    }
}

impl Likelihood for LocationScale {
    fn name(&self) -> &str {
        self.name
    }

    fn protocol(&self) -> Protocol {
        let own = Protocol::new(self.name);
        match self.scale {
            Scale::Fixed(scale) => own.with("scale", scale),
            Scale::Learned { .. } => own.with("scale", "learned"),
            Scale::Optimal { .. } => own.with("scale", "optimal"),
        }
    }

    fn output(&self) -> Output {
        match self.scale {
            Scale::Fixed(_) | Scale::Optimal { .. } => Output::IMAGES,
            Scale::Learned { .. } => Output { per_value: 2, squashed: false },
        }
    }

    fn support(&self) -> Support {
        Support::Line
    }

    fn has_scale(&self) -> bool {
        !matches!(self.scale, Scale::Optimal { .. })
    }

    fn refuses(&self, values: Values) -> Option<String> {
        let fitted = !matches!(self.scale, Scale::Fixed(_));
        (fitted && values == Values::Binary)
            .then(|| "the images are 0 and 1 alone, where a density whose scale is fitted rises without end; take bernoulli".into())
    }

    fn log_likelihood(&self, images: &Tensor, output: &Tensor) -> Result<Tensor> {
        let length = self.pixels.length();
        match (self.scale, self.law) {
            (Scale::Fixed(scale), Law::Gaussian) => {
                let values: usize = output.dims().iter().skip(1).product();
                let each = -scale.ln() - 0.5 * std::f64::consts::TAU.ln();
                Ok(squares_of_each(images, output)?.affine(-0.5 * (length / scale).powi(2), each * values as f64)?)
            }
            (Scale::Fixed(scale), Law::Laplace) => {
                let residual = ((for_each(images, output, 1)? - output)? * (length / scale))?;
                total(&(self.standard(&residual)? - scale.ln())?)
            }
            (Scale::Learned { least }, _) => {
                let [location, log_scale] = self.learned(output, least)?;
                let residual = ((for_each(images, output, 2)? - location)? * length)?;
                total(&(self.standard(&(residual * log_scale.neg()?.exp()?)?)? - log_scale)?)
            }
            (Scale::Optimal { least }, _) => {
                let squares = (squares_of_each(images, output)? * length.powi(2))?;
                let values: usize = output.dims().iter().skip(1).product();
                // sigma^2 = E |x - g(z)|^2 / D, of the batch.
                let variance = (squares.mean_all()? / values as f64)?.maximum(least.powi(2))?;
                let constant = (variance.log()? + std::f64::consts::TAU.ln())? * (-0.5 * values as f64);
                Ok((squares * -0.5)?.broadcast_div(&variance)?.broadcast_add(&constant?)?)
            }
        }
    }

    fn mean(&self, output: &Tensor) -> Result<Tensor> {
        match self.scale {
            Scale::Fixed(_) | Scale::Optimal { .. } => Ok(output.clone()),
            Scale::Learned { least } => Ok(self.learned(output, least)?[0].clone()),
        }
    }

    fn sample(&self, output: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        let law = self.law;
        let noise = move |rng: &mut ChaCha8Rng| match law {
            Law::Gaussian => rand::Rng::sample(rng, rand_distr::StandardNormal),
            Law::Laplace => {
                let centred = super::pixels::uniform(rng) - 0.5;
                -centred.signum() * (-2.0 * centred.abs()).ln_1p()
            }
        };
        let (mean, numbers) = match self.scale {
            Scale::Fixed(scale) => (output.clone(), Tensor::cat(&[output, &output.ones_like()?.affine(0.0, scale.ln())?], 1)?),
            Scale::Learned { least } => {
                let [mean, log_scale] = self.learned(output, least)?;
                (mean.clone(), Tensor::cat(&[mean, log_scale], 1)?)
            }
            Scale::Optimal { .. } => {
                return Err(Error::Unsupported {
                    what: format!("an image drawn under {}", self.protocol()),
                    reason: "its scale is that of a batch of images; take scale = \"fixed\" or \"learned\"".into(),
                });
            }
        };
        let source = Source { streams, purpose, step };
        let noise = source.image(&numbers, (2, 1), noise, |numbers, noise| match (numbers, noise) {
            (&[_, log_scale], &[noise]) => noise * log_scale.exp(),
            _ => f64::NAN,
        })?;
        Ok((mean + (noise / self.pixels.length())?)?)
    }
}
