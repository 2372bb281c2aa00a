//! The Variational InfoMax AutoEncoder with a normal prior.
//!
//! Maximises the information that the code carries while q(z) is held at the prior: loss
//! `a D + lambda divergence(q(z), p(z))` (section 3 of the paper; the Wasserstein autoencoder of Tolstikhin et al. 2018
//! in form). The paper's encoder is deterministic but for noise on its input; any encoder noise can take its place.

use vimae_core::{Divergence, Entry, Loss, Objective, Pass, Result, Settings, settings::Schema};

use crate::{BuildObjective, distortion, divergence::mmd_imq::MmdImq};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "vimae_n",
    summary: "Distortion plus the divergence of the codes from a normal prior, with noise on the encoder's input",
    source: "The Variational InfoMax AutoEncoder, section 3 and appendix",
    settings: Schema::of::<Weights>,
    build: |settings| Ok(Box::new(Vimae::new("normal", settings)?)),
};

vimae_core::settings! {
    /// The weights of every VIMAE.
    pub struct Weights {
        /// weight a of the distortion
        pub recon_weight: f64 = 0.05, from 0.0, to 1e6;
        /// weight of the divergence; the paper takes 10 (MNIST, Omniglot) or 100
        pub lambda: f64 = 10.0, from 0.0, to 1e6;
    }
}

/// `recon_weight * D + lambda * divergence`.
#[derive(Debug, Clone)]
pub struct Vimae {
    name: &'static str,
    prior: &'static str,
    weights: Weights,
}

impl Vimae {
    pub(crate) fn new(prior: &'static str, settings: &Settings) -> Result<Self> {
        Ok(Self { name: settings.name(), prior, weights: settings.read()? })
    }
}

/// The divergence of a pass; the paper's where the pass brings none.
pub(crate) fn divergence<'a>(pass: &Pass<'a>) -> &'a dyn Divergence {
    pass.divergence.unwrap_or(&MmdImq)
}

impl Objective for Vimae {
    fn name(&self) -> &str {
        self.name
    }

    fn equation(&self) -> &'static str {
        "a D + lambda divergence(q(z), p(z))"
    }

    fn default_noise(&self) -> &'static str {
        "pixel_truncated"
    }

    fn default_prior(&self) -> &'static str {
        self.prior
    }

    fn default_divergence(&self) -> Option<&'static str> {
        Some("mmd_imq")
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        let divergence = divergence(pass);
        let apart = divergence.estimate(pass.z, pass.prior_sample)?;
        let total = ((&distortion * self.weights.recon_weight)? + (&apart * self.weights.lambda)?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), (divergence.term(), apart)] })
    }
}
