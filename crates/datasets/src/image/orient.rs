//! Turning an image as its file says.

use super::Image;

impl Image {
    /// The image as TIFF's tag 274 (`Orientation`, TIFF 6.0 p. 36) says it is to be shown: 2 to 8 mirror it, turn it, or
    /// both; all others leave it, as Pillow does.
    pub(super) fn oriented(self, orientation: u16) -> Self {
        // Whether rows become columns, and whether rows and columns are then counted from the other end.
        let (turned, from_below, from_the_right) = match orientation {
            2 => (false, false, true),
            3 => (false, true, true),
            4 => (false, true, false),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => return self,
        };
        let (width, height) = if turned { (self.height, self.width) } else { (self.width, self.height) };
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for y in 0..height {
            for x in 0..width {
                let (row, column) = if turned { (x, y) } else { (y, x) };
                let row = if from_below { self.height - 1 - row } else { row };
                let column = if from_the_right { self.width - 1 - column } else { column };
                let at = (row * self.width + column) * self.channels;
                bytes.extend_from_slice(self.bytes.get(at..at + self.channels).unwrap_or_default());
            }
        }
        Self { width, height, bytes, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three pixels, turned by Pillow 13's reading of a TIFF of each orientation.
    #[test]
    fn every_orientation_is_what_pillow_makes_of_it() {
        let stored = [0, 1, 2, 3, 4, 5];
        let shown: [(u16, usize, [u8; 6]); 10] = [
            (0, 3, stored),
            (1, 3, stored),
            (2, 3, [2, 1, 0, 5, 4, 3]),
            (3, 3, [5, 4, 3, 2, 1, 0]),
            (4, 3, [3, 4, 5, 0, 1, 2]),
            (5, 2, [0, 3, 1, 4, 2, 5]),
            (6, 2, [3, 0, 4, 1, 5, 2]),
            (7, 2, [5, 2, 4, 1, 3, 0]),
            (8, 2, [2, 5, 1, 4, 0, 3]),
            (9, 3, stored),
        ];
        for (orientation, width, expected) in shown {
            let grey = Image::new(3, 2, 1, stored.to_vec()).unwrap().oriented(orientation);
            assert_eq!((grey.width(), grey.height(), grey.bytes()), (width, 6 / width, &expected[..]), "{orientation}");
            let colour = Image::new(3, 2, 1, stored.to_vec()).unwrap().with_channels(3).oriented(orientation);
            assert_eq!(colour, grey.with_channels(3), "{orientation}");
        }
    }
}
