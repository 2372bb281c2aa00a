//! What is taken for q(z|x): the encoder's Gaussian head, or the Gaussians fitted to noisy passes.

use candle_core::DType;
use vimae_core::{Code, Evidence, Result};
use vimae_spec::Protocol;

use crate::rate::{Fit, fit};

/// Diagonal Gaussians, one per image, or why there are none.
pub(crate) enum Posterior {
    /// Of the first images of the test split, in f64, from `passes` noisy passes each where there is no head.
    Gaussian { code: Code, passes: Option<usize> },
    /// The encoder keeps everything: rate and information are infinite.
    Infinite(String),
}

impl Posterior {
    /// Of at most `most` test images.
    pub(crate) fn of(evidence: &dyn Evidence, most: usize) -> Result<Self> {
        let first = |code: &Code| -> Result<Code> {
            let count = code.mean.dim(0)?.min(most);
            code.map(|tensor| tensor.narrow(0, 0, count)?.to_dtype(DType::F64))
        };
        let own = evidence.code()?;
        match (&own.log_var, evidence.noisy_codes()?) {
            (Some(_), _) => Ok(Self::Gaussian { code: first(own)?, passes: None }),
            (None, Some(noisy)) => {
                let (images, passes, _) = noisy.dims3()?;
                Ok(match fit(noisy)? {
                    Fit::Gaussian(code) => Self::Gaussian { code: first(&code)?, passes: Some(passes) },
                    Fit::Collapsed(faults) => Self::Infinite(format!(
                        "infinite: for {faults} of {images} images a dimension of the code does not move under the noise"
                    )),
                })
            }
            (None, None) => Ok(Self::Infinite("infinite: the encoder is deterministic and was trained without noise".into())),
        }
    }
}

/// The protocol with the name of the estimator behind its other parameters.
pub(crate) fn estimated(protocol: Protocol, passes: Option<usize>) -> Protocol {
    match passes {
        Some(passes) => protocol.word("noise").with("K", passes),
        None => protocol.word("gaussian"),
    }
}
