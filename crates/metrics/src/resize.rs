//! Images of any size to the 299 x 299 that the network sees: the step in which published FIDs differ silently.
//!
//! - [`Resize::Legacy`], what `pytorch-fid` does: bytes / 255, bilinear without antialiasing (`align_corners=False`),
//!   then 2 x - 1.
//! - [`Resize::Tensorflow`], what TensorFlow 1 did in the original code, and what `torch-fidelity` does: bilinear without
//!   antialiasing, the corner of a pixel taken for its centre, then (x - 128) / 128.
//! - [`Resize::Clean`], what `clean-fid` does: Pillow's antialiased bicubic filter on each channel as floats, cut to
//!   \[0, 255\], not rounded, then (x - 128) / 128 (Parmar, Zhang, Zhu, "On Aliased Resizing and Surprising Subtleties in
//!   GAN Evaluation", 2022).
//! - [`Resize::CleanBytes`], the same filter on bytes, rounded to bytes after each of its two passes as Pillow does for
//!   images, then (x - 128) / 128: what a tool that stores resized images measures.
//!
//! The channel of a grayscale image is repeated three times, and a number on such images means little.

use std::borrow::Cow;

use vimae_core::ImageShape;

mod bicubic;

/// Rows and columns that the network sees.
pub const SIDE: usize = 299;

/// An image as bytes.
#[derive(Debug, Clone, Copy)]
pub struct ImageView<'a> {
    /// Its shape; one channel or three.
    pub shape: ImageShape,
    /// `[C, H, W]`
    pub bytes: &'a [u8],
}

impl<'a> ImageView<'a> {
    /// Whether it has one channel, or three that are the same: a grayscale image that was saved as RGB.
    pub fn is_grayscale(&self) -> bool {
        let planes = self.bytes.chunks_exact((self.shape.height * self.shape.width).max(1));
        self.shape.channels == 1 || (self.shape.channels == 3 && planes.clone().zip(planes.skip(1)).all(|(a, b)| a == b))
    }

    /// The bytes of the image with `channels` of 1 or 3: one is repeated, three that are the same become one, and colours
    /// become their brightness as in Pillow's "L" (ITU-R 601-2). None for other numbers of channels.
    pub fn with_channels(&self, channels: usize) -> Option<Cow<'a, [u8]>> {
        match (self.shape.channels, channels) {
            (own, wanted) if own == wanted => Some(Cow::Borrowed(self.bytes)),
            (1, 3) => Some(Cow::Owned(self.bytes.repeat(3))),
            (3, 1) if self.is_grayscale() => Some(Cow::Borrowed(self.plane(0))),
            (3, 1) => {
                let rgb = self.plane(0).iter().zip(self.plane(1)).zip(self.plane(2));
                Some(Cow::Owned(rgb.map(|((r, g), b)| vimae_core::data::luma([*r, *g, *b])).collect()))
            }
            _ => None,
        }
    }

    /// The plane of a channel; the only one where there is only one.
    fn plane(&self, channel: usize) -> &'a [u8] {
        let size = self.shape.height * self.shape.width;
        let channel = if self.shape.channels == 1 { 0 } else { channel };
        self.bytes.get(channel * size..(channel + 1) * size).unwrap_or(&[])
    }
}

/// How images are brought to 299 x 299.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// As `pytorch-fid`.
    Legacy,
    /// As TensorFlow 1 and `torch-fidelity`.
    Tensorflow,
    /// As `clean-fid`.
    Clean,
    /// As [`Resize::Clean`], rounded to bytes.
    CleanBytes,
}

impl Resize {
    /// Every way, by name.
    pub const ALL: [Self; 4] = [Self::Legacy, Self::Tensorflow, Self::Clean, Self::CleanBytes];

