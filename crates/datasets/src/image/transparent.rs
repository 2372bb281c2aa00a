//! Which images have transparent pixels. Their colours are read as they are, as Pillow's `convert("RGB")` reads them.

use super::Image;

impl Image {
    /// Whether its file had pixels that are transparent, in part or whole.
    pub(crate) fn is_transparent(&self) -> bool {
        self.transparent
    }

    /// The same with what its file said of transparency.
    pub(crate) fn seen_through(self, transparent: bool) -> Self {
        Self { transparent, ..self }
    }
}

/// Whether the last of each pixel's `samples` is below opaque anywhere.
pub(super) fn is_seen_through(bytes: &[u8], samples: usize) -> bool {
    bytes.iter().skip(samples - 1).step_by(samples).any(|alpha| *alpha < u8::MAX)
}

/// What is said of so many images with transparent pixels; nothing of none.
pub(crate) fn transparent_note(count: usize) -> Option<String> {
    let images = match count {
        0 => return None,
        1 => "1 image has".to_owned(),
        more => format!("{more} images have"),
    };
    Some(format!(
        "{images} transparent pixels, whose colours are read as they are, hidden ones too: lay the images on a background if these should \
         not show (magick IMAGE -background white -flatten FLAT.png)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(color: ::png::ColorType, data: &[u8]) -> Image {
        let mut bytes = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        Image::decode(&bytes, "image").unwrap()
    }

    #[test]
    fn an_image_with_one_pixel_that_is_not_opaque_is_transparent_and_keeps_its_colours() {
        use ::png::ColorType::{Grayscale, GrayscaleAlpha, Rgba};
        for (color, data, transparent) in [
            (Grayscale, &[0, 9][..], false),
            (GrayscaleAlpha, &[7, 255, 8, 255], false),
            (GrayscaleAlpha, &[7, 255, 8, 254], true),
            (Rgba, &[1, 2, 3, 255, 4, 5, 6, 255], false),
            (Rgba, &[1, 2, 3, 0, 4, 5, 6, 255], true),
        ] {
            assert_eq!(decoded(color, data).is_transparent(), transparent, "{data:?}");
        }
        assert_eq!(decoded(Rgba, &[1, 2, 3, 0, 4, 5, 6, 255]).bytes(), [1, 2, 3, 4, 5, 6]);
        let webp = |bytes: &[u8]| Image::decode(bytes, "image").unwrap().is_transparent();
        assert!(webp(include_bytes!("../../tests/seeds/alpha.webp")) && !webp(include_bytes!("../../tests/seeds/lossless.webp")));
    }

    #[test]
    fn a_note_counts_them() {
        assert_eq!(transparent_note(0), None);
        assert!(transparent_note(1).unwrap().starts_with("1 image has transparent pixels, whose colours are read as they are"));
        assert!(transparent_note(2).unwrap().starts_with("2 images have transparent pixels"));
    }
}
