//! # All images, turned
//! One task for each angle: all images turned counter-clockwise about their centre, bilinear, with black where nothing was.
//! Labels stay. Known as rotated MNIST; turning by a multiple of 90 degrees is exact on square images.

use std::sync::Arc;

use vimae_core::{Dataset, Entry, ImageSet, settings::Schema};

use crate::{BuildStream, Result, Stream, Task};

pub(crate) const ENTRY: Entry<BuildStream> = Entry {
    name: "rotated",
    summary: "all images rotated by one angle after another",
    source: "Lopez-Paz and Ranzato, Gradient Episodic Memory for Continual Learning, 2017",
    settings: Schema::of::<Rotated>,
    build: |settings| Ok(Box::new(settings.read::<Rotated>()?)),
};

vimae_core::settings! {
    /// The angles.
    struct Rotated {
        /// degrees, one task each
        #[schemars(inner(range(min = -360.0, max = 360.0)))]
        angles: Vec<f64> = vec![0.0, 45.0, 90.0, 135.0];
    }
}

impl Stream for Rotated {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn tasks(&self, dataset: &Arc<dyn Dataset>) -> Result<Vec<Task>> {
        let one = |angle: &f64| {
            let name = format!("{angle} degrees");
            Task::of(dataset.as_ref(), (name, &format!("turned by {angle} degrees, bilinear")), &|_, set| turned(set, *angle))
        };
        self.angles.iter().map(one).collect()
    }
}

/// Every image turned counter-clockwise by `degrees`.
fn turned(set: &ImageSet, degrees: f64) -> vimae_core::Result<ImageSet> {
    let (height, width) = (set.shape().height, set.shape().width);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle_y, middle_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
    // Where the pixel at each place comes from, in rows downwards.
    let from = |place: usize| {
        let (y, x) = ((place / width) as f64 - middle_y, (place % width) as f64 - middle_x);
        (x * sin + y * cos + middle_y, x * cos - y * sin + middle_x)
    };
    let sources: Vec<(f64, f64)> = (0..height * width).map(from).collect();
    let mut pixels = Vec::with_capacity(set.pixels().len());
    for plane in set.pixels().chunks_exact((height * width).max(1)) {
        let at = |y: f64, x: f64| {
            let inside = (0.0..height as f64).contains(&y) && (0.0..width as f64).contains(&x);
            let byte = plane.get(y as usize * width + x as usize).filter(|_| inside);
            byte.map_or(0.0, |byte| f64::from(*byte))
        };
        for &(y, x) in &sources {
            let (top, left) = (y.floor(), x.floor());
            let (down, right) = (y - top, x - left);
            let upper = at(top, left) * (1.0 - right) + at(top, left + 1.0) * right;
            let lower = at(top + 1.0, left) * (1.0 - right) + at(top + 1.0, left + 1.0) * right;
            pixels.push((upper * (1.0 - down) + lower * down).round() as u8);
        }
    }
    ImageSet::new(set.shape(), pixels, set.labels().to_vec())
}

#[cfg(test)]
mod tests {
    use vimae_core::ImageShape;

    use super::*;

    fn square() -> ImageSet {
        let shape = ImageShape { channels: 2, height: 3, width: 3 };
        ImageSet::new(shape, (1..=18).collect(), vec![4]).unwrap()
    }

    #[test]
    fn a_quarter_turn_goes_counter_clockwise_and_four_are_none() {
        let quarter = turned(&square(), 90.0).unwrap();
        assert_eq!(quarter.pixels()[..9], [3, 6, 9, 2, 5, 8, 1, 4, 7]);
        assert_eq!(quarter.pixels()[9..12], [12, 15, 18]);
        assert_eq!(turned(&quarter, 270.0).unwrap().pixels(), square().pixels());
        assert_eq!(turned(&square(), 0.0).unwrap().pixels(), square().pixels());
    }

    #[test]
    fn an_eighth_turn_keeps_the_middle_and_leaves_black_corners() {
        let eighth = turned(&square(), 45.0).unwrap();
        assert_eq!(eighth.pixels()[4], 5);
        // The corner comes from 0.414 above pixel 2, at which the image ends: 0.586 of it.
        assert_eq!(eighth.pixels()[0], 1);
    }
}
