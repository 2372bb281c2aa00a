//! The variational autoencoder and its beta family.
//!
//! Loss: `a D + beta E KL(q(z|x) || p(z))`, the negative ELBO for `a = beta = 1` and a unit-variance
//! Gaussian decoder up to scale and constant (Kingma & Welling 2014; Higgins et al. 2017 for beta).

use vimae_core::{Entry, Loss, Objective, Pass, Result, settings::Schema};

use crate::{BuildObjective, distortion};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "vae",
    summary: "Distortion plus the rate: the evidence lower bound",
    source: "Kingma & Welling, Auto-Encoding Variational Bayes, 2014",
    settings: Schema::of::<Vae>,
    build: |settings| {
        let Vae { recon_weight, beta } = settings.read()?;
        Ok(Box::new(BetaVae { name: settings.name(), recon_weight, beta }))
    },
};

vimae_core::settings! {
    /// The settings of the VAE.
    pub struct Vae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of the rate in nats
        pub beta: f64 = 1.0, from 0.0, to 1e6;
    }
}

/// `recon_weight * D + beta * rate`.
#[derive(Debug, Clone)]
pub struct BetaVae {
    /// The name under which it stands in the catalogue.
    pub name: &'static str,
    /// Weight of the distortion.
    pub recon_weight: f64,
    /// Weight of the rate.
    pub beta: f64,
}

impl Objective for BetaVae {
    fn name(&self) -> &str {
        self.name
    }

    fn equation(&self) -> &'static str {
        "a D + beta KL(q(z|x) || p(z))"
    }

    fn default_noise(&self) -> &'static str {
        "gaussian_head"
    }

    fn needs_rate(&self) -> bool {
        true
    }

    fn takes_rate_rule(&self) -> bool {
        true
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        let [rate, counted] = pass.rates()?;
        let total = ((&distortion * self.recon_weight)? + (counted * self.beta)?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), ("rate", rate)] })
    }
}
