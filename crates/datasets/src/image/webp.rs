//! WebP, lossy and without loss; of an animation the first frame.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::{Dropped, Image, MEMORY, check, dropped::is_seen_through, exif, first_three};
use crate::{Error, Result};

pub(super) fn decode(bytes: &[u8], file: &str) -> Result<Image> {
    let wrong = |e: DecodingError| Error::damaged(file, format!("broken WebP: {e}"));
    // The library reads on where only the last bytes are missing.
    let said = bytes.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |size| u64::from(u32::from_le_bytes(*size)));
    if said + 8 > bytes.len() as u64 {
        return Err(Error::damaged(file, format!("broken WebP: {} bytes of {}", bytes.len(), said + 8)));
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(wrong)?;
    decoder.set_memory_limit(MEMORY);
    let (width, height) = decoder.dimensions();
    check(width.into(), height.into(), file)?;
    let size = decoder.output_buffer_size().ok_or_else(|| Error::damaged(file, "broken WebP: no size"))?;
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(wrong)?;
    let dropped = Dropped {
        transparency: decoder.has_alpha() && is_seen_through(&pixels, 4),
        rotation: exif_data(bytes).is_some_and(exif::turns),
        frames: decoder.num_frames() > 1,
    };
    let pixels = if decoder.has_alpha() { first_three::<4>(&pixels) } else { pixels };
    let missing = |_| Error::damaged(file, "broken WebP: pixels are missing");
    Ok(Image::new(width as usize, height as usize, 3, pixels).map_err(missing)?.dropping(dropped))
}

/// The EXIF data of a file, where it has some: the library would take as much memory for them as their chunk claims.
fn exif_data(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (size, content) = after.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
        if name == b"EXIF" {
            return content.get(..size);
        }
        // Chunks begin at even places.
        rest = content.get(size.checked_add(size % 2)?..)?;
    }
}
