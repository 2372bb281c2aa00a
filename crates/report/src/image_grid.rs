//! Images of images: many small images in one PNG.

use crate::{Error, Result};

/// Colour between the images: a grey that shows on dark and light pages.
const BETWEEN: u8 = 0x90;
/// Pixels of one PNG at most.
const MOST_PIXELS: u128 = 1 << 28;

/// Channels, height and width of an image whose bytes come channel by channel.
pub type Shape = (usize, usize, usize);

/// Draws images of `shape`, one after the other in `images`, row by row in a grid.
///
/// A pixel becomes a square of `scale` pixels; `gap` pixels separate the images. The places after the
/// last image of an incomplete row stay empty.
///
/// # Errors
/// Where a size is zero, the channels are neither 1 nor 3, or `images` is not a whole number of images.
pub fn grid_png(images: &[u8], shape: Shape, columns: usize, scale: usize, gap: usize) -> Result<Vec<u8>> {
    let size = check(images, shape, columns, scale)?;
    let images: Vec<&[u8]> = images.chunks_exact(size).collect();
    let columns = columns.min(images.len());
    let rows: Vec<(&[&[u8]], usize)> = images.chunks(columns).map(|row| (row, gap)).collect();
    draw(&rows, shape, columns, scale, gap)
}

/// One image as it is, with `origin` in the text chunk `Source`, which a file keeps when it is renamed.
///
/// # Errors
/// As [`grid_png`].
pub fn image_png(image: &[u8], shape: Shape, origin: &str) -> Result<Vec<u8>> {
    let size = check(image, shape, 1, 1)?;
    let (channels, height, width) = shape;
    if image.len() != size {
        return Err(Error::Length { what: "bytes of the image", expected: format!("{channels} x {height} x {width}"), got: image.len() });
    }
    let pixels: Vec<u8> =
        (0..height * width).flat_map(|at| (0..channels).map(move |channel| image[channel * height * width + at])).collect();
    encode(&pixels, width as u32, height as u32, channels, Some(origin))
}

/// Draws each row of originals directly above the row of their reconstructions; a wider gap separates the pairs.
///
/// # Errors
/// As [`grid_png`], and where there are not as many reconstructions as originals.
pub fn reconstruction_png(originals: &[u8], reconstructions: &[u8], shape: Shape, columns: usize, scale: usize) -> Result<Vec<u8>> {
    let size = check(originals, shape, columns, scale)?;
    if reconstructions.len() != originals.len() {
        let expected = format!("{} bytes, as many as of the originals", originals.len());
        return Err(Error::Length { what: "bytes of the reconstructions", expected, got: reconstructions.len() });
    }
    let originals: Vec<&[u8]> = originals.chunks_exact(size).collect();
    let reconstructions: Vec<&[u8]> = reconstructions.chunks_exact(size).collect();
    let columns = columns.min(originals.len());
    let pairs = originals.chunks(columns).zip(reconstructions.chunks(columns));
    let rows: Vec<(&[&[u8]], usize)> = pairs.flat_map(|(above, below)| [(above, 0), (below, 4 * scale)]).collect();
    draw(&rows, shape, columns, scale, scale)
}

/// Bytes of one image.
fn check(images: &[u8], (channels, height, width): Shape, columns: usize, scale: usize) -> Result<usize> {
    for (what, value) in [("the height", height), ("the width", width), ("the number of columns", columns), ("the scale", scale)] {
        if value == 0 {
            return Err(Error::Zero { what });
        }
    }
    if !matches!(channels, 1 | 3) {
        return Err(Error::Channels { got: channels });
    }
    if images.is_empty() {
        return Err(Error::Zero { what: "the number of images" });
    }
    channels.checked_mul(height).and_then(|n| n.checked_mul(width)).filter(|size| images.len().is_multiple_of(*size)).ok_or_else(|| {
        let expected = format!("a multiple of {channels} x {height} x {width}");
        Error::Length { what: "bytes of the images", expected, got: images.len() }
    })
}

/// Draws rows of images, each row with the gap below it.
fn draw(rows: &[(&[&[u8]], usize)], shape: Shape, columns: usize, scale: usize, gap: usize) -> Result<Vec<u8>> {
    let (channels, height, width) = shape;
    let wide = |n: usize| n as u128;
    let total_width = wide(columns) * wide(width) * wide(scale) + wide(columns - 1) * wide(gap);
    let gaps: u128 = rows.iter().rev().skip(1).map(|(_, gap)| wide(*gap)).sum();
    let total_height = wide(rows.len()) * wide(height) * wide(scale) + gaps;
    if total_width.saturating_mul(total_height) > MOST_PIXELS {
        return Err(Error::TooLarge { width: total_width, height: total_height, limit: MOST_PIXELS });
    }
    // Both are at most `MOST_PIXELS` here, so the casts are exact.
    let (total_width, total_height) = (total_width as usize, total_height as usize);
    let mut canvas = vec![BETWEEN; total_width * total_height * channels];
    let mut top = 0;
    for (images, gap_below) in rows {
        for (column, image) in images.iter().enumerate() {
            let left = column * (width * scale + gap);
            for y in 0..height * scale {
                let start = ((top + y) * total_width + left) * channels;
                let line = &mut canvas[start..start + width * scale * channels];
                for (x, pixel) in line.chunks_exact_mut(channels).enumerate() {
                    for (channel, value) in pixel.iter_mut().enumerate() {
                        *value = image[(channel * height + y / scale) * width + x / scale];
                    }
                }
            }
        }
        top += height * scale + gap_below;
    }
    encode(&canvas, total_width as u32, total_height as u32, channels, None)
}

/// The image with one pixel for each square of `n` x `n` equal ones, for the largest `n` up to 4; none where that is 1.
pub(crate) fn natural(pixels: &[u8], width: u32, height: u32, colour: png::ColorType) -> Option<Vec<u8>> {
    let channels = match colour {
        png::ColorType::Grayscale => 1,
        png::ColorType::Rgb => 3,
        _ => return None,
    };
    let (columns, rows) = (width as usize, height as usize);
    let at = |x: usize, y: usize| pixels.get((y * columns + x) * channels..(y * columns + x + 1) * channels);
    let squares = |n: &usize| {
        let n = *n;
        let same = |x: usize, y: usize| at(x, y) == at(x / n * n, y / n * n);
        columns.is_multiple_of(n) && rows.is_multiple_of(n) && (0..rows).all(|y| (0..columns).all(|x| same(x, y)))
    };
    let n = [4, 3, 2].into_iter().find(squares)?;
    let kept = (0..rows).step_by(n).flat_map(|y| (0..columns).step_by(n).filter_map(move |x| at(x, y)));
    let kept: Vec<u8> = kept.flatten().copied().collect();
    encode(&kept, (columns / n) as u32, (rows / n) as u32, channels, None).ok()
}

fn encode(pixels: &[u8], width: u32, height: u32, channels: usize, origin: Option<&str>) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    if let Some(origin) = origin {
        encoder.add_itxt_chunk("Source".into(), origin.into())?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}
