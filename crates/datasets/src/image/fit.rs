//! An image of any shape in a size that is asked for.

use vimae_core::ImageShape;

use super::Image;
use crate::Result;

impl Image {
    /// The image of `bytes`, channels first: `[C, H, W]`.
    ///
    /// # Errors
    /// As [`Image::new`].
    pub fn of_planes(shape: ImageShape, bytes: &[u8]) -> Result<Self> {
        let ImageShape { channels, height, width } = shape;
        let size = height * width;
        let pixels = (0..size).flat_map(|at| (0..channels).map(move |channel| channel * size + at));
        Self::new(width, height, channels, pixels.filter_map(|at| bytes.get(at).copied()).collect())
    }

    /// The largest part of the middle in the proportions of `width` and `height`, resized to them.
    ///
    /// # Errors
    /// As [`Image::resize`].
    pub fn fit(&self, width: usize, height: usize) -> Result<Self> {
        let (wide, high) = if self.width * height > self.height * width {
            (self.height * width / height.max(1), self.height)
        } else {
            (self.width, self.width * height / width.max(1))
        };
        self.centre(wide, high).resize(width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_resized_and_channels_keep_their_places() {
        let shape = ImageShape { channels: 3, height: 2, width: 4 };
        let planes: Vec<u8> = (0..24).collect();
        let image = Image::of_planes(shape, &planes).unwrap();
        assert_eq!(image.clone().into_planes(), planes);
        assert_eq!(image.fit(4, 2).unwrap(), image);
        assert_eq!(image.fit(2, 2).unwrap().into_planes(), [1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22]);
        let large = image.fit(3, 6).unwrap();
        assert_eq!((large.width(), large.height()), (3, 6));
        assert!(image.fit(0, 2).is_err() && Image::of_planes(shape, &planes[..23]).is_err());
    }
}
