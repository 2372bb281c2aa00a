//! Codes of a batch: what an encoder ends in.

use candle_core::Tensor;
pub use vimae_spec::Head;

use crate::{Error, Result};

/// What an encoder gives for a batch.
#[derive(Debug, Clone)]
pub struct Code {
    /// `[N, d]`: the mean of a Gaussian head, or the code.
    pub mean: Tensor,
    /// `[N, d]`: the log-variance of a Gaussian head.
    pub log_var: Option<Tensor>,
}

impl Code {
    /// A draw of the code: `mean + exp(log_var / 2) * noise`, or the mean of a deterministic head.
    ///
    /// # Errors
    /// Where `noise`, standard normal, is not `[N, d]`.
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        match &self.log_var {
            Some(log_var) => Ok((&self.mean + ((log_var * 0.5)?.exp()? * noise)?)?),
            None => Ok(self.mean.clone()),
        }
    }

    /// The code with `f` done to its mean and to its log-variance.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn map(&self, f: impl Fn(&Tensor) -> candle_core::Result<Tensor>) -> Result<Self> {
        Ok(Self { mean: f(&self.mean)?, log_var: self.log_var.as_ref().map(f).transpose()? })
    }

    /// The log-variance, for `what` is to be computed from it: `rate`, `density`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a deterministic code, [`Error::Shape`] where its shape is not the mean's.
    pub fn log_variance(&self, what: &str) -> Result<&Tensor> {
        let log_var = self.log_var.as_ref().ok_or_else(|| Error::Unsupported {
            what: format!("{what} of a deterministic code"),
            reason: "without a log-variance it is infinite".into(),
        })?;
        if log_var.dims() != self.mean.dims() {
            return Err(Error::shape("log-variance", format!("{:?}", self.mean.dims()), log_var.dims()));
        }
        Ok(log_var)
    }
}
