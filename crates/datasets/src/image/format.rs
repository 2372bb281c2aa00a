//! Which format a file is in: its first bytes say so, whatever its name ends in.

use super::{DeepGrayscale, Image, bmp, jpeg, png, tiff, webp};
use crate::{Error, Result};

pub(super) fn decode(bytes: &[u8], file: &str, deep: DeepGrayscale) -> Result<Image> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => png::decode(bytes, file, deep),
        [0xff, 0xd8, ..] => jpeg::decode(bytes, file),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp::decode(bytes, file),
        [b'B', b'M', ..] => bmp::decode(bytes, file),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => tiff::decode(bytes, file, deep),
        _ => Err(match known(bytes) {
            Some(format) => {
                let reason = format!("{format} is not read: convert it to PNG (magick IMAGE IMAGE.png)");
                Error::Refused { file: file.into(), reason }
            }
            None => Error::damaged(file, "is no PNG, JPEG, WebP, BMP or TIFF image"),
        }),
    }
}

/// Image formats that are recognised, in order to be refused by name.
fn known(bytes: &[u8]) -> Option<&'static str> {
    let brand =
        |brands: &[&[u8; 4]]| bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|b| brands.iter().any(|k| k[..] == *b));
    Some(match bytes {
        [b'G', b'I', b'F', b'8', ..] => "GIF",
        _ if brand(&[b"avif", b"avis"]) => "AVIF",
        _ if brand(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) => "HEIC",
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => "JPEG 2000",
        [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] | [0xff, 0x0a, ..] => "JPEG XL",
        [b'8', b'B', b'P', b'S', ..] => "Photoshop's PSD",
        [b'P', b'1'..=b'7', b'\n' | b'\r' | b' ' | b'\t' | b'#', ..] => "Netpbm (PBM, PGM, PPM, PAM)",
        [0x76, 0x2f, 0x31, 0x01, ..] => "OpenEXR",
        [b'<', b's', b'v', b'g', ..] => "SVG",
        [0, 0, 1, 0, _, _, _, _, _, 0, ..] => "ICO",
        _ => return None,
    })
}
