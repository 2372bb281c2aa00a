//! The libraries that pixels depend on.

/// The libraries whose version decides which bytes a JPEG or WebP file and a resized image become: a digest of data that
/// came so names them. PNG, BMP and TIFF are without loss, and every right decoder agrees.
pub const DECODER: &str = "libjpeg-turbo-rs 0.9.0, image-webp 0.2.4, fast_image_resize 6.1.0";

/// The rule of a data set whose images were decoded or resized: what goes into its digest.
pub(crate) fn decoded(rule: &str) -> String {
    format!("{rule}; decoded by {DECODER}")
}

/// The rule with what became of grayscale of 16 bits, where that is not the upper bits.
pub(crate) fn with_deep(rule: &str, deep: super::DeepGrayscale) -> String {
    deep.word().map_or(rule.to_owned(), |word| format!("{rule}; grayscale of 16 bits {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The workspace pins these versions; a published package, which has no lock file beside it, does as well.
    #[test]
    fn the_decoder_is_the_one_that_is_linked() {
        let lock = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
        let Ok(lock) = std::fs::read_to_string(lock) else { return };
        for library in DECODER.split(", ") {
            let (name, version) = library.split_once(' ').unwrap();
            assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")), "{library}");
        }
    }
}
