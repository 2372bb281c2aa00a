//! The uncertainty autoencoder: `a D` through codes with Gaussian noise of fixed size, `z = f(x) + std eps`.
//!
//! For that channel it maximises a variational lower bound of the information between image and noisy code (Grover &
//! Ermon 2018). No prior holds the codes, which may grow until the noise matters little.

use vimae_core::{EncoderNoise, Entry, Head, settings::Schema};

use crate::{
    BuildObjective,
    plain_ae::{DistortionAlone, Weight},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "uncertainty_ae",
    summary: "Distortion alone, through codes with Gaussian noise of fixed size",
    source: "Grover & Ermon, Uncertainty Autoencoders, 2018; section 4 of the VIMAE paper",
    settings: Schema::of::<Weight>,
    build: |settings| {
        let refusal = |noise: &dyn EncoderNoise| {
            let fixed = noise.code_head() == Head::Gaussian && noise.network_head() == Head::Deterministic;
            (!fixed).then(|| "its channel is Gaussian noise of fixed size on the code; take gaussian_fixed, or objective plain_ae".into())
        };
        Ok(Box::new(DistortionAlone::new("gaussian_fixed", settings, refusal)?))
    },
};
