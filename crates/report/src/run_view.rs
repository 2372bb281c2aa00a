//! A finished run as pages and curves see it.

use std::path::PathBuf;

use vimae_spec::RunRecord;

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// What it left.
    pub record: RunRecord,
    /// Where its images and its log are. Not shown.
    pub folder: PathBuf,
    /// The command that repeats it.
    pub command: String,
    /// Images that it was trained on, where that is known.
    pub train_images: Option<usize>,
    /// As in [`Observation`](crate::Observation).
    pub unsettled: Option<u64>,
}
