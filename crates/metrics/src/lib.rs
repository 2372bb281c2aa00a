#![doc = include_str!("../README.md")]

pub mod batch_norm;
mod bounds;
pub mod bridge;
mod chosen_likelihood;
pub mod classifier;
mod digest;
mod distance;
pub mod features;
mod functional;
pub mod gaussian;
pub mod hmc;
pub mod images;
pub mod importance;
pub mod inception;
pub mod inception_score;
mod inner;
pub mod judge;
pub mod kid;
pub mod laplace;
pub mod likelihood;
mod linear;
pub mod noise_scale;
mod posterior;
pub mod prdc;
mod pth;
pub mod resize;
mod screen;
mod summary;
mod training;

pub use functional::{frechet_distance, kid, precision_recall};
pub use summary::Summary;

/// Makes a metric from its checked settings.
pub type BuildMetric = fn(&vimae_core::Settings) -> vimae_core::Result<Box<dyn vimae_core::Metric>>;

vimae_core::catalogue! {
    /// Every metric.
    pub static METRICS: BuildMetric = "metric" in {
        accuracy,
        adversarial,
        ais,
        divergence,
        fid,
        fid_classifier,
        information,
        iwae,
        mmd,
        nll,
        rate,
        reconstruction,
    }
}
