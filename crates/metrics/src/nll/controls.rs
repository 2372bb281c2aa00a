//! Images that no model made, in the place of generated ones.
//!
//! What windows on them come to says what the number is worth: a model that stands below the mean image, or far from images of the
//! training split, is told apart by little else. They are the same for every model of a data set.

use candle_core::{Device, Tensor};
use vimae_core::{Evidence, ImageSet, PixelRange, Redraw, Result, Split, subset::drawn};

/// Such images.
pub(super) struct Control {
    /// What they are, for protocols.
    pub(super) name: &'static str,
    /// `[N, C, H, W]`, in the range of the data.
    pub(super) images: Tensor,
    /// What they are, in words.
    pub(super) note: String,
}

/// The mean of the training images, training images in each of these numbers, and the held-out images.
///
/// # Errors
/// As [`Evidence::held_out`].
pub(super) fn of(evidence: &dyn Evidence, numbers: &[usize]) -> Result<Vec<Control>> {
    let (train, range) = (evidence.images(Split::Train)?, evidence.range());
    let mut all = Vec::new();
    if !train.is_empty() {
        let note = "the mean of the training images".to_owned();
        all.push(Control { name: "mean_image", images: mean_image(train, range)?, note });
        let mut numbers: Vec<usize> = numbers.iter().map(|number| (*number).min(train.len())).collect();
        numbers.dedup();
        for number in numbers {
            let images = train.tensor(&drawn(train.len(), number), range, &Device::Cpu)?;
            all.push(Control { name: "train", images, note: format!("{number} training images") });
        }
    }
    let held_out = evidence.held_out()?;
    let count = held_out.images.dim(0)?;
    if count > 0 {
        all.push(Control { name: "held_out", images: held_out.images.clone(), note: held_out.words(count) });
    }
    Ok(all)
}

/// The mean of all images, `[1, C, H, W]`. Sums of bytes are exact.
fn mean_image(set: &ImageSet, range: PixelRange) -> Result<Tensor> {
    let shape = set.shape();
    let mut sums = vec![0_u64; shape.len()];
    for image in set.pixels().chunks_exact(shape.len().max(1)) {
        sums.iter_mut().zip(image).for_each(|(sum, byte)| *sum += u64::from(*byte));
    }
    let (scale, black) = range.affine();
    let noisy = matches!(set.redraw(), Some(Redraw::Uniform(_)));
    let mean = |sum: u64| {
        let byte = sum as f64 / set.len() as f64;
        // Uniform noise lies half a level above the byte, on average, and levels are then 256.
        let byte = if noisy { (byte + 0.5) * 255.0 / 256.0 } else { byte };
        (f64::from(black) + byte * f64::from(scale)) as f32
    };
    let values: Vec<f32> = sums.into_iter().map(mean).collect();
    Ok(Tensor::from_vec(values, (1, shape.channels, shape.height, shape.width), &Device::Cpu)?)
}
