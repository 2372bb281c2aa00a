//! One image: decoded from the format that its first bytes say, cropped and resized as Pillow does it.

mod bmp;
mod decoder;
mod deep;
mod dropped;
mod exif;
mod fit;
mod format;
mod jpeg;
mod jpeg_layout;
mod orient;
mod png;
mod resize;
mod tiff;
mod webp;

pub use decoder::DECODER;
pub(crate) use decoder::{decoded, with_deep};
pub use deep::DeepGrayscale;
pub(crate) use dropped::{Dropped, Drops};

use crate::{Error, Result};

/// The most pixels of one image: decoding it then takes less than 450 MB.
pub(crate) const PIXELS: u64 = 64_000_000;

/// The most memory that a decoder may say it needs, in bytes, where it can say so before it takes any.
const MEMORY: usize = 420_000_000;

/// A decoded image: rows of pixels, each of one (grey) or three (red, green, blue) bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    bytes: Vec<u8>,
    dropped: Dropped,
}

impl Image {
    /// A image of `bytes`, `[H, W, C]`.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there are other than one or three channels, no pixels, or another number of bytes.
    pub fn new(width: usize, height: usize, channels: usize, bytes: Vec<u8>) -> Result<Self> {
        if width == 0 || height == 0 || !matches!(channels, 1 | 3) || bytes.len() != width * height * channels {
            let problem = format!("{} bytes are no image of {width}x{height} with {channels} channels", bytes.len());
            return Err(Error::damaged("image", problem));
        }
        Ok(Self { width, height, channels, bytes, dropped: Dropped::default() })
    }

    /// Decodes a PNG, JPEG, WebP, BMP or TIFF file; `file` names it in errors. The content says which, not the name.
    ///
    /// Transparency is dropped, 16 bits become 8 (the upper ones; [`Image::decode_deep`] has a choice), CMYK becomes RGB as Pillow's `convert("RGB")` does.
    /// Of several frames or pages the first counts. Neither an Exif orientation nor a colour profile is applied, as
    /// Pillow and torchvision apply none; a TIFF's orientation, which is of its format, is, as they apply it.
    ///
    /// # Errors
    /// [`Error::Damaged`] for an image that is torn, or no image; [`Error::Refused`] for more than 64 million pixels,
    /// before memory is taken, and for formats that are known and not read, by name and with the way round it.
    pub fn decode(bytes: &[u8], file: &str) -> Result<Self> {
        Self::decode_deep(bytes, file, DeepGrayscale::HighByte)
    }

    /// [`Image::decode`], with grayscale of 16 bits by `deep`.
    ///
    /// # Errors
    /// As [`Image::decode`].
    pub fn decode_deep(bytes: &[u8], file: &str, deep: DeepGrayscale) -> Result<Self> {
        format::decode(bytes, file, deep)
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes, `[H, W, C]`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The image with `channels` of 1 or 3: grey is repeated, colours are weighed as Pillow's "L" does
    /// (ITU-R 601-2, 16-bit weights).
    pub fn with_channels(self, channels: usize) -> Self {
        let bytes = match (self.channels, channels) {
            (1, 3) => self.bytes.iter().flat_map(|&v| [v; 3]).collect(),
            (3, 1) => self.bytes.as_chunks::<3>().0.iter().map(|&rgb| vimae_core::data::luma(rgb)).collect(),
            _ => return self,
        };
        Self { channels, bytes, ..self }
    }

    /// The `width` x `height` pixels in the middle (rounded to the left and up, as Pillow scripts do), at most all.
    pub fn centre(&self, width: usize, height: usize) -> Self {
        let (width, height) = (width.clamp(1, self.width), height.clamp(1, self.height));
        let (left, top) = ((self.width - width) / 2, (self.height - height) / 2);
        let (begin, end) = (left * self.channels, (left + width) * self.channels);
        let rows = self.bytes.chunks_exact(self.width * self.channels).skip(top).take(height);
        let mut bytes = Vec::with_capacity(width * height * self.channels);
        rows.filter_map(|row| row.get(begin..end)).for_each(|row| bytes.extend_from_slice(row));
        Self { width, height, bytes, ..*self }
    }

    /// Bytes, channels first: `[C, H, W]`.
    pub fn into_planes(self) -> Vec<u8> {
        if self.channels == 1 {
            return self.bytes;
        }
        let (pixels, _) = self.bytes.as_chunks::<3>();
        let mut planes = Vec::with_capacity(self.bytes.len());
        planes.extend(pixels.iter().map(|&[red, _, _]| red));
        planes.extend(pixels.iter().map(|&[_, green, _]| green));
        planes.extend(pixels.iter().map(|&[_, _, blue]| blue));
        planes
    }
}

/// Refuses more than [`PIXELS`].
fn check(width: u64, height: u64, file: &str) -> Result<()> {
    if width.saturating_mul(height) > PIXELS {
        return Err(too_large(file, &format!("{width}x{height} = {} pixels", width.saturating_mul(height)), &format!("{PIXELS}")));
    }
    Ok(())
}

fn too_large(file: &str, size: &str, limit: &str) -> Error {
    let way = "make it smaller (magick IMAGE -resize 4096x4096 SMALLER)";
    Error::Refused { file: file.into(), reason: format!("an image of {size}, more than the limit of {limit}: {way}") }
}

/// Three bytes a pixel of the first three of each `N`.
fn first_three<const N: usize>(bytes: &[u8]) -> Vec<u8> {
    bytes.as_chunks::<N>().0.iter().flat_map(|pixel| pixel.iter().take(3).copied()).collect()
}
