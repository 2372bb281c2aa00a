//! Grayscale of 16 bits in eight.

vimae_core::settings! {
    /// What becomes of grayscale PNG and TIFF files of 16 bits, of which tools make different images without a word.
    ///
    /// Colours, and grayscale with transparency, become their upper eight bits in every tool.
    pub enum DeepGrayscale {
        /// the upper eight bits, as TensorFlow reads them
        HighByte,
        /// the value, and 255 for all above it, as Pillow's `convert`, and with it pytorch-fid and torchvision's ImageFolder
        Clipped,
    }
}

impl DeepGrayscale {
    /// The word in protocols and digests; none for the upper bits, which are not mentioned.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::HighByte => None,
            Self::Clipped => Some("clipped"),
        }
    }

    /// The byte of a sample.
    pub(super) fn byte(self, sample: u16) -> u8 {
        match self {
            Self::HighByte => (sample >> 8) as u8,
            Self::Clipped => sample.min(255) as u8,
        }
    }
}
