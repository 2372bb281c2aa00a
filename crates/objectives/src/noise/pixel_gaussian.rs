//! Normal noise on the encoder's input, without bound: `z = f(x + v)`, `v ~ N(0, std^2)`.

use vimae_core::{Entry, Key, PixelNoise};

use super::{BuildNoise, pixels::Pixels};

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "pixel_gaussian",
    summary: "Gaussian pixel noise while training",
    source: "Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008",
    keys: &[Key::number("std", 0.3, 0.0, 10.0, "standard deviation, in pixel units")],
    build: |settings| {
        let noise = PixelNoise::Gaussian(settings.number("std")?);
        Ok(Box::new(Pixels { name: "pixel_gaussian", noise }))
    },
};
