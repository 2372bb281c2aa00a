//! Normal noise on the encoder's input, clipped at one standard deviation: `z = f(x + v)`, `|v| <= std`.
//!
//! The other reading of "pixel-wise Gaussian noise truncated at 0.01" (appendix of the paper).

use vimae_core::{Entry, Key, PixelNoise};

use super::{BuildNoise, pixels::Pixels};

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "pixel_clipped",
    summary: "Pixel noise clipped at one standard deviation, while training",
    source: "Appendix of the VIMAE paper",
    keys: &[Key::number("std", 0.01, 0.0, 1.0, "standard deviation, in pixel units")],
    build: |settings| {
        let noise = PixelNoise::Clipped(settings.number("std")?);
        Ok(Box::new(Pixels { name: "pixel_clipped", noise }))
    },
};
