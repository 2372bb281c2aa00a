//! The importance-weighted autoencoder: `-E log 1/K sum_k exp(-a D_k + log p(z_k) - log q(z_k|x))` over `K` draws of
//! each image's code.
//!
//! With `K = 1` it is the VAE, its rate by the drawn code; with growing `K` the bound rises to the log evidence (Burda et
//! al. 2016, equation 8 and theorem 1). Batch norm in the decoder sees all `K N` codes together.

use vimae_core::{Entry, Loss, Objective, Pass, Result, numerics::log_sum_exp_over, settings::Schema};

use crate::{BuildObjective, distortion, gaussian::log_density};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "iwae",
    summary: "The evidence lower bound tightened by several draws of the code",
    source: "Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016",
    settings: Schema::of::<Iwae>,
    build: |settings| Ok(Box::new(settings.read::<Iwae>()?)),
};

vimae_core::settings! {
    /// The bound by `samples` draws.
    pub struct Iwae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// draws K of each image's code
        pub samples: usize = 5, from 1, to 256;
    }
}

impl Objective for Iwae {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn equation(&self) -> &'static str {
        "-E log 1/K sum_k exp(-a D_k + log p(z_k) - log q(z_k|x)), z_k ~ q(z|x)"
    }

    fn default_noise(&self) -> &'static str {
        "gaussian_head"
    }

    fn needs_rate(&self) -> bool {
        true
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortions = distortion::of_each(pass)?;
        let rates = (log_density(pass.z, pass.code)? - pass.prior.log_density(pass.z)?)?;
        let weights = ((&distortions * self.recon_weight)? + &rates)?.neg()?.reshape((self.samples, pass.images.dim(0)?))?;
        let evidence = (log_sum_exp_over(&weights, 0)? - (self.samples as f64).ln())?;
        let total = evidence.mean_all()?.neg()?;
        Ok(Loss { total, terms: vec![("distortion", distortions.mean_all()?), ("rate", rates.mean_all()?)] })
    }
}
