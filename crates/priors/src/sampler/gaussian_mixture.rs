//! Codes drawn from a mixture of Gaussians with full covariances, fitted to the training images' codes by expectation
//! maximisation.

use vimae_core::{Entry, Prior, Result, Sampler, likelihood::Protocol, settings::Schema};

use super::BuildSampler;
use crate::FittedMixture;

/// The catalogue entry.
pub const ENTRY: Entry<BuildSampler> = Entry {
    name: "gaussian_mixture",
    summary: "Codes drawn from a mixture of Gaussians fitted to the training codes",
    source: "Ghosh et al., From Variational to Deterministic Autoencoders, 2020, section 4",
    settings: Schema::of::<Components>,
    build: |settings| Ok(Box::new(settings.read::<Components>()?)),
};

vimae_core::settings! {
    /// The settings of the mixture.
    pub struct Components {
        /// full-covariance components
        pub components: usize = 10, from 1, to 256;
    }
}

impl Sampler for Components {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn protocol(&self) -> Option<Protocol> {
        Some(Protocol::new("ex_post").with("components", self.components))
    }

    fn fit(&self, codes: &[f64], size: usize) -> Result<Option<Box<dyn Prior>>> {
        Ok(Some(Box::new(FittedMixture::fit(codes, size, self.components)?)))
    }
}
