//! Codes drawn from a Gaussian with the mean and the covariance of the training images' codes: the normal prior, moved and stretched
//! to where the codes are.

use vimae_core::{Entry, NoSettings, Prior, Result, Sampler, likelihood::Protocol, settings::Schema};

use super::BuildSampler;
use crate::FittedMixture;

/// The catalogue entry.
pub const ENTRY: Entry<BuildSampler> = Entry {
    name: "standardised",
    summary: "Codes drawn from a Gaussian with the mean and covariance of the training codes",
    source: "Ghosh et al., From Variational to Deterministic Autoencoders, 2020, section 4 (one component)",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Standardised)),
};

/// One Gaussian.
#[derive(Debug, Clone, Copy)]
pub struct Standardised;

impl Sampler for Standardised {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn protocol(&self) -> Option<Protocol> {
        Some(Protocol::new(ENTRY.name))
    }

    fn fit(&self, codes: &[f64], size: usize) -> Result<Option<Box<dyn Prior>>> {
        Ok(Some(Box::new(FittedMixture::fit(codes, size, 1)?)))
    }
}
