//! The denoising autoencoder: `a D` between the clean image and what comes of a corrupted one, `z = f(x + v)`.

use vimae_core::{EncoderNoise, Entry, settings::Schema};

use crate::{
    BuildObjective,
    plain_ae::{DistortionAlone, Weight},
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildObjective> = Entry {
    name: "denoising_ae",
    summary: "Distortion from the clean image, after encoding a corrupted one",
    source: "Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008",
    settings: Schema::of::<Weight>,
    build: |settings| {
        let refusal = |noise: &dyn EncoderNoise| {
            noise.pixels().is_none().then(|| {
                "there is nothing to remove without noise on the pixels; take pixel_gaussian or pixel_mask, or objective plain_ae".into()
            })
        };
        Ok(Box::new(DistortionAlone::new("pixel_gaussian", settings, refusal)?))
    },
};
