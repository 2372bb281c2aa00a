//! What makes encoders random: one file for each kind of noise.

use vimae_core::{EncoderNoise, Result, Settings};

/// Makes an encoder noise from its checked settings.
pub type BuildNoise = fn(&Settings) -> Result<Box<dyn EncoderNoise>>;

mod pixels;

vimae_core::catalogue! {
    /// Every kind of encoder noise.
    pub static NOISES: BuildNoise = "noise" in {
        gaussian_fixed,
        gaussian_head,
        gaussian_head_bounded,
        none,
        pixel_clipped,
        pixel_gaussian,
        pixel_mask,
        pixel_truncated,
    }
}

/// Makes the noise `name` with the given settings over its defaults.
///
/// # Errors
/// For an unknown name or setting, or a value out of range; the message says what there is.
pub fn build(name: &str, given: &serde_json::Map<String, serde_json::Value>) -> Result<Box<dyn EncoderNoise>> {
    let entry = NOISES.find(name)?;
    (entry.build)(&Settings::check(NOISES.kind, entry.name, entry.keys, given)?)
}
