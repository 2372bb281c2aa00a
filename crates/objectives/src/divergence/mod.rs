//! Differentiable divergences between codes and prior, by name.

use vimae_core::{Divergence, Result, Settings};

/// Makes a divergence from its checked settings.
pub type BuildDivergence = fn(&Settings) -> Result<Box<dyn Divergence>>;

vimae_core::catalogue! {
    /// Every divergence.
    pub static DIVERGENCES: BuildDivergence = "divergence" in {
        mmd_imq,
    }
}
