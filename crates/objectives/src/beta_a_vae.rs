//! The beta-VAE with a weight below one on the rate: more nats through the code.
//!
//! Loss `a D + beta KL(q(z|x) || p(z))`, the distortion D and its weight a as in the VAE.

use vimae_core::{Entry, Key};

use crate::{
    BuildObjective,
    vae::{BetaVae, RECON_WEIGHT},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "beta_a_vae",
    summary: "The VAE with the rate weighted below one",
    source: "Alemi et al., Fixing a Broken ELBO, 2018; appendix of the VIMAE paper for beta_A",
    keys: &[RECON_WEIGHT, Key::number("beta", 0.2, 0.0, 1.0, "weight of the rate; the paper takes 0.2 (MNIST, Omniglot) or 0.4")],
    build: |settings| {
        Ok(Box::new(BetaVae { name: "beta_a_vae", recon_weight: settings.number("recon_weight")?, beta: settings.number("beta")? }))
    },
};
