//! Codes drawn from the prior itself: what a model says that its codes are distributed as.

use vimae_core::{Entry, NoSettings, Prior, Result, Sampler, likelihood::Protocol, settings::Schema};

use super::BuildSampler;

/// The catalogue entry.
pub const ENTRY: Entry<BuildSampler> = Entry {
    name: "prior",
    summary: "Codes drawn from the prior",
    source: "Kingma & Welling, Auto-Encoding Variational Bayes, 2014",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(FromPrior)),
};

/// The prior itself.
#[derive(Debug, Clone, Copy)]
pub struct FromPrior;

impl Sampler for FromPrior {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn protocol(&self) -> Option<Protocol> {
        None
    }

    fn fit(&self, _: &[f64], _: usize) -> Result<Option<Box<dyn Prior>>> {
        Ok(None)
    }
}
