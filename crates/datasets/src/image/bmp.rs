//! BMP: palettes, bit fields and run lengths.

use zune_bmp::{
    BmpDecoder, BmpDecoderErrors,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Image, check, first_three};
use crate::{Error, Result};

pub(super) fn decode(bytes: &[u8], file: &str) -> Result<Image> {
    let broken = |problem: &str| Error::damaged(file, format!("broken BMP: {problem}"));
    let wrong = |e: BmpDecoderErrors| broken(&format!("{e:?}"));
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(65_535).set_max_height(65_535);
    let mut decoder = BmpDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(wrong)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| broken("no size"))?;
    check(width as u64, height as u64, file)?;
    let pixels = decoder.decode().map_err(wrong)?;
    let (channels, pixels) = match decoder.colorspace() {
        Some(ColorSpace::Luma) => (1, pixels),
        Some(ColorSpace::RGBA) => (3, first_three::<4>(&pixels)),
        _ => (3, pixels),
    };
    Image::new(width, height, channels, pixels).map_err(|_| broken("pixels are missing"))
}
