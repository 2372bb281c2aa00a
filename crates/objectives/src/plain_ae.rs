//! The autoencoder without a regulariser: `a D`, its capacity without bound.
//!
//! Section 4 of the paper: it maximises the information of the code over all codes, so that nothing is known of q(z) and
//! the images decoded from its prior mean little. Any encoder noise goes with it.

use vimae_core::{EncoderNoise, Entry, Loss, Objective, Pass, Result, Settings, settings::Schema};

use crate::{BuildObjective, distortion};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "plain_ae",
    summary: "Distortion alone: the unregularised autoencoder",
    source: "Baldi & Hornik, Neural networks and principal component analysis, 1989; section 4 of the VIMAE paper",
    settings: Schema::of::<Weight>,
    build: |settings| Ok(Box::new(DistortionAlone::new("none", settings, |_| None)?)),
};

vimae_core::settings! {
    /// The setting of the objectives that are distortion alone.
    pub struct Weight {
        /// weight a of the distortion
        pub recon_weight: f64 = 1.0, from 0.0, to 1e6;
    }
}

/// Why an encoder noise makes no sense, where it makes none.
type Refusal = fn(&dyn EncoderNoise) -> Option<String>;

/// `recon_weight * D`.
#[derive(Clone)]
pub(crate) struct DistortionAlone {
    name: &'static str,
    noise: &'static str,
    recon_weight: f64,
    refusal: Refusal,
}

impl DistortionAlone {
    pub(crate) fn new(noise: &'static str, settings: &Settings, refusal: Refusal) -> Result<Self> {
        let Weight { recon_weight } = settings.read()?;
        Ok(Self { name: settings.name(), noise, recon_weight, refusal })
    }
}

impl Objective for DistortionAlone {
    fn name(&self) -> &str {
        self.name
    }

    fn equation(&self) -> &'static str {
        "a D"
    }

    fn default_noise(&self) -> &'static str {
        self.noise
    }

    fn refuses(&self, noise: &dyn EncoderNoise) -> Option<String> {
        (self.refusal)(noise)
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let distortion = distortion::of(pass)?;
        Ok(Loss { total: (&distortion * self.recon_weight)?, terms: vec![("distortion", distortion)] })
    }
}
