//! Feature maps, channels last.

use crate::error::{Error, Result};
use crate::real::unfilled;

/// Images or feature maps `[n, height, width, channels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    n: usize,
    height: usize,
    width: usize,
    channels: usize,
    data: Vec<f32>,
}

impl Map {
    /// Creates a map from `data` `[n, height, width, channels]`.
    ///
    /// # Errors
    /// Returns an error if `data` has another length.
    pub fn new(n: usize, height: usize, width: usize, channels: usize, data: Vec<f32>) -> Result<Self> {
        let wanted = [n, height, width, channels].into_iter().try_fold(1_usize, usize::checked_mul);
        if wanted != Some(data.len()) {
            let expected = format!("[{n}, {height}, {width}, {channels}]");
            return Err(Error::Shape { op: "inference::Map::new", argument: "data", expected, got: vec![data.len()] });
        }
        Ok(Self { n, height, width, channels, data })
    }

    /// Creates a map of zeros.
    pub fn zeros(n: usize, height: usize, width: usize, channels: usize) -> Self {
        Self { n, height, width, channels, data: vec![0.0; n * height * width * channels] }
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// The height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The elements in memory order.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Returns the mean over height and width, `[n, channels]`, summed in `f64`.
    pub fn mean(&self) -> Vec<f32> {
        let pixels = self.height * self.width;
        let mut means = Vec::with_capacity(self.n * self.channels);
        let mut sums = vec![0.0_f64; self.channels];
        for image in self.data.chunks_exact((pixels * self.channels).max(1)) {
            sums.fill(0.0);
            for pixel in image.chunks_exact(self.channels) {
                sums.iter_mut().zip(pixel).for_each(|(s, v)| *s += f64::from(*v));
            }
            means.extend(sums.iter().map(|s| (s / pixels as f64) as f32));
        }
        means
    }

    /// A map whose elements are all written before any is read.
    pub(super) fn unfilled(n: usize, height: usize, width: usize, channels: usize) -> Self {
        Self { n, height, width, channels, data: unfilled(n * height * width * channels) }
    }

    pub(super) fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// A result of `channels` channels goes into this map from channel `first` on.
    pub(super) fn check_target(
        &self,
        op: &'static str,
        n: usize,
        height: usize,
        width: usize,
        first: usize,
        channels: usize,
    ) -> Result<()> {
        let fits = first.checked_add(channels).is_some_and(|end| end <= self.channels);
        if (self.n, self.height, self.width) == (n, height, width) && fits {
            return Ok(());
        }
        let expected = format!("[{n}, {height}, {width}, {first} + {channels} or more]");
        Err(Error::Shape { op, argument: "out", expected, got: vec![self.n, self.height, self.width, self.channels] })
    }
}

/// Where results go: rows of `wide` elements, each from element `first` on.
pub(super) struct Target<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) wide: usize,
    pub(super) first: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_pixels_and_lengths_are_checked() {
        let map = Map::new(2, 1, 2, 2, vec![1.0, 2.0, 3.0, 6.0, 0.0, 0.0, 1.0, -1.0]).unwrap();
        assert_eq!(map.mean(), [2.0, 4.0, 0.5, -0.5]);
        assert!(Map::new(2, 1, 2, 2, vec![0.0; 7]).is_err());
        assert!(Map::new(usize::MAX, 2, 2, 2, vec![]).is_err());
        assert!(map.check_target("x", 2, 1, 2, 1, 1).is_ok());
        assert!(map.check_target("x", 2, 1, 2, 1, 2).is_err());
    }
}
