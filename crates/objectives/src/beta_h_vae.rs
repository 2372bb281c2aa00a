//! The beta-VAE with a weight above one on the rate: fewer nats, more independent code dimensions.
//!
//! Loss `a D + beta KL(q(z|x) || p(z))`, the distortion D and its weight a as in the VAE.

use vimae_core::{Entry, settings::Schema};

use crate::{BuildObjective, vae::BetaVae};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "beta_h_vae",
    summary: "The VAE with the rate weighted above one",
    source: "Higgins et al., beta-VAE, 2017; appendix of the VIMAE paper for beta_H",
    settings: Schema::of::<BetaHVae>,
    build: |settings| {
        let BetaHVae { recon_weight, beta } = settings.read()?;
        Ok(Box::new(BetaVae { name: settings.name(), recon_weight, beta }))
    },
};

vimae_core::settings! {
    /// The settings of the beta_H-VAE.
    pub struct BetaHVae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of the rate; the paper takes 10 (MNIST, Omniglot) or 100
        pub beta: f64 = 10.0, from 1.0, to 1e6;
    }
}
