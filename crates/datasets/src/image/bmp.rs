//! BMP: palettes, bit fields and run lengths.
//!
//! Written here: of the libraries, `zune-bmp` 0.5.2 reads rows of 1 and 4 bits wrongly, and `image` 0.25 brings a colour
//! management with it.

use super::{Image, check};
use crate::{Error, Result};

/// What the headers say.
struct Header {
    width: usize,
    height: usize,
    top_down: bool,
    bits: usize,
    compression: u32,
    /// Where the pixels begin.
    offset: usize,
    /// Red, green and blue of each index.
    palette: Vec<[u8; 3]>,
    /// Where red, green and blue are in a pixel of 16 or 32 bits.
    masks: [u32; 3],
}

const RUNS_8: u32 = 1;
const RUNS_4: u32 = 2;
const FIELDS: [u32; 2] = [3, 6];

pub(super) fn decode(bytes: &[u8], file: &str) -> Result<Image> {
    let broken = |problem: &str| Error::damaged(file, format!("broken BMP: {problem}"));
    let header = Header::read(bytes, file)?;
    let (width, height) = (header.width, header.height);
    let body = bytes.get(header.offset..).ok_or_else(|| broken("its pixels are missing"))?;
    let mut pixels = if header.palette.is_empty() {
        header.colours(body).ok_or_else(|| broken("its pixels are missing"))?
    } else {
        let indices = match header.compression {
            0 => header.indices(body),
            _ => header.runs(body),
        };
        let indices = indices.ok_or_else(|| broken("its pixels are missing"))?;
        header.paint(&indices).ok_or_else(|| broken("a pixel's colour is not in its palette"))?
    };
    let channels = pixels.len() / (width * height);
    if !header.top_down {
        flip(&mut pixels, width * channels);
    }
    Image::new(width, height, channels, pixels).map_err(|_| broken("its pixels are missing"))
}

/// Turns the order of rows round, where they are: a copy would be the largest that decoding takes.
fn flip(pixels: &mut [u8], row: usize) {
    let mut rows = pixels.chunks_exact_mut(row);
    while let (Some(first), Some(last)) = (rows.next(), rows.next_back()) {
        first.swap_with_slice(last);
    }
}

