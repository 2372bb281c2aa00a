//! TIFF as cameras and scientists write it: grayscale or RGB of 1 to 16 bits, in strips or tiles, packed by nothing, LZW,
//! deflate or PackBits. The first page counts, and is turned as its orientation says.

use std::io::Cursor;

use tiff::{
    ColorType, TiffError, TiffUnsupportedError,
    decoder::{BufferLayoutPreference, Decoder, DecodingResult, Limits},
    tags::{CompressionMethod, SampleFormat, Tag},
};

use super::{DeepGrayscale, Dropped, Image, MEMORY, check, too_large};
use crate::{Error, Result};

/// The most bytes of samples: words become bytes in a second buffer.
const BUFFER: usize = 2 * MEMORY / 3;

pub(super) fn decode(bytes: &[u8], file: &str, deep: DeepGrayscale) -> Result<Image> {
    let broken = |problem: &dyn std::fmt::Display| Error::damaged(file, format!("broken TIFF: {problem}"));
    let refused = |kind: &dyn std::fmt::Display| {
        let way = "write it again with 8 bits in RGB or gray (magick IMAGE -depth 8 IMAGE.png)";
        Error::Refused { file: file.into(), reason: format!("TIFF of a kind that is not read, {kind}: {way}") }
    };
    let wrong = |error: TiffError| match error {
        TiffError::UnsupportedError(TiffUnsupportedError::UnsupportedCompressionMethod(method)) => {
            refused(&format!("packed by {method:?}"))
        }
        TiffError::UnsupportedError(kind) => refused(&kind),
        TiffError::LimitsExceeded => too_large(file, "very many samples", &format!("{BUFFER} bytes to decode")),
        other => broken(&other),
    };
    let mut limits = Limits::default();
    limits.decoding_buffer_size = BUFFER;
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(wrong)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(wrong)?;
    check(width.into(), height.into(), file)?;
    let (width, height) = (width as usize, height as usize);
    let color = decoder.colortype().map_err(wrong)?;
    let kept = match color {
        // Two samples are gray and how opaque it is.
        ColorType::Gray(1 | 2 | 4 | 8 | 16) | ColorType::GrayA(8 | 16) | ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2 } => 1,
        ColorType::RGB(8 | 16) | ColorType::RGBA(8 | 16) => 3,
        other => return Err(refused(&format!("{other:?}"))),
    };
    let turned = decoder.find_tag_unsigned::<u16>(Tag::FillOrder).map_err(wrong)? == Some(2);
    // Of another type it means nothing, as to Pillow.
    let orientation = decoder.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten().unwrap_or(1);
    let packing = decoder.find_tag_unsigned::<u16>(Tag::Compression).map_err(wrong)?;
    // libtiff turns bits before it unpacks, which the library cannot be asked for.
    if turned && packing.is_some_and(|method| method != CompressionMethod::None.to_u16()) {
        return Err(refused(&"packed with the bits of each byte in reverse order (FillOrder 2)"));
    }
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(wrong)?;
    if layout.sample_format != SampleFormat::Uint {
        return Err(refused(&format!("samples of {:?}", layout.sample_format)));
    }
    // What does not fit is left out by the library, plane by plane.
    if result.as_buffer(0).as_bytes().len() < layout.complete_len {
        return Err(wrong(TiffError::LimitsExceeded));
    }
    if turned {
        turn(&mut result);
    }
    let samples = match result {
        DecodingResult::U8(bytes) if color.bit_depth() < 8 => unpack(&bytes, width, height, color.bit_depth().into()),
        DecodingResult::U8(bytes) => bytes,
        DecodingResult::U16(words) => {
            // As for PNG: colours, and grayscale that may be transparent, by their upper half whatever is asked.
            let deep = if color == ColorType::Gray(16) { deep } else { DeepGrayscale::HighByte };
            words.into_iter().map(|word| deep.byte(word)).collect()
        }
        _ => return Err(refused(&format!("{color:?}"))),
    };
    let pixels = interleave(samples, width * height, color.num_samples().into(), kept, &layout);
    let stored = Image::new(width, height, kept, pixels).map_err(|_| broken(&"pixels are missing"))?;
    Ok(stored.oriented(orientation).dropping(Dropped { frames: decoder.more_images(), ..Dropped::default() }))
}

