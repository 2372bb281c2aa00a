//! JPEG: the pixels of libjpeg-turbo, which Pillow, torchvision and OpenCV read with too.

use libjpeg_turbo_rs::{Decoder, JpegError, PixelFormat};

use super::{Dropped, Image, MEMORY, check, jpeg_layout::Layout, too_large};
use crate::{Error, Result};

/// More scans than any encoder writes; each costs a pass over the image.
const SCANS: u32 = 500;

pub(super) fn decode(bytes: &[u8], file: &str) -> Result<Image> {
    let broken = |problem: &dyn std::fmt::Display| Error::damaged(file, format!("broken JPEG: {problem}"));
    let layout = Layout::read(bytes).map_err(|problem| broken(&problem))?;
    check(layout.width.into(), layout.height.into(), file)?;
    if let Some(kind) = layout.refused() {
        let way = "write it again as a baseline JPEG or a PNG (magick IMAGE IMAGE.png)";
        return Err(Error::Refused { file: file.into(), reason: format!("{kind}: {way}") });
    }
    let wrong = |error: JpegError| match error {
        JpegError::LimitExceeded { what: "estimated decode memory", actual, limit } => {
            too_large(file, &format!("{actual} bytes to decode"), &format!("{limit}"))
        }
        other => broken(&other),
    };
    let mut decoder = Decoder::new(bytes.get(..layout.end).unwrap_or(bytes)).map_err(wrong)?;
    let (channels, format) = match layout.channels() {
        1 => (1, PixelFormat::Grayscale),
        3 => (3, PixelFormat::Rgb),
        _ => (3, PixelFormat::Cmyk),
    };
    decoder.set_output_format(format);
    decoder.set_max_memory(MEMORY);
    decoder.set_scan_limit(SCANS);
    let pixels = decoder.decode_image().map_err(wrong)?.data;
    let pixels = if format == PixelFormat::Cmyk { rgb(&pixels) } else { pixels };
    let image = Image::new(layout.width.into(), layout.height.into(), channels, pixels).map_err(|_| broken(&"pixels are missing"))?;
    Ok(image.dropping(Dropped { rotation: layout.turned, ..Dropped::default() }))
}

/// Pillow's conversion of CMYK, from inks stored as Adobe stores them: 255 is no ink.
fn rgb(inks: &[u8]) -> Vec<u8> {
    inks.as_chunks::<4>().0.iter().flat_map(|&[cyan, magenta, yellow, key]| [cyan, magenta, yellow].map(|ink| mix(ink, key))).collect()
}

/// `key - key * (255 - ink) / 255`, the quotient rounded.
fn mix(ink: u8, key: u8) -> u8 {
    let product = u32::from(key) * u32::from(255 - ink) + 128;
    key.saturating_sub((((product >> 8) + product) >> 8) as u8)
}
