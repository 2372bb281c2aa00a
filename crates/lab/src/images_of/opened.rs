//! A set of images that is open, and the errors of those who read it.

use vimae_datasets::PassedOver;
use vimae_metrics::images::ImageSource;

/// A set of images by what the user called it.
pub(crate) struct Opened {
    pub(crate) images: Box<dyn ImageSource>,
    /// In words: a folder of images, samples of a run ...
    pub(crate) kind: String,
    /// Files that were left out, and why.
    pub(crate) broken: Vec<(String, String)>,
    /// What lies beside the images, by kind.
    pub(crate) passed_over: PassedOver,
    /// The name of each, where they are files: its path below the folder or in the archive.
    pub(crate) names: Vec<String>,
    /// The label of each, where a data set has them.
    pub(crate) labels: Option<Vec<u32>>,
}

impl Opened {
    pub(super) fn whole(images: impl ImageSource + 'static, kind: String) -> Self {
        Self { images: Box::new(images), kind, broken: Vec::new(), passed_over: PassedOver::default(), names: Vec::new(), labels: None }
    }
}

/// An error of a metric inside of a reader, and out of it again.
pub(super) fn inward(error: vimae_core::Error) -> vimae_datasets::Error {
    error.into()
}

pub(super) fn outward(error: vimae_datasets::Error) -> vimae_core::Error {
    match error {
        vimae_datasets::Error::Core(inner) => *inner,
        other => vimae_core::Error::Data(other.to_string()),
    }
}