impl Header {
    fn read(bytes: &[u8], file: &str) -> Result<Self> {
        let torn = || Error::damaged(file, "broken BMP: its header is torn");
        let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let half = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let offset = word(10).ok_or_else(torn)? as usize;
        let size = word(14).ok_or_else(torn)? as usize;
        let (width, height, bits, compression, colors) = if size == 12 {
            let [width, height, bits] = [18, 20, 24].map(half);
            (width.map(i32::from), height.map(i32::from), bits, Some(0), Some(0))
        } else {
            (word(18).map(|w| w as i32), word(22).map(|h| h as i32), half(28), word(30), word(46))
        };
        let (Some(width), Some(height), Some(bits), Some(compression), Some(colors)) = (width, height, bits, compression, colors) else {
            return Err(torn());
        };
        check(width.unsigned_abs().into(), height.unsigned_abs().into(), file)?;
        if width <= 0 || height == 0 || !(12..=1024).contains(&size) {
            return Err(torn());
        }
        let right = match compression {
            0 => matches!(bits, 1 | 4 | 8 | 16 | 24 | 32),
            RUNS_8 => bits == 8 && height > 0,
            RUNS_4 => bits == 4 && height > 0,
            _ => FIELDS.contains(&compression) && matches!(bits, 16 | 32),
        };
        if !right {
            let reason = format!("BMP of {bits} bits with compression {compression}: convert it to PNG (magick IMAGE IMAGE.png)");
            return Err(Error::Refused { file: file.into(), reason });
        }
        let masks = match (FIELDS.contains(&compression), bits) {
            (true, _) => [54, 58, 62].map(|at| word(at).unwrap_or(0)),
            (_, 16) => [0x7c00, 0x03e0, 0x001f],
            _ => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff],
        };
        if masks.contains(&0) {
            return Err(torn());
        }
        let mut palette = Vec::new();
        if bits <= 8 {
            let most = 1 << bits;
            let count = if colors == 0 { most } else { (colors as usize).min(most) };
            let entry = if size == 12 { 3 } else { 4 };
            let table = bytes.get(14 + size..offset.min(bytes.len())).unwrap_or(&[]);
            palette = table.chunks_exact(entry).take(count).filter_map(|e| e.first_chunk().map(|&[b, g, r]| [r, g, b])).collect();
            if palette.is_empty() {
                return Err(torn());
            }
        }
        let (width, top_down, height) = (width as usize, height < 0, height.unsigned_abs() as usize);
        Ok(Self { width, height, top_down, bits: bits.into(), compression, offset, palette, masks })
    }

    /// The colours of indices: one byte a pixel where the palette is gray, else three.
    fn paint(&self, indices: &[u8]) -> Option<Vec<u8>> {
        let kept = if self.palette.iter().all(|[r, g, b]| r == g && g == b) { 1 } else { 3 };
        let mut pixels = Vec::with_capacity(kept * indices.len());
        for &index in indices {
            pixels.extend_from_slice(self.palette.get(usize::from(index))?.get(..kept)?);
        }
        Some(pixels)
    }

    /// Rows as they are stored: of whole words.
    fn rows<'a>(&self, body: &'a [u8]) -> Option<std::slice::ChunksExact<'a, u8>> {
        let row = (self.width * self.bits).div_ceil(32) * 4;
        Some(body.get(..row * self.height)?.chunks_exact(row))
    }

    /// Red, green and blue of pixels of 16, 24 and 32 bits.
    fn colours(&self, body: &[u8]) -> Option<Vec<u8>> {
        // Shift and largest value of each field.
        let fields = self.masks.map(|mask| (mask, mask.trailing_zeros(), u64::from(mask >> mask.trailing_zeros())));
        let split = |pixel: u32| fields.map(|(mask, shift, most)| (u64::from((pixel & mask) >> shift) * 255 / most) as u8);
        let mut pixels = Vec::with_capacity(3 * self.width * self.height);
        for row in self.rows(body)? {
            match self.bits {
                16 => pixels.extend(row.as_chunks::<2>().0.iter().take(self.width).flat_map(|&p| split(u16::from_le_bytes(p).into()))),
                24 => pixels.extend(row.as_chunks::<3>().0.iter().take(self.width).flat_map(|&[b, g, r]| [r, g, b])),
                _ => pixels.extend(row.as_chunks::<4>().0.iter().take(self.width).flat_map(|&p| split(u32::from_le_bytes(p)))),
            }
        }
        Some(pixels)
    }

    /// Indices of 1, 4 and 8 bits.
    fn indices(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (bits, mask) = (self.bits, ((1_u16 << self.bits) - 1) as u8);
        let index = |row: &[u8], x: usize| row.get(x * bits / 8).map(|byte| byte >> (8 - bits - x * bits % 8) & mask);
        self.rows(body)?.flat_map(|row| (0..self.width).map(move |x| index(row, x))).collect()
    }

    /// Indices from run lengths: pairs of a count and a value (of two values in turn for 4 bits), and after a zero the
    /// end of a row, the end of all, a step, or so many values as they are, to a whole word.
    fn runs(&self, body: &[u8]) -> Option<Vec<u8>> {
        let four = self.compression == RUNS_4;
        // Two bytes hold 255 pixels at most: what claims far more takes no memory.
        if self.width * self.height > 128 * body.len() {
            return None;
        }
        let nibble = |byte: u8, i: usize| {
            if !four {
                byte
            } else if i.is_multiple_of(2) {
                byte >> 4
            } else {
                byte & 15
            }
        };
        let mut indices = vec![0; self.width * self.height];
        let (mut x, mut y, mut at) = (0_usize, 0_usize, 0_usize);
        let mut put = |x: usize, y: usize, value: u8| {
            // What lies outside is dropped, as Pillow drops it.
            if x < self.width
                && let Some(place) = indices.get_mut(y * self.width + x)
            {
                *place = value;
            }
        };
        loop {
            let &[count, value] = body.get(at..)?.first_chunk()?;
            at += 2;
            match (count, value) {
                (0, 0) => (x, y) = (0, y + 1),
                (0, 1) => return Some(indices),
                (0, 2) => {
                    let &[across, up] = body.get(at..)?.first_chunk()?;
                    at += 2;
                    (x, y) = (x + usize::from(across), y + usize::from(up));
                }
                (0, count) => {
                    let length = if four { usize::from(count).div_ceil(2) } else { count.into() };
                    let values = body.get(at..at + length)?;
                    at += length.next_multiple_of(2);
                    for i in 0..count.into() {
                        put(x + i, y, nibble(*values.get(if four { i / 2 } else { i })?, i));
                    }
                    x += usize::from(count);
                }
                _ => {
                    (0..count.into()).for_each(|i| put(x + i, y, nibble(value, i)));
                    x += usize::from(count);
                }
            }
        }
    }
}
