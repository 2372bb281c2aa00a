#![doc = include_str!("../README.md")]

pub mod distortion;
pub mod divergence;
mod gaussian;
pub mod noise;

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

/// Makes the objective `name` with the given settings over its defaults.
///
/// # Errors
/// For an unknown name or setting, or a value out of range; the message says what there is.
pub fn build(name: &str, given: &serde_json::Map<String, serde_json::Value>) -> Result<Box<dyn Objective>> {
    let entry = OBJECTIVES.find(name)?;
    (entry.build)(&Settings::check(OBJECTIVES.kind, entry.name, entry.keys, given)?)
}

/// The encoder noise that an objective takes where the experiment names none, with its defaults.
///
/// # Errors
/// Where the objective names a noise that does not exist.
pub fn default_noise(objective: &dyn Objective) -> Result<Box<dyn EncoderNoise>> {
    noise::build(objective.default_noise(), &serde_json::Map::new())
}
