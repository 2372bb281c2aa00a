//! Normal noise on the encoder's input, redrawn beyond two standard deviations: `z = f(x + v)`, `|v| <= 2 std`.
//!
//! The reading of "pixel-wise Gaussian noise truncated at 0.01" (appendix of the paper) that is the default here.

use vimae_core::{Entry, Key, PixelNoise};

use super::{BuildNoise, pixels::Pixels};

/// The catalogue entry.
pub const ENTRY: Entry<BuildNoise> = Entry {
    name: "pixel_truncated",
    summary: "Pixel noise redrawn beyond two standard deviations, while training",
    source: "Appendix of the VIMAE paper",
    keys: &[Key::number("std", 0.01, 0.0, 1.0, "standard deviation, in pixel units")],
    build: |settings| {
        let noise = PixelNoise::Truncated(settings.number("std")?);
        Ok(Box::new(Pixels { name: "pixel_truncated", noise }))
    },
};
