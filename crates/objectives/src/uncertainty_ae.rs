//! The uncertainty autoencoder: `a D` through codes with Gaussian noise of fixed size, `z = f(x) + std eps`.
//!
//! For that channel it maximises a variational lower bound of the information between image and noisy code (Grover &
//! Ermon 2018). No prior holds the codes, which may grow until the noise matters little.

use vimae_core::{Entry, Head};

use crate::{BuildObjective, plain_ae::DistortionAlone, vae::RECON_WEIGHT};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "uncertainty_ae",
    summary: "Distortion alone, through codes with noise of fixed size",
    source: "Grover & Ermon, Uncertainty Autoencoders, 2018; section 4 of the VIMAE paper",
    keys: &[RECON_WEIGHT],
    build: |settings| {
        Ok(Box::new(DistortionAlone::new("uncertainty_ae", "gaussian_fixed", settings.number("recon_weight")?, |noise| {
            let fixed = noise.code_head() == Head::Gaussian && noise.network_head() == Head::Deterministic;
            (!fixed).then(|| "its channel is Gaussian noise of fixed size on the code; take gaussian_fixed, or objective plain_ae".into())
        })))
    },
};
