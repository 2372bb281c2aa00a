//! Pixels of the encoder's input set to one value at random: `z = f(m x + (1 - m) fill)`, `m ~ Bernoulli(1 - p)`.

use vimae_core::{Entry, Key, PixelNoise};

use super::{BuildNoise, pixels::Pixels};

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "pixel_mask",
    summary: "Random pixels of the encoder's input set to one value, while training",
    source: "Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008",
    keys: &[Key::number("p", 0.25, 0.0, 1.0, "share of the pixels"), Key::number("fill", 0.0, -1.0, 1.0, "their value, in pixel units")],
    build: |settings| {
        let noise = PixelNoise::Mask { p: settings.number("p")?, fill: settings.number("fill")? };
        Ok(Box::new(Pixels { name: "pixel_mask", noise }))
    },
};
