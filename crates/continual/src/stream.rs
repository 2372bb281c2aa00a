//! Streams: a data set cut into tasks that come one after another.

use std::sync::Arc;

use vimae_core::{Dataset, Settings};

use crate::{Result, Task};

/// Makes a stream from its checked settings.
pub type BuildStream = fn(&Settings) -> vimae_core::Result<Box<dyn Stream>>;

/// A rule that makes tasks of a data set.
pub trait Stream: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// The tasks, in the order in which they come: a function of the data set alone.
    ///
    /// # Errors
    /// Where the data set has too few classes, no groups, or not enough images. [`check`](crate::check) is asked
    /// beside it.
    fn tasks(&self, dataset: &Arc<dyn Dataset>) -> Result<Vec<Task>>;
}

vimae_core::catalogue! {
    /// Every stream.
    pub static STREAMS: BuildStream = "stream" in {
        alphabets,
        joint,
        rotated,
        split_classes,
    }
}
