//! Distributions of images given what a decoder computes: one file for each.

mod levels;
mod location_scale;
mod pixels;

use vimae_core::{Likelihood, PartRequest, Result, Settings};

/// Builds a likelihood for the images of a run from checked settings.
pub type BuildLikelihood = fn(&Settings, &PartRequest) -> Result<Box<dyn Likelihood>>;

/// The likelihood where none is named.
pub const DEFAULT: &str = "squared_error";

vimae_core::catalogue! {
    /// Every likelihood.
    pub static LIKELIHOODS: BuildLikelihood = "likelihood" in {
        bernoulli,
        continuous_bernoulli,
        discretised_logistic,
        discretised_logistic_mixture,
        gaussian,
        laplace,
        squared_error,
    }
}
