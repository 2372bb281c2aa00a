//! What makes encoders random: one file for each kind of noise on codes; noise on images is any corruption of
//! [`vimae_corruptions`], under the name `pixel_NAME`.

use std::sync::LazyLock;

use vimae_core::{Catalogue, Entry};

mod pixels;

pub use pixels::BuildNoise;

vimae_core::catalogue! {
    /// The kinds of noise that are no corruption of images.
    pub static CODE_NOISES: BuildNoise = "noise" in {
        gaussian_fixed,
        gaussian_head,
        gaussian_head_bounded,
        none,
    }
}

/// Every kind of encoder noise.
pub static NOISES: LazyLock<Catalogue<BuildNoise>> = LazyLock::new(|| {
    let mut entries: Vec<Entry<BuildNoise>> = CODE_NOISES.entries().into_iter().copied().chain(pixels::entries()).collect();
    entries.sort_by_key(|entry| entry.name);
    Catalogue::new(CODE_NOISES.kind, entries.leak())
});
