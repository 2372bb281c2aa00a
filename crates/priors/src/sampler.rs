//! What codes are drawn from in generation, once a network is trained: one file for each way.

use vimae_core::{Result, Sampler, Settings};

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
        prior,
        standardised,
    }
}
