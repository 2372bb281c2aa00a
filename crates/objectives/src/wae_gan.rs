//! The Wasserstein autoencoder with a discriminator on codes, in effect the adversarial autoencoder:
//! `a D + lambda JS(q(z), p(z))`.
//!
//! Section 4 of the paper: equation 7 with a Jensen-Shannon divergence needs a network that tells codes from draws of the
//! prior. The divergence brings that network; the trainer gives it an optimiser of its own.

use vimae_core::{Divergence, Entry, Error, Loss, Objective, Pass, Result};

use crate::{
    BuildObjective,
    vimae_n::{KEYS, Vimae},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "wae_gan",
    summary: "Distortion plus what a discriminator on codes finds between them and the prior",
    source: "Makhzani et al., Adversarial Autoencoders, 2015; Tolstikhin et al., Wasserstein Auto-Encoders, 2018, algorithm 1",
    keys: KEYS,
    build: |settings| Ok(Box::new(WaeGan(Vimae::new("wae_gan", "normal", settings)?))),
};

/// A VIMAE whose divergence learns.
#[derive(Debug, Clone)]
pub struct WaeGan(Vimae);

impl Objective for WaeGan {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn equation(&self) -> &'static str {
        "a D + lambda JS(q(z), p(z)), the divergence by a discriminator that trains beside it"
    }

    fn default_noise(&self) -> &'static str {
        "none"
    }

    fn default_divergence(&self) -> Option<&'static str> {
        Some("adversarial_js")
    }

    fn refuses_divergence(&self, divergence: &dyn Divergence) -> Option<String> {
        divergence.parameters().is_none().then(|| "it needs one with a discriminator of its own; others go with vimae_n".into())
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        if pass.divergence.is_none() {
            return Err(Error::Unsupported {
                what: "objective \"wae_gan\" without a divergence".into(),
                reason: "its discriminator is a part of its own that the run must build".into(),
            });
        }
        self.0.loss(pass)
    }
}
