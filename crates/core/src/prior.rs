//! Distributions of codes.

use candle_core::{Device, Tensor};
use rand::RngCore;

use crate::{Code, Density, Encoder, Parameters, Purpose, Result, Streams};

/// A distribution of codes of any number of dimensions.
pub trait Prior: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// `count` codes of `size` dimensions, row by row; a function of the stream and of the prior's own
    /// parameters alone.
    ///
    /// # Errors
    /// Where the prior was made for codes of another size, or must be bound to an encoder first ([`bind`](Self::bind)).
    fn draw(&self, streams: &Streams, purpose: Purpose, step: u64, count: usize, size: usize) -> Result<Vec<f32>>;

    /// `[count, size]` draws on a device, in f32, for a training loop of one's own: a function of the seed and of the
    /// prior's own parameters alone. Give each step a seed of its own.
    ///
    /// # Errors
    /// As [`draw`](Self::draw), and where the device fails.
    fn sample(&self, (count, size): (usize, usize), seed: u64, device: &Device) -> Result<Tensor> {
        let values = self.draw(&Streams::new(seed).fold_in("prior.sample"), Purpose::PriorSample, 0, count, size)?;
        Ok(Tensor::from_vec(values, (count, size), device)?)
    }

    /// Log density in nats of codes `[N, d]`: `[N]`, differentiable.
    ///
    /// # Errors
    /// Where `codes` is not `[N, d]`.
    fn log_density(&self, codes: &Tensor) -> Result<Tensor>;

    /// KL(N(mean, exp(log_var)) || prior) in nats for each row of a Gaussian head's code: `[N]`,
    /// differentiable.
    ///
    /// # Errors
    /// [`Unsupported`](crate::Error::Unsupported) for a code without log-variance, whose rate is infinite.
    fn rate(&self, code: &Code) -> Result<Tensor>;

    /// The rate of each row, `[N]` in nats, for a step that has already drawn `z` from the code: [`rate`](Self::rate)
    /// where it is exact; a prior without one gives the estimate `log q(z|x) - log p(z)`, which is unbiased and may
    /// be negative. Differentiable in the code and through `z`.
    ///
    /// # Errors
    /// As [`rate`](Self::rate).
    fn rate_at(&self, code: &Code, z: &Tensor) -> Result<Tensor> {
        let _ = z;
        self.rate(code)
    }

    /// The distribution of one dimension, where the dimensions are independent and alike.
    fn marginal(&self) -> Option<&dyn Univariate>;

    /// Differential entropy of a code of `size` dimensions, in nats; exact from the marginal where there is one, else an
    /// estimate whose error the prior states, or none.
    fn entropy(&self, size: usize) -> Option<f64> {
        self.marginal().map(|law| law.entropy() * size as f64)
    }

    /// The distribution in numbers alone, for programs in other languages; none unless it says so.
    ///
    /// # Errors
    /// Where the device fails, or the prior must be bound to an encoder first.
    fn density(&self) -> Result<Option<Density>> {
        Ok(None)
    }

    /// What the prior itself trains; nothing unless it says so. Names begin with `prior.`.
    fn parameters(&self) -> Option<&Parameters> {
        None
    }

    /// The prior as it stands for one step, for a prior that is made from the encoder; `None` for all others,
    /// which can be used as they are. Gradients reach the encoder and the prior's parameters through it.
    ///
    /// # Errors
    /// Where the encoder's output does not fit the prior.
    fn bind(&self, encoder: &dyn Encoder) -> Result<Option<Box<dyn Prior>>> {
        let _ = encoder;
        Ok(None)
    }
}

/// A distribution on the real line.
pub trait Univariate: Send + Sync {
    /// One draw.
    fn sample(&self, rng: &mut dyn RngCore) -> f64;

    /// Log density in nats.
    fn log_density(&self, x: f64) -> f64;

    /// Probability of a draw at most `x`.
    fn cdf(&self, x: f64) -> f64;

    /// The inverse of the cdf, for `p` in (0, 1).
    fn quantile(&self, p: f64) -> f64;

    /// Differential entropy in nats.
    fn entropy(&self) -> f64;

    /// Variance; infinite for a law that has none.
    fn variance(&self) -> f64;

    /// The square of a length over which the law changes, always finite: the variance, or the square of half the distance between the
    /// quartiles where that is infinite.
    fn squared_scale(&self) -> f64 {
        let variance = self.variance();
        if variance.is_finite() { variance } else { (0.5 * (self.quantile(0.75) - self.quantile(0.25))).powi(2) }
    }
}
