//! What is wanted of a place.

use vimae_datasets::DeepGrayscale;

/// Which images of a place, and how files are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    /// The first so many.
    pub(crate) count: usize,
    /// Leave out images that cannot be decoded.
    pub(crate) skip_broken: bool,
    /// Grayscale files of 16 bits.
    pub(crate) deep: DeepGrayscale,
}
