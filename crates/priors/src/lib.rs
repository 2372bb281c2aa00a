#![doc = include_str!("../README.md")]

mod factorial;
mod fitted;
mod flow;
mod flow_fit;
pub mod matching;
mod mixture;
mod mixture_density;
mod mixture_line;
mod moment;
mod quadrature;
mod quantile;
pub mod sampler;

pub use factorial::{Factorial, Law};
pub use fitted::FittedMixture;
pub use flow::FittedFlow;
pub use matching::Match;
pub use mixture::Mixture;
pub use vimae_core::Prior;

/// Makes a prior from its checked settings and what the run asks of it.
pub type BuildPrior = fn(&vimae_core::Settings, &vimae_core::PartRequest) -> vimae_core::Result<Box<dyn vimae_core::Prior>>;

vimae_core::catalogue! {
    /// Every prior.
    pub static PRIORS: BuildPrior = "prior" in {
        generalised_normal,
        laplace,
        logistic,
        mixture_of_gaussians,
        normal,
        student_t,
        uniform,
        vamp,
    }
}
