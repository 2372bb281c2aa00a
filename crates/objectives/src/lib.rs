#![doc = include_str!("../README.md")]

pub mod distortion;
pub mod divergence;

use vimae_core::{Objective, Result, Settings};

/// Makes an objective from its checked settings.
pub type BuildObjective = fn(&Settings) -> Result<Box<dyn Objective>>;

vimae_core::catalogue! {
    /// Every objective.
    pub static OBJECTIVES: BuildObjective = "objective" in {
        beta_a_vae,
        beta_h_vae,
        info_vae,
        rate_target_vae,
        vae,
        vimae_l,
        vimae_n,
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
