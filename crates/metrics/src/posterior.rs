//! What is taken for q(z|x): the encoder's Gaussian head, or the Gaussians fitted to noisy passes.

use candle_core::DType;
use vimae_core::{
    Code, Evidence, Result,
    subset::{drawn, rows},
};
use vimae_spec::Protocol;

use crate::rate::{Fit, fit};

/// Diagonal Gaussians, one per image, or why there are none.
pub(crate) enum Posterior {
    /// Of the test images at `places`, in f64, from `passes` noisy passes each where there is no head.
    Gaussian { code: Code, places: Vec<usize>, passes: Option<usize> },
    /// The encoder keeps everything: rate and information are infinite.
    Infinite(String),
}

impl Posterior {
    /// Of at most `most` test images, [`drawn`] of all.
    pub(crate) fn of(evidence: &dyn Evidence, most: usize) -> Result<Self> {
        let own = evidence.code()?;
        let all = own.mean.dim(0)?;
        // Of the codes at `known` places those of the images that are wanted.
        let of = |code: &Code, known: &[usize], passes| -> Result<Self> {
            let places = drawn(all, most.min(known.len()));
            let at: Vec<usize> = places.iter().filter_map(|place| known.binary_search(place).ok()).collect();
            let code = code.map(|tensor| rows(tensor, &at)?.to_dtype(DType::F64))?;
            Ok(Self::Gaussian { code, places, passes })
        };
        match (&own.log_var, evidence.noisy_codes()?) {
            (Some(_), _) => of(own, &drawn(all, all), None),
            (None, Some(noisy)) => {
                let (images, passes, _) = noisy.dims3()?;
                Ok(match fit(noisy)? {
                    Fit::Gaussian(code) => of(&code, &drawn(all, images), Some(passes))?,
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
