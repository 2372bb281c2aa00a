//! What codes are drawn from in generation, once a network is trained.

use vimae_spec::Protocol;

use crate::{Prior, Result};

/// A way to draw codes after training: from the prior, or from a density fitted to the codes of the training images.
pub trait Sampler: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// How protocols name the density, behind a `+`; none where codes are drawn from the prior itself.
    fn protocol(&self) -> Option<Protocol>;

    /// The density of codes of `size` dimensions, row by row, in 64 bits; a function of the codes alone. None where codes are drawn
    /// from the prior itself. Its [`Prior::density`] has it in numbers.
    ///
    /// # Errors
    /// Where there are too few codes, or one is not finite.
    fn fit(&self, codes: &[f64], size: usize) -> Result<Option<Box<dyn Prior>>>;
}
