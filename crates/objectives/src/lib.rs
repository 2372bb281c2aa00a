#![doc = include_str!("../README.md")]

pub mod distortion;
pub mod divergence;
mod functional;
mod gaussian;
pub mod likelihood;
pub mod noise;

pub use functional::{elbo, gaussian_rate, info_vae, mmd};

use vimae_core::{EncoderNoise, Objective, Result, Settings};

/// Makes an objective from its checked settings.
pub type BuildObjective = fn(&Settings) -> Result<Box<dyn Objective>>;

vimae_core::catalogue! {
    /// Every objective.
    pub static OBJECTIVES: BuildObjective = "objective" in {
        beta_a_vae,
        beta_h_vae,
        denoising_ae,
        info_vae,
        iwae,
        plain_ae,
        rae,
        rate_target_vae,
        tc_vae,
        uncertainty_ae,
        vae,
        vimae_l,
        vimae_n,
        wae_gan,
    }
}

/// The encoder noise that an objective takes where the experiment names none, with its defaults.
///
/// # Errors
/// Where the objective names a noise that does not exist.
pub fn default_noise(objective: &dyn Objective) -> Result<Box<dyn EncoderNoise>> {
    noise::NOISES.build(objective.default_noise(), &serde_json::Map::new())
}
