//! The InfoVAE: mutual information and distance to the prior weighted separately.
//!
//! From `a D + alpha I_q + lambda KL(q(z) || p)` and `rate = I_q + KL(q(z) || p)`:
//! loss `a D + alpha rate + (lambda - alpha) divergence(q(z), p)`, an estimate on samples in place of the second
//! divergence (Zhao et al. 2017, equation 7, in this parametrisation).
//!
//! Below alpha the weight of the divergence is negative and the loss rewards codes that lie far from the prior: refused.
//! Other code counts from the other end: pythae's alpha is one minus this one (docs/coming-from-pythae.md).
//!
//! Alpha = lambda = 1 is the VAE, alpha = lambda = b its beta family, alpha = 0 the VIMAE, which takes any noise.

use vimae_core::{Divergence, Entry, Error, Loss, Objective, Pass, Result, settings::Schema};

use crate::{BuildObjective, distortion, vimae_n::divergence};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "info_vae",
    summary: "The VAE with mutual information and divergence from the prior weighted separately",
    source: "Zhao, Song & Ermon, InfoVAE, 2017; section 4 of the VIMAE paper",
    settings: Schema::of::<InfoVae>,
    build: |settings| Ok(Box::new(settings.read::<InfoVae>()?)),
};

vimae_core::settings! {
    /// `recon_weight * D + alpha * rate + (lambda - alpha) * divergence`.
    pub struct InfoVae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of the mutual information I_q
        pub alpha: f64 = 0.0, from 0.0, to 1e6;
        /// weight of the divergence of q(z) from the prior; alpha or more
        pub lambda: f64 = 10.0, from 0.0, to 1e6;
    }
}

impl Objective for InfoVae {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn equation(&self) -> &'static str {
        "a D + alpha rate + (lambda - alpha) divergence(q(z), p), rate = E KL(q(z|x) || p(z))"
    }

    fn default_noise(&self) -> &'static str {
        "gaussian_head"
    }

    fn needs_rate(&self) -> bool {
        self.alpha > 0.0
    }

    fn default_divergence(&self) -> Option<&'static str> {
        Some("mmd_imq")
    }

    fn refuses_divergence(&self, _: &dyn Divergence) -> Option<String> {
        (self.lambda < self.alpha).then(|| {
            format!(
                "its weight lambda - alpha = {} - {} is negative, so that the loss would reward codes far from the prior; take lambda of {} or \
                 more (pythae's alpha is one minus this one)",
                self.lambda, self.alpha, self.alpha
            )
        })
    }

    fn takes_rate_rule(&self) -> bool {
        self.alpha > 0.0
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        let mut total = (&distortion * self.recon_weight)?;
        let mut terms = vec![("distortion", distortion)];
        match pass.rates() {
            Ok([rate, counted]) => {
                total = (total + (counted * self.alpha)?)?;
                terms.push(("rate", rate));
            }
            // Without a weight the rate is for the log alone, and may not exist.
            Err(Error::Unsupported { .. }) if self.alpha == 0.0 => {}
            Err(error) => return Err(error),
        }
        let divergence = divergence(pass);
        let apart = divergence.estimate(pass.z, pass.prior_sample)?;
        total = (total + (&apart * (self.lambda - self.alpha))?)?;
        terms.push((divergence.term(), apart));
        Ok(Loss { total, terms })
    }
}
