//! The beta-VAE with a weight above one on the rate: fewer nats, more independent code dimensions.
//!
//! Loss `a D + beta KL(q(z|x) || p(z))`, the distortion D and its weight a as in the VAE.

use vimae_core::{Entry, Key};

use crate::{
    BuildObjective,
    vae::{BetaVae, RECON_WEIGHT},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "beta_h_vae",
    summary: "The VAE with the rate weighted above one",
    source: "Higgins et al., beta-VAE, 2017; appendix of the VIMAE paper for beta_H",
    keys: &[RECON_WEIGHT, Key::number("beta", 10.0, 1.0, 1e6, "weight of the rate; the paper takes 10 (MNIST, Omniglot) or 100")],
    build: |settings| {
        Ok(Box::new(BetaVae { name: "beta_h_vae", recon_weight: settings.number("recon_weight")?, beta: settings.number("beta")? }))
    },
};
