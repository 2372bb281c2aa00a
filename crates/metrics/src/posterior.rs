//! What is taken for q(z|x): the encoder's Gaussian head, or the Gaussians fitted to noisy passes.

use candle_core::DType;
use vimae_core::{Code, Evidence, Result};

use crate::rate::{Fit, fit};

/// Diagonal Gaussians, one a image, or why there are none.
pub(crate) enum Posterior {
    /// Of the first images of the test split, in f64, with the name of the estimator.
    Gaussian { code: Code, name: String },
    /// The encoder keeps everything: rate and information are infinite.
    Infinite(String),
}

impl Posterior {
    /// Of at most `most` test images.
    pub(crate) fn of(evidence: &Evidence<'_>, most: usize) -> Result<Self> {
        let first = |code: &Code| -> Result<Code> {
            let count = code.mean.dim(0)?.min(most);
            code.map(|tensor| tensor.narrow(0, 0, count)?.to_dtype(DType::F64))
        };
        match (&evidence.code.log_var, evidence.noisy_codes) {
            (Some(_), _) => Ok(Self::Gaussian { code: first(evidence.code)?, name: "gaussian".into() }),
            (None, Some(noisy)) => {
                let (images, passes, _) = noisy.dims3()?;
                Ok(match fit(noisy)? {
                    Fit::Gaussian(code) => Self::Gaussian { code: first(&code)?, name: format!("noise,K={passes}") },
                    Fit::Collapsed(faults) => Self::Infinite(format!(
                        "infinite: for {faults} of {images} images a dimension of the code does not move under the noise"
                    )),
                })
            }
            (None, None) => Ok(Self::Infinite("infinite: the encoder is deterministic and was trained without noise".into())),
        }
    }
}
