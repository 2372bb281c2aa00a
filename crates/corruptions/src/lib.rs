#![doc = include_str!("../README.md")]

mod normal;

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

#[cfg(test)]
mod tests;
