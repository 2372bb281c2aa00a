//! The beta-VAE with a weight below one on the rate: more nats through the code.
//!
//! Loss `a D + beta KL(q(z|x) || p(z))`, the distortion D and its weight a as in the VAE.

use vimae_core::{Entry, settings::Schema};

use crate::{BuildObjective, vae::BetaVae};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "beta_a_vae",
    summary: "The VAE with the rate weighted below one",
    source: "Alemi et al., Fixing a Broken ELBO, 2018; appendix of the VIMAE paper for beta_A",
    settings: Schema::of::<BetaAVae>,
    build: |settings| {
        let BetaAVae { recon_weight, beta } = settings.read()?;
        Ok(Box::new(BetaVae { name: settings.name(), recon_weight, beta }))
    },
};

vimae_core::settings! {
    /// The settings of the beta_A-VAE.
    pub struct BetaAVae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of the rate; the paper takes 0.2 (MNIST, Omniglot) or 0.4
        pub beta: f64 = 0.2, from 0.0, to 1.0;
    }
}
