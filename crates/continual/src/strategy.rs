//! Strategies against forgetting.

use vimae_core::Settings;

use crate::Strategy;

/// Makes a strategy from its checked settings.
pub type BuildStrategy = fn(&Settings) -> vimae_core::Result<Box<dyn Strategy>>;

vimae_core::catalogue! {
    /// Every strategy.
    pub static STRATEGIES: BuildStrategy = "strategy" in {
        elastic,
        fine_tune,
        generative_replay,
        replay,
    }
}
