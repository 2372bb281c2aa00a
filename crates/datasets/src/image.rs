//! One image: decoded from PNG or JPEG, cropped and resized as Pillow does it.

use fast_image_resize as fir;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::{Error, Result};

/// The most pixels of one image: a decoder then stays below 400 MB.
pub(crate) const PIXELS: u64 = 40_000_000;

/// A decoded image: rows of pixels, each of one (grey) or three (red, green, blue) bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    bytes: Vec<u8>,
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
        Ok(Self { width, height, channels, bytes })
    }

    /// Decodes a PNG or JPEG file; `file` names it in errors. Transparency is dropped, 16 bits become 8.
    ///
    /// # Errors
    /// [`Error::Damaged`] for another format or a image that is torn; [`Error::TooLarge`] for more than
    /// 40 million pixels, before memory is taken.
    pub fn decode(bytes: &[u8], file: &str) -> Result<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => png(bytes, file),
            [0xff, 0xd8, ..] => jpeg(bytes, file),
            _ => Err(Error::damaged(file, "is neither PNG nor JPEG")),
        }
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
            (3, 1) => self.bytes.as_chunks::<3>().0.iter().map(|&rgb| luma(rgb)).collect(),
            _ => return self,
        };
        Self { channels, bytes, ..self }
    }

    /// The `width` x `height` pixels in the middle (rounded to the left and up, as Pillow scripts do), at most all.
    pub fn centre(&self, width: usize, height: usize) -> Self {
        let (width, height) = (width.clamp(1, self.width), height.clamp(1, self.height));
        let (left, top) = ((self.width - width) / 2, (self.height - height) / 2);
        let row = self.width * self.channels;
        let bytes = self.bytes.chunks(row).skip(top).take(height);
        let bytes = bytes.flat_map(|r| r.iter().skip(left * self.channels).take(width * self.channels).copied()).collect();
        Self { width, height, channels: self.channels, bytes }
    }

    /// The image at another size by Lanczos-3 with antialiasing: Pillow's `LANCZOS` within one level. Crop before:
    /// the filter then sees nothing outside the crop.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a size of zero.
    pub fn resize(&self, width: usize, height: usize) -> Result<Self> {
        let wrong = |e: &dyn std::fmt::Display| Error::damaged(format!("resize to {width}x{height}"), e);
        if (width, height) == (self.width, self.height) {
            return Ok(self.clone());
        }
        if width == 0 || height == 0 {
            return Err(wrong(&"no pixels"));
        }
        let kind = if self.channels == 1 { fir::PixelType::U8 } else { fir::PixelType::U8x3 };
        let from = fir::images::ImageRef::new(self.width as u32, self.height as u32, &self.bytes, kind).map_err(|e| wrong(&e))?;
        let mut to = fir::images::Image::new(width as u32, height as u32, kind);
        let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Lanczos3));
        fir::Resizer::new().resize(&from, &mut to, &options).map_err(|e| wrong(&e))?;
        Self::new(width, height, self.channels, to.into_vec())
    }

    /// Bytes, channels first: `[C, H, W]`.
    pub fn into_planes(self) -> Vec<u8> {
        if self.channels == 1 {
            return self.bytes;
        }
        let (pixels, _) = self.bytes.as_chunks::<3>();
        (0..3).flat_map(|c| pixels.iter().filter_map(move |p| p.get(c).copied())).collect()
    }
}

fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 19_595 + u32::from(g) * 38_470 + u32::from(b) * 7_471 + 0x8000) >> 16) as u8
}

fn check(width: u64, height: u64, file: &str) -> Result<()> {
    let size = width.saturating_mul(height);
    if size > PIXELS {
        return Err(Error::TooLarge { file: file.into(), what: "a image", unit: "pixels", size, limit: PIXELS });
    }
    Ok(())
}

fn png(bytes: &[u8], file: &str) -> Result<Image> {
    // The header comes first in every PNG: refuse before the decoder takes memory.
    if let Some([w0, w1, w2, w3, h0, h1, h2, h3]) = bytes.get(16..24) {
        check(u32::from_be_bytes([*w0, *w1, *w2, *w3]).into(), u32::from_be_bytes([*h0, *h1, *h2, *h3]).into(), file)?;
    }
    let wrong = |e: png::DecodingError| Error::damaged(file, format!("broken PNG: {e}"));
    let limits = png::Limits { bytes: 4 * PIXELS as usize };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
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
    let (channels, bytes) = match frame.color_type {
        png::ColorType::Grayscale => (1, bytes),
        png::ColorType::GrayscaleAlpha => (1, bytes.iter().step_by(2).copied().collect()),
        png::ColorType::Rgba => (3, bytes.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect()),
        _ => (3, bytes),
    };
    Image::new(width, height, channels, bytes).map_err(|_| Error::damaged(file, "broken PNG: pixels are missing"))
}

fn jpeg(bytes: &[u8], file: &str) -> Result<Image> {
    let wrong = |e: &dyn std::fmt::Debug| Error::damaged(file, format!("broken JPEG: {e:?}"));
    if !bytes.windows(2).rev().take(64).any(|end| end == [0xff, 0xd9]) {
        return Err(Error::damaged(file, "broken JPEG: it has no end"));
    }
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| wrong(&e))?;
    let info = decoder.info().ok_or_else(|| wrong(&"no header"))?;
    check(info.width.into(), info.height.into(), file)?;
    let (channels, colours) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (1, ColorSpace::Luma),
        _ => (3, ColorSpace::RGB),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let bytes = decoder.decode().map_err(|e| wrong(&e))?;
    Image::new(info.width.into(), info.height.into(), channels, bytes).map_err(|_| wrong(&"pixels are missing"))
}
