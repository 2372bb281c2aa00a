//! SHA-256 and MD5 as lower-case hex, of bytes and of data sets.

use md5::Md5;
use sha2::{Digest, Sha256};
use vimae_core::{ImageSet, PixelRange, Redraw, Split};

use crate::{Error, Result};

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The MD5 of `bytes`: the digest that older data sets were published with.
pub fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// Refuses `bytes` whose SHA-256 is not `expected`.
pub(crate) fn expect_sha256(file: &str, expected: &str, bytes: &[u8]) -> Result<()> {
    let found = sha256(bytes);
    if found == expected {
        return Ok(());
    }
    Err(Error::Digest { file: file.into(), algorithm: "sha256", expected: expected.into(), found })
}

/// The digest of a data set: of everything that a run sees of it, and of the rule that split it.
pub(crate) fn of_images(range: PixelRange, classes: usize, rule: &str, splits: &[(Split, ImageSet)]) -> String {
    let mut state = Sha256::new();
    state.update(format!("vimae data 1\n{range:?} {classes}\n{rule}\n"));
    for (split, images) in splits {
        state.update(format!("{split} {} {}\n", images.len(), images.shape()));
        state.update(images.pixels());
        match images.redraw() {
            None => {}
            Some(Redraw::Binary(gray)) => state.update(gray),
            Some(Redraw::Uniform(seed)) => state.update(seed.to_le_bytes()),
        }
        for label in images.labels() {
            state.update(label.to_le_bytes());
        }
    }
    hex(&state.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_empty_string() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(md5(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }
}
