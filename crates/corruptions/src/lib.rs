#![doc = include_str!("../README.md")]

mod normal;

use serde_json::{Map, Value};
use vimae_core::{Corruption, Result, Settings};

/// Makes a corruption from its checked settings.
pub type BuildCorruption = fn(&Settings) -> Result<Box<dyn Corruption>>;

vimae_core::catalogue! {
    /// Every corruption.
    pub static CORRUPTIONS: BuildCorruption = "corruption" in {
        clipped,
        gaussian,
        mask,
        truncated,
    }
}

/// Makes the corruption `name` with the given settings over its defaults.
///
/// # Errors
/// For an unknown name or setting, or a value out of range; the message says what there is.
pub fn build(name: &str, given: &Map<String, Value>) -> Result<Box<dyn Corruption>> {
    let entry = CORRUPTIONS.find(name)?;
    (entry.build)(&Settings::check(CORRUPTIONS.kind, entry.name, entry.keys, given)?)
}

#[cfg(test)]
mod tests;
