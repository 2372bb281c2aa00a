#![doc = include_str!("../README.md")]

mod factorial;
mod fitted;
mod quadrature;

pub use factorial::{Factorial, Law};
pub use fitted::FittedMixture;

/// Makes a prior from its checked settings and what the run asks of it.
pub type BuildPrior = fn(&vimae_core::Settings, &vimae_core::PartRequest) -> vimae_core::Result<Box<dyn vimae_core::Prior>>;

vimae_core::catalogue! {
    /// Every prior.
    pub static PRIORS: BuildPrior = "prior" in {
        logistic,
        normal,
    }
}
