//! The Variational InfoMax AutoEncoder with a normal prior.
//!
//! Maximises the information that the code carries while q(z) is held at the prior: loss
//! `a D + lambda MMD(q(z), p(z))` with an encoder that is deterministic but for noise on its input
//! (section 3 of the paper; the Wasserstein autoencoder of Tolstikhin et al. 2018 in form).

use vimae_core::{Divergence, Entry, Head, Key, Loss, Objective, Pass, PixelNoise, Result, Settings};

use crate::{BuildObjective, distortion::sum_of_squares, divergence::mmd_imq::MmdImq};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "vimae_n",
    summary: "Distortion plus the MMD of the codes from a normal prior, with noise on the encoder's input",
    source: "The Variational InfoMax AutoEncoder, section 3 and appendix",
    keys: KEYS,
    build: |settings| Ok(Box::new(Vimae::new("vimae_n", "normal", settings)?)),
};

/// The settings of every VIMAE.
pub(crate) const KEYS: &[Key] = &[
    Key::number("recon_weight", 0.05, 0.0, 1e6, "weight a of the sum of squared errors"),
    Key::number("lambda", 10.0, 0.0, 1e6, "weight of the MMD; the paper takes 10 (MNIST, Omniglot) or 100"),
    Key::number("noise_std", 0.01, 0.0, 1.0, "standard deviation of the noise on the encoder's input, in pixel units"),
    Key::choice("noise", &["truncated", "clipped", "none"], "how that noise is bounded: redrawn beyond two standard deviations, clipped at one, or off"),
];

/// `recon_weight * D + lambda * MMD`.
#[derive(Debug, Clone)]
pub struct Vimae {
    name: &'static str,
    prior: &'static str,
    recon_weight: f64,
    lambda: f64,
    noise: PixelNoise,
}

impl Vimae {
    pub(crate) fn new(name: &'static str, prior: &'static str, settings: &Settings) -> Result<Self> {
        let std = settings.number("noise_std")?;
        let noise = match settings.choice("noise")?.as_str() {
            "truncated" => PixelNoise::Truncated(std),
            "clipped" => PixelNoise::Clipped(std),
            _ => PixelNoise::None,
        };
        Ok(Self { name, prior, recon_weight: settings.number("recon_weight")?, lambda: settings.number("lambda")?, noise })
    }
}

impl Objective for Vimae {
    fn name(&self) -> &str {
        self.name
    }

    fn head(&self) -> Head {
        Head::Deterministic
    }

    fn pixel_noise(&self) -> PixelNoise {
        self.noise
    }

    fn default_prior(&self) -> &'static str {
        self.prior
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = sum_of_squares(pass.images, pass.output)?;
        let mmd = MmdImq.estimate(pass.z, pass.prior_sample)?;
        let total = ((&distortion * self.recon_weight)? + (&mmd * self.lambda)?)?;
        Ok(Loss { total, terms: vec![("distortion", distortion), ("mmd", mmd)] })
    }
}