/// Turns the bits of every byte, as Pillow and libtiff do where the lowest bit comes first.
fn turn(samples: &mut DecodingResult) {
    match samples {
        DecodingResult::U8(bytes) => bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits()),
        // Of a word both bytes, which stay where they are.
        DecodingResult::U16(words) => words.iter_mut().for_each(|word| *word = word.reverse_bits().swap_bytes()),
        _ => {}
    }
}

/// Samples of 1, 2 or 4 bits, rows beginning at whole bytes, as bytes from 0 to 255.
fn unpack(bytes: &[u8], width: usize, height: usize, bits: usize) -> Vec<u8> {
    let most = (1_u16 << bits) - 1;
    let row = |row: &[u8]| -> Vec<u8> {
        let sample = |x: usize| row.get(x * bits / 8).map(|byte| u16::from(*byte) >> (8 - bits - x * bits % 8) & most);
        (0..width).map_while(sample).map(|v| (v * 255 / most) as u8).collect()
    };
    bytes.chunks((width * bits).div_ceil(8)).take(height).flat_map(row).collect()
}

/// The first `kept` of each pixel's `count` samples, which lie side by side or in planes.
fn interleave(samples: Vec<u8>, pixels: usize, count: usize, kept: usize, layout: &BufferLayoutPreference) -> Vec<u8> {
    if layout.planes > 1 {
        let plane = samples.len() / layout.planes;
        let samples = &samples;
        return (0..pixels).flat_map(|i| (0..kept).filter_map(move |c| samples.get(c * plane + i).copied())).collect();
    }
    if count == kept {
        return samples;
    }
    samples.chunks_exact(count).flat_map(|pixel| pixel.iter().take(kept).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row of grayscale samples.
    fn row(bits: u16, fill_order: u16, compression: u16, samples: &[u8]) -> Vec<u8> {
        oriented(1, bits, fill_order, compression, samples)
    }

    fn oriented(orientation: u16, bits: u16, fill_order: u16, compression: u16, samples: &[u8]) -> Vec<u8> {
        let (size, width) = (samples.len() as u16, samples.len() as u16 * 8 / bits);
        let tags = [
            (256, width),
            (257, 1),
            (258, bits),
            (259, compression),
            (262, 1),
            (266, fill_order),
            (273, 8),
            (274, orientation),
            (278, 1),
            (279, size),
        ];
        let mut file = [&b"II*\0"[..], &(8 + u32::from(size)).to_le_bytes(), samples, &(tags.len() as u16).to_le_bytes()].concat();
        for (tag, value) in tags {
            // One number of 16 bits.
            file.extend([tag, 3, 1, 0, value, 0].into_iter().flat_map(u16::to_le_bytes));
        }
        file.extend([0; 4]);
        file
    }

    fn decoded(file: &[u8]) -> Result<Image> {
        decode(file, "row", DeepGrayscale::HighByte)
    }

    #[test]
    fn bits_are_read_in_the_order_that_the_file_names() {
        // As Pillow 13 reads it.
        let image = decoded(&row(1, 2, 1, &[0b0000_0001, 0b1000_0000])).unwrap();
        assert_eq!(image.bytes(), [255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255]);
        let samples: Vec<u8> = (0..16_u8).map(|i| i.wrapping_mul(37)).collect();
        let turned: Vec<u8> = samples.iter().map(|byte| byte.reverse_bits()).collect();
        for bits in [1, 2, 4, 8, 16] {
            assert_eq!(decoded(&row(bits, 2, 1, &turned)).unwrap(), decoded(&row(bits, 1, 1, &samples)).unwrap(), "{bits} bits");
        }
    }

    #[test]
    fn an_image_is_turned_as_its_orientation_says() {
        for (orientation, width, expected) in
            [(1, 3, [1, 2, 3]), (3, 3, [3, 2, 1]), (6, 1, [1, 2, 3]), (8, 1, [3, 2, 1]), (77, 3, [1, 2, 3])]
        {
            let image = decoded(&oriented(orientation, 8, 1, 1, &[1, 2, 3])).unwrap();
            assert_eq!((image.width(), image.bytes()), (width, &expected[..]), "{orientation}");
        }
    }

    #[test]
    fn packed_bits_in_the_other_order_are_refused_by_name() {
        let packbits = [15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
        let error = decoded(&row(8, 2, 32_773, &packbits)).unwrap_err();
        assert!(matches!(&error, Error::Refused { reason, .. } if reason.contains("FillOrder 2") && reason.contains("magick")), "{error}");
    }
}
