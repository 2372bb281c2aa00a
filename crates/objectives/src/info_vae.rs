//! The InfoVAE: mutual information and distance to the prior weighed apart.
//!
//! From `a D + alpha I_q + lambda KL(q(z) || p)` and `rate = I_q + KL(q(z) || p)`:
//! loss `a D + alpha rate + (lambda - alpha) MMD(q(z), p)`, the MMD in place of the second divergence
//! (Zhao et al. 2017, equation 7, in this parametrisation).

use vimae_core::{Divergence, Entry, Head, Key, Loss, Objective, Pass, Result};

use crate::{BuildObjective, distortion::sum_of_squares, divergence::mmd_imq::MmdImq, vae::RECON_WEIGHT};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "info_vae",
    summary: "The VAE with mutual information and divergence from the prior weighed apart",
    source: "Zhao, Song & Ermon, InfoVAE, 2017; section 4 of the VIMAE paper",
    keys: &[
        RECON_WEIGHT,
        Key::number("alpha", 0.0, 0.0, 1e6, "weight of the mutual information I_q"),
        Key::number("lambda", 10.0, 0.0, 1e6, "weight of the divergence of q(z) from the prior"),
    ],
    build: |settings| {
        Ok(Box::new(InfoVae {
            recon_weight: settings.number("recon_weight")?,
            alpha: settings.number("alpha")?,
            lambda: settings.number("lambda")?,
        }))
    },
};

/// `recon_weight * D + alpha * rate + (lambda - alpha) * MMD`.
#[derive(Debug, Clone)]
pub struct InfoVae {
    /// Weight of the distortion.
    pub recon_weight: f64,
    /// Weight of the mutual information.
    pub alpha: f64,
    /// Weight of the divergence of q(z) from the prior.
    pub lambda: f64,
}

impl Objective for InfoVae {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn head(&self) -> Head {
        Head::Gaussian
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = sum_of_squares(pass.images, pass.output)?;
        let rate = pass.prior.rate(pass.code)?.mean_all()?;
        let mmd = MmdImq.estimate(pass.z, pass.prior_sample)?;
        let total = (((&distortion * self.recon_weight)? + (&rate * self.alpha)?)? + (&mmd * (self.lambda - self.alpha))?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), ("rate", rate), ("mmd", mmd)] })
    }
}
