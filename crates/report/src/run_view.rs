//! A finished run as pages and curves see it.

use std::path::PathBuf;

use vimae_spec::RunRecord;

use crate::artefact;

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// What it left.
    pub record: RunRecord,
    /// Where its images and its log are. Not shown.
    pub folder: PathBuf,
    /// Whether its weights are there. Of results that are kept they are not, nor are images that may not be passed on.
    pub has_weights: bool,
    /// The command that repeats it.
    pub command: String,
    /// Images that it was trained on, where that is known.
    pub train_images: Option<usize>,
    /// As in [`Observation`](crate::Observation).
    pub unsettled: Option<u64>,
}

impl RunView {
    /// Whether a file that its record names was left out where its results were kept: that is no damage.
    pub(crate) fn left_out(&self, name: &str) -> bool {
        !self.has_weights && artefact::is_missing(&self.folder, name)
    }
}
