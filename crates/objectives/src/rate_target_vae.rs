//! The VAE held at a target rate: `a D + beta |R0 - rate|`, equation 4 of the paper.

use vimae_core::{Entry, Loss, Objective, Pass, Result, settings::Schema};

use crate::{BuildObjective, distortion};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "rate_target_vae",
    summary: "Distortion plus the distance of the rate from a target",
    source: "Equation 4 of the VIMAE paper; Burgess et al., Understanding disentangling in beta-VAE, 2018",
    settings: Schema::of::<RateTargetVae>,
    build: |settings| Ok(Box::new(settings.read::<RateTargetVae>()?)),
};

vimae_core::settings! {
    /// `recon_weight * D + beta * |r0 - rate|`.
    pub struct RateTargetVae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of |R0 - rate|
        pub beta: f64 = 1.0, from 0.0, to 1e6;
        /// the target rate R0 in nats
        pub r0: f64 = 25.0, from 0.0, to 1e6;
    }
}

impl Objective for RateTargetVae {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn equation(&self) -> &'static str {
        "a D + beta |R0 - rate|, rate = E KL(q(z|x) || p(z))"
    }

    fn default_noise(&self) -> &'static str {
        "gaussian_head"
    }

    fn needs_rate(&self) -> bool {
        true
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        let rate = pass.prior.rate_at(pass.code, pass.z)?.mean_all()?;
        let off_target = ((&rate * -1.0)? + self.r0)?.abs()?;
        let total = ((&distortion * self.recon_weight)? + (off_target * self.beta)?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), ("rate", rate)] })
    }
}
