//! The Variational InfoMax AutoEncoder with a normal prior.
//!
//! Maximises the information that the code carries while q(z) is held at the prior: loss
//! `a D + lambda divergence(q(z), p(z))` (section 3 of the paper; the Wasserstein autoencoder of Tolstikhin et al. 2018
//! in form). The paper's encoder is deterministic but for noise on its input; any encoder noise can take its place.

use vimae_core::{Divergence, Entry, Key, Loss, Objective, Pass, Result, Settings};

use crate::{BuildObjective, distortion::sum_of_squares, divergence::mmd_imq::MmdImq};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "vimae_n",
    summary: "Distortion plus the divergence of the codes from a normal prior, with noise on the encoder's input",
    source: "The Variational InfoMax AutoEncoder, section 3 and appendix",
    keys: KEYS,
    build: |settings| Ok(Box::new(Vimae::new("vimae_n", "normal", settings)?)),
};

/// The settings of every VIMAE.
pub(crate) const KEYS: &[Key] = &[
    Key::number("recon_weight", 0.05, 0.0, 1e6, "weight a of the sum of squared errors"),
    Key::number("lambda", 10.0, 0.0, 1e6, "weight of the divergence; the paper takes 10 (MNIST, Omniglot) or 100"),
];

/// `recon_weight * D + lambda * divergence`.
#[derive(Debug, Clone)]
pub struct Vimae {
    name: &'static str,
    prior: &'static str,
    recon_weight: f64,
    lambda: f64,
}

impl Vimae {
    pub(crate) fn new(name: &'static str, prior: &'static str, settings: &Settings) -> Result<Self> {
        Ok(Self { name, prior, recon_weight: settings.number("recon_weight")?, lambda: settings.number("lambda")? })
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
        let distortion = sum_of_squares(pass.images, pass.output)?;
        let divergence = divergence(pass);
        let apart = divergence.estimate(pass.z, pass.prior_sample)?;
        let total = ((&distortion * self.recon_weight)? + (&apart * self.lambda)?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), (divergence.term(), apart)] })
    }
}
