//! Differentiable divergences between codes and prior, by name.

use vimae_core::{Divergence, PartRequest, Result, Settings};

/// Makes a divergence from its checked settings and what the run asks of it.
pub type BuildDivergence = fn(&Settings, &PartRequest) -> Result<Box<dyn Divergence>>;

vimae_core::catalogue! {
    /// Every divergence.
    pub static DIVERGENCES: BuildDivergence = "divergence" in {
        mmd_imq,
    }
}
