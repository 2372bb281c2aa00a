#![doc = include_str!("../README.md")]

pub mod bridge;
mod cholesky;
pub mod controls;
pub mod hmc;
pub mod laplace;
pub mod likelihood;
pub mod log_mean;
pub mod noise_scale;
mod posterior;
mod summary;

pub use summary::Summary;

/// Makes a metric from its checked settings.
pub type BuildMetric = fn(&vimae_core::Settings) -> vimae_core::Result<Box<dyn vimae_core::Metric>>;

vimae_core::catalogue! {
    /// Every metric.
    pub static METRICS: BuildMetric = "metric" in {
        ais,
        divergence,
        information,
        iwae,
        mmd,
        nll,
        rate,
        reconstruction,
    }
}
