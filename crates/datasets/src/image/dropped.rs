//! What of an image's file is not in its pixels, and how many images of a set lack what. It is as Pillow and torchvision leave it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Image;

/// What of an image's file its pixels lack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Transparency of some pixels, or of all. Their colours are read as they are, as Pillow's `convert("RGB")` reads them.
    pub(crate) transparency: bool,
    /// A rotation or reflection that EXIF data ask for.
    pub(crate) rotation: bool,
    /// Frames or pages behind the first.
    pub(crate) frames: bool,
}

impl Image {
    /// What its file had that it lacks; nothing of an image that was resized.
    pub(crate) fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// The same with what its file had that it lacks.
    pub(crate) fn dropping(self, dropped: Dropped) -> Self {
        Self { dropped, ..self }
    }
}

/// Whether the last of each pixel's `samples` is below opaque anywhere.
pub(super) fn is_seen_through(bytes: &[u8], samples: usize) -> bool {
    bytes.iter().skip(samples - 1).step_by(samples).any(|alpha| *alpha < u8::MAX)
}

/// How many images lack what.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    transparency: AtomicUsize,
    rotation: AtomicUsize,
    frames: AtomicUsize,
}

impl Drops {
    /// Counts an image.
    pub(crate) fn count(&self, Dropped { transparency, rotation, frames }: Dropped) {
        for (count, counts) in [(&self.transparency, transparency), (&self.rotation, rotation), (&self.frames, frames)] {
            count.fetch_add(counts.into(), Relaxed);
        }
    }

    /// What a reader should know of them.
    pub(crate) fn notes(&self) -> Vec<String> {
        let all = [
            (
                &self.transparency,
                "transparent pixels, whose colours are read as they are, hidden ones too: lay the images on a background if these \
                 should not show (magick IMAGE -background white -flatten FLAT.png)",
            ),
            (
                &self.rotation,
                "a rotation in EXIF data, which is not applied, as Pillow and torchvision apply none: turn the files if it should be \
                 (magick mogrify -auto-orient FILES)",
            ),
            (
                &self.frames,
                "more than one frame or page, of which the first is read: save others that count as files of their own (magick FILE \
                 FRAME-%03d.png)",
            ),
        ];
        let note = |(count, what): (&AtomicUsize, &str)| match count.load(Relaxed) {
            0 => None,
            1 => Some(format!("1 image has {what}")),
            more => Some(format!("{more} images have {what}")),
        };
        all.into_iter().filter_map(note).collect()
    }
}

#[cfg(test)]
#[path = "dropped_tests.rs"]
mod tests;
