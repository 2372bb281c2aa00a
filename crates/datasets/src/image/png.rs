//! PNG: every depth, palettes, transparency and interlacing.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{DeepGrayscale, Dropped, Image, MEMORY, check, dropped::is_seen_through, exif, first_three};
use crate::{Error, Result};

pub(super) fn decode(bytes: &[u8], file: &str, deep: DeepGrayscale) -> Result<Image> {
    // The header comes first in every PNG: refuse before the decoder takes memory.
    if let Some([w0, w1, w2, w3, h0, h1, h2, h3]) = bytes.get(16..24) {
        check(u32::from_be_bytes([*w0, *w1, *w2, *w3]).into(), u32::from_be_bytes([*h0, *h1, *h2, *h3]).into(), file)?;
    }
    let wrong = |e: DecodingError| Error::damaged(file, format!("broken PNG: {}", words(&e)));
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MEMORY });
    let header = decoder.read_header_info().map_err(wrong)?;
    let whole = deep != DeepGrayscale::HighByte && (header.color_type, header.bit_depth) == (ColorType::Grayscale, BitDepth::Sixteen);
    let strip = if whole { Transformations::IDENTITY } else { Transformations::STRIP_16 };
    decoder.set_transformations(Transformations::EXPAND | strip);
    let mut reader = decoder.read_info().map_err(wrong)?;
    let info = reader.info();
    check(info.width.into(), info.height.into(), file)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let size = reader.output_buffer_size().ok_or_else(|| Error::damaged(file, "broken PNG: no size"))?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(wrong)?;
    // The chunks behind the pixels: a file that is cut off there is torn too.
    reader.finish().map_err(wrong)?;
    bytes.truncate(frame.buffer_size());
    if whole {
        bytes = bytes.as_chunks::<2>().0.iter().map(|&word| deep.byte(u16::from_be_bytes(word))).collect();
    }
    let info = reader.info();
    let rotation = info.exif_metadata.as_deref().is_some_and(exif::turns);
    let frames = info.animation_control.is_some_and(|animation| animation.num_frames > 1);
    let transparency = match frame.color_type {
        ColorType::GrayscaleAlpha => is_seen_through(&bytes, 2),
        ColorType::Rgba => is_seen_through(&bytes, 4),
        _ => false,
    };
    let (channels, bytes) = match frame.color_type {
        ColorType::Grayscale => (1, bytes),
        ColorType::GrayscaleAlpha => (1, bytes.iter().step_by(2).copied().collect()),
        ColorType::Rgba => (3, first_three::<4>(&bytes)),
        _ => (3, bytes),
    };
    let image = Image::new(width, height, channels, bytes).map_err(|_| Error::damaged(file, "broken PNG: pixels are missing"))?;
    Ok(image.dropping(Dropped { transparency, rotation, frames }))
}

/// What is wrong, in words. The library writes the chunk at which it stopped as the value that it has of it.
fn words(error: &DecodingError) -> String {
    let text = error.to_string();
    match text.split_once("ChunkType { type: ").and_then(|(_, rest)| rest.split_once(',')) {
        Some((chunk, _)) => format!("its chunk {chunk} is damaged, unknown or out of place"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_chunk_is_named_in_words() {
        let mut bytes = Vec::new();
        let mut writer = png::Encoder::new(&mut bytes, 2, 1).write_header().unwrap();
        writer.write_image_data(&[0, 9]).unwrap();
        writer.finish().unwrap();
        // The checksum of the header: behind the signature, a length, a name and 13 bytes.
        bytes[29] ^= 1;
        let error = decode(&bytes, "a.png", DeepGrayscale::HighByte).unwrap_err().to_string();
        assert_eq!(error, "a.png: broken PNG: its chunk IHDR is damaged, unknown or out of place");
    }
}
