//! The regularised autoencoder: a deterministic code kept small, and a decoder kept smooth in place of noise,
//! `a D + code_weight E |z|^2 / 2 + decoder_weight |theta|^2`, theta the decoder's weights without biases and batch norm.
//!
//! No prior shapes the codes while it trains. A Gaussian mixture fitted to the training codes afterwards, the ex-post
//! density, is what it generates from (Ghosh et al. 2020, sections 3 and 4).

use vimae_core::{EncoderNoise, Entry, Head, Loss, Objective, Pass, Result, settings::Schema};

use crate::{BuildObjective, distortion};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "rae",
    summary: "Distortion plus L2 penalties on code and decoder; samples from a density fitted after training",
    source: "Ghosh et al., From Variational to Deterministic Autoencoders, 2020, equations 5 to 7",
    settings: Schema::of::<Rae>,
    build: |settings| Ok(Box::new(settings.read::<Rae>()?)),
};

vimae_core::settings! {
    /// `recon_weight * D + code_weight * |z|^2 / 2 + decoder_weight * |theta|^2`.
    pub struct Rae {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
        /// weight of half the squared norm of the code, mean over the batch
        pub code_weight: f64 = 0.01, from 0.0, to 1e6;
        /// weight of the sum of the decoder's squared weights
        pub decoder_weight: f64 = 1e-4, from 0.0, to 1e6;
        /// full-covariance components of the density fitted to the training codes
        pub components: usize = 10, from 1, to 256;
    }
}

impl Objective for Rae {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn equation(&self) -> &'static str {
        "a D + code_weight E |z|^2 / 2 + decoder_weight |theta_decoder|^2"
    }

    fn default_noise(&self) -> &'static str {
        "none"
    }

    fn refuses(&self, noise: &dyn EncoderNoise) -> Option<String> {
        (noise.code_head() == Head::Gaussian || noise.pixels().is_some())
            .then(|| "its penalties stand in the place of noise; take none".into())
    }

    fn ex_post(&self) -> Option<usize> {
        Some(self.components)
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        let code = (pass.z.sqr()?.sum(1)?.mean_all()? * 0.5)?;
        let mut decoder = code.zeros_like()?;
        for (name, weight) in pass.parameters.weights() {
            // Biases and batch norm are vectors.
            if name.starts_with("decoder.") && weight.rank() > 1 {
                decoder = (decoder + weight.sqr()?.sum_all()?)?;
            }
        }
        let total = (((&distortion * self.recon_weight)? + (&code * self.code_weight)?)? + (&decoder * self.decoder_weight)?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), ("code_norm", code), ("decoder_norm", decoder)] })
    }
}
