//! A Gaussian head: `z = mean(x) + exp(log_var(x) / 2) eps`, `eps ~ N(0, I)`, the reparameterisation trick.

use vimae_core::{EncoderNoise, Entry, Head, NoSettings, settings::Schema};

use super::BuildNoise;

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "gaussian_head",
    summary: "A diagonal Gaussian code whose variance the encoder learns",
    source: "Kingma & Welling, Auto-Encoding Variational Bayes, 2014",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(GaussianHead)),
};

/// Mean and log-variance from the network, as they are.
#[derive(Debug, Clone, Copy)]
pub struct GaussianHead;

impl EncoderNoise for GaussianHead {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn network_head(&self) -> Head {
        Head::Gaussian
    }
}