    /// The name in protocols.
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Tensorflow => "tensorflow",
            Self::Clean => "clean",
            Self::CleanBytes => "clean_bytes",
        }
    }

    /// What the network sees of an image: `[299, 299, 3]`.
    pub fn input(self, image: &ImageView<'_>) -> Vec<f32> {
        let ImageShape { channels, height, width } = image.shape;
        interleaved(channels, |channel| self.plane(image.plane(channel), height, width))
    }

    fn plane(self, bytes: &[u8], height: usize, width: usize) -> Vec<f32> {
        let centred = |v: f32| (v - 128.0) / 128.0;
        match self {
            Self::Legacy => legacy_plane(&bytes.iter().map(|&b| f32::from(b) / 255.0).collect::<Vec<_>>(), height, width),
            Self::Tensorflow => {
                let plane: Vec<f32> = bytes.iter().map(|&b| f32::from(b)).collect();
                bilinear(&plane, height, width, Origin::Corner).into_iter().map(centred).collect()
            }
            Self::Clean => bicubic::floats(bytes, height, width, SIDE).into_iter().map(|v| centred(v.clamp(0.0, 255.0))).collect(),
            Self::CleanBytes => bicubic::bytes(bytes, height, width, SIDE).into_iter().map(|v| centred(f32::from(v))).collect(),
        }
    }
}

/// [`Resize::Legacy`] of an image in \[0, 1\], `[C, H, W]`, that was never bytes.
pub(crate) fn legacy_input(pixels: &[f32], shape: ImageShape) -> Vec<f32> {
    let size = shape.height * shape.width;
    let plane = |channel: usize| pixels.get(channel * size..(channel + 1) * size).unwrap_or(&[]);
    interleaved(shape.channels, |channel| legacy_plane(plane(channel), shape.height, shape.width))
}

fn legacy_plane(unit: &[f32], height: usize, width: usize) -> Vec<f32> {
    bilinear(unit, height, width, Origin::Centre).into_iter().map(|v| 2.0 * v - 1.0).collect()
}

/// Three planes, or one three times, pixel by pixel.
fn interleaved(channels: usize, plane: impl Fn(usize) -> Vec<f32>) -> Vec<f32> {
    let mut out = vec![0.0; SIDE * SIDE * 3];
    if channels == 1 {
        out.as_chunks_mut::<3>().0.iter_mut().zip(plane(0)).for_each(|(pixel, value)| *pixel = [value; 3]);
    } else {
        for channel in 0..3 {
            out.as_chunks_mut::<3>().0.iter_mut().zip(plane(channel)).for_each(|(pixel, value)| pixel[channel] = value);
        }
    }
    out
}

/// Where in a pixel its value stands.
#[derive(Clone, Copy)]
enum Origin {
    Centre,
    Corner,
}

/// Bilinear without antialiasing, in f32 as PyTorch and TensorFlow compute it.
fn bilinear(plane: &[f32], height: usize, width: usize, origin: Origin) -> Vec<f32> {
    let taps = |size: usize| -> Vec<(usize, usize, f32)> {
        let scale = size as f32 / SIDE as f32;
        let tap = |i: usize| {
            let at = match origin {
                Origin::Centre => (scale * (i as f32 + 0.5) - 0.5).max(0.0),
                Origin::Corner => scale * i as f32,
            };
            let low = (at as usize).min(size.saturating_sub(1));
            (low, (low + 1).min(size.saturating_sub(1)), at - low as f32)
        };
        (0..SIDE).map(tap).collect()
    };
    let columns = taps(width);
    let mut out = Vec::with_capacity(SIDE * SIDE);
    for (top, bottom, down) in taps(height) {
        let row = |y: usize| plane.get(y * width..(y + 1) * width).unwrap_or(&[]);
        let (top, bottom) = (row(top), row(bottom));
        let mix = |row: &[f32], low: usize, high: usize, across: f32| {
            let value = |x: usize| row.get(x).copied().unwrap_or(0.0);
            (1.0 - across) * value(low) + across * value(high)
        };
        out.extend(
            columns.iter().map(|&(low, high, across)| (1.0 - down) * mix(top, low, high, across) + down * mix(bottom, low, high, across)),
        );
    }
    out
}

#[cfg(test)]
mod tests;
