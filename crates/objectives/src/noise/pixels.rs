//! A deterministic encoder that sees corrupted images while it trains: `pixel_NAME` for each corruption of the catalogue.

use vimae_core::{Corruption, EncoderNoise, Entry, Result, Settings};
use vimae_corruptions::CORRUPTIONS;

/// Makes an encoder noise from its checked settings.
pub type BuildNoise = fn(&Settings) -> Result<Box<dyn EncoderNoise>>;

/// What the name of a corruption is preceded by where it is an encoder noise.
const PREFIX: &str = "pixel_";

/// A corruption of the encoder's input; the distortion is taken against the clean image.
pub(crate) struct Pixels {
    pub(crate) name: &'static str,
    pub(crate) corruption: Option<Box<dyn Corruption>>,
}

impl EncoderNoise for Pixels {
    fn name(&self) -> &str {
        self.name
    }

    fn pixels(&self) -> Option<&dyn Corruption> {
        self.corruption.as_deref()
    }
}

/// The entries of all corruptions as encoder noise. Their names and summaries live as long as the process.
pub(super) fn entries() -> impl Iterator<Item = Entry<BuildNoise>> {
    let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    CORRUPTIONS.entries().into_iter().map(move |corruption| Entry {
        name: leaked(format!("{PREFIX}{}", corruption.name)),
        summary: leaked(format!("{}, on the encoder's input while training", corruption.summary)),
        source: corruption.source,
        settings: corruption.settings,
        build: build as BuildNoise,
    })
}

fn build(settings: &Settings) -> Result<Box<dyn EncoderNoise>> {
    let name = settings.name();
    let corruption = CORRUPTIONS.find(name.strip_prefix(PREFIX).unwrap_or(name))?;
    Ok(Box::new(Pixels { name, corruption: Some((corruption.build)(settings)?) }))
}
