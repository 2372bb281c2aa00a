//! What codes are drawn from in generation, once a network is trained: one file for each way.

use vimae_core::{Density, Prior, Result, Sampler, Settings};

use crate::{FittedFlow, FittedMixture};

/// Makes a sampler from its checked settings.
pub type BuildSampler = fn(&Settings) -> Result<Box<dyn Sampler>>;

/// The sampler where none is named and the objective fits none of its own.
pub const DEFAULT: &str = "prior";
/// The sampler of an objective that fits so many components to its codes.
pub const EX_POST: &str = "gaussian_mixture";

vimae_core::catalogue! {
    /// Every sampler.
    pub static SAMPLERS: BuildSampler = "sampler" in {
        gaussian_mixture,
        masked_autoregressive_flow,
        prior,
        standardised,
    }
}

/// The density that a sampler fitted, made again of its numbers ([`Prior::density`]).
///
/// # Errors
/// [`Unsupported`](vimae_core::Error::Unsupported) for numbers that do not belong together, or of a density that none fits.
pub fn fitted(density: Density) -> Result<Box<dyn Prior>> {
    Ok(match density {
        Density::Flow(flow) => Box::new(FittedFlow::of(flow)?),
        other => Box::new(FittedMixture::of(other)?),
    })
}
