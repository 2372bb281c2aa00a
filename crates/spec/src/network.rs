//! What a network's two ends are, as files name it and as every crate uses it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an encoder ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// Mean and log-variance of a diagonal Gaussian.
    Gaussian,
    /// The code itself.
    Deterministic,
}

/// The interval that bytes 0..=255 are mapped to, and with it the decoder's last function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PixelRange {
    /// \[0, 1\], by a sigmoid.
    Unit,
    /// \[-1, 1\], by a hyperbolic tangent.
    Symmetric,
}

impl PixelRange {
    /// Scale and offset of the map `byte * scale + offset`.
    pub fn affine(self) -> (f32, f32) {
        match self {
            Self::Unit => (1.0 / 255.0, 0.0),
            Self::Symmetric => (2.0 / 255.0, -1.0),
        }
    }

    /// The nearest byte of a value in this range.
    pub fn byte(self, value: f32) -> u8 {
        let (scale, offset) = self.affine();
        ((value - offset) / scale).round().clamp(0.0, 255.0) as u8
    }
}

impl fmt::Display for PixelRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unit => "[0, 1]",
            Self::Symmetric => "[-1, 1]",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_files_are_words() {
        let text = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        let heads = [Head::Gaussian, Head::Deterministic].map(|head| text(serde_json::to_value(head).unwrap()));
        assert_eq!(heads, ["gaussian", "deterministic"]);
        for (range, name, interval) in [(PixelRange::Unit, "unit", "[0, 1]"), (PixelRange::Symmetric, "symmetric", "[-1, 1]")] {
            assert_eq!((text(serde_json::to_value(range).unwrap()).as_str(), range.to_string().as_str()), (name, interval));
            assert_eq!(serde_json::from_value::<PixelRange>(name.into()).unwrap(), range);
        }
    }

    #[test]
    fn every_byte_comes_back_and_values_beyond_the_range_are_cut() {
        for range in [PixelRange::Unit, PixelRange::Symmetric] {
            let (scale, offset) = range.affine();
            assert!((0..=255_u8).all(|byte| range.byte(f32::from(byte) * scale + offset) == byte));
            assert_eq!((range.byte(-9.0), range.byte(9.0)), (0, 255));
        }
    }
}
