//! BMP: palettes, bit fields and run lengths.

use std::io::Cursor;

use ::image::{ColorType, ImageDecoder, ImageError, Limits, codecs::bmp::BmpDecoder, error::LimitErrorKind};

use super::{Image, MEMORY, check, first_three};
use crate::{Error, Result};

pub(super) fn decode(bytes: &[u8], file: &str) -> Result<Image> {
    let broken = |problem: &dyn std::fmt::Display| Error::damaged(file, format!("broken BMP: {problem}"));
    let wrong = |e: ImageError| broken(&e);
    let mut decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    check(width.into(), height.into(), file)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MEMORY as u64);
    decoder.set_limits(limits).map_err(wrong)?;
    let color = decoder.color_type();
    let size = usize::try_from(decoder.total_bytes()).map_err(|_| wrong(ImageError::Limits(LimitErrorKind::InsufficientMemory.into())))?;
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(wrong)?;
    let (channels, pixels) = match color {
        ColorType::L8 => (1, pixels),
        ColorType::Rgb8 => (3, pixels),
        ColorType::Rgba8 => (3, first_three::<4>(&pixels)),
        other => return Err(broken(&format!("pixels of {other:?}"))),
    };
    Image::new(width as usize, height as usize, channels, pixels).map_err(|_| broken(&"pixels are missing"))
}
