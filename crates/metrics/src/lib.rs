#![doc = include_str!("../README.md")]

pub mod classifier;
pub mod controls;
mod digest;
pub mod features;
pub mod fid;
pub mod gaussian;
pub mod inception;
pub mod inception_score;
mod inner;
pub mod kid;
mod linear;
pub mod pictures;
pub mod prdc;
mod pth;
pub mod resize;
mod summary;

pub use summary::Summary;

/// Makes a metric from its checked settings.
pub type BuildMetric = fn(&vimae_core::Settings) -> vimae_core::Result<Box<dyn vimae_core::Metric>>;

vimae_core::catalogue! {
    /// Every metric.
    pub static METRICS: BuildMetric = "metric" in {
        fid_classifier,
        mmd,
        nll,
        rate,
        reconstruction,
    }
}
