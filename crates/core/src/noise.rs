//! Noise on the pixels that the encoder sees while training.

use candle_core::Tensor;
use rand::Rng;
use rayon::prelude::*;

use crate::{Purpose, Result, Streams};

/// Values that one task scales at least.
const PIECE: usize = 1 << 15;

/// How the encoder's input is disturbed in training; the distortion is taken against the clean image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PixelNoise {
    /// Not at all.
    None,
    /// Normal with this standard deviation, redrawn beyond two standard deviations.
    Truncated(f64),
    /// Normal with this standard deviation, clipped at one standard deviation.
    Clipped(f64),
    /// Normal with this standard deviation.
    Gaussian(f64),
    /// Each pixel, in all its channels, set to `fill` with probability `p`.
    Mask {
        /// Share of the pixels, 0 to 1.
        p: f64,
        /// Their value, in pixel units.
        fill: f64,
    },
}

impl PixelNoise {
    /// What is added to `images`, of their shape, at `step`; `None` where there is nothing.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn draw(self, images: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Option<Tensor>> {
        let count = images.elem_count();
        let normal = |rng: &mut rand_chacha::ChaCha8Rng| rng.sample::<f32, _>(rand_distr::StandardNormal);
        let (mut values, std) = match self {
            Self::None => return Ok(None),
            Self::Mask { p, fill } => return masked(images, p, fill, streams, purpose, step).map(Some),
            Self::Truncated(std) => (streams.truncated_normal(purpose, step, count, 2.0), std),
            Self::Clipped(std) => (streams.fill(purpose, step, count, |rng| normal(rng).clamp(-1.0, 1.0)), std),
            Self::Gaussian(std) => (streams.normal(purpose, step, count), std),
        };
        values.par_iter_mut().with_min_len(PIECE).for_each(|v| *v *= std as f32);
        Ok(Some(Tensor::from_vec(values, images.shape(), images.device())?.to_dtype(images.dtype())?))
    }
}

/// The difference that masking makes: `fill - image` where a pixel is masked, 0 elsewhere.
fn masked(images: &Tensor, p: f64, fill: f64, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
    let (n, _, h, w) = images.dims4()?;
    let hit = streams.fill(purpose, step, n * h * w, |rng| f32::from(u8::from(rng.random::<f64>() < p)));
    let hit = Tensor::from_vec(hit, (n, 1, h, w), images.device())?.to_dtype(images.dtype())?;
    Ok(images.affine(-1.0, fill)?.broadcast_mul(&hit)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn added(noise: PixelNoise) -> Vec<f32> {
        let images = Tensor::full(0.5_f32, (10, 2, 30, 30), &Device::Cpu).unwrap();
        let noise = noise.draw(&images, &Streams::new(1), Purpose::PixelNoise, 0).unwrap().unwrap();
        noise.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn each_kind_keeps_its_bounds_and_spread() {
        assert!(added(PixelNoise::Truncated(0.01)).iter().all(|v| v.abs() <= 0.02));
        assert!(added(PixelNoise::Clipped(0.01)).iter().all(|v| v.abs() <= 0.01 + 1e-9));
        let gaussian = added(PixelNoise::Gaussian(0.3));
        let variance = gaussian.iter().map(|v| f64::from(v * v)).sum::<f64>() / gaussian.len() as f64;
        assert!((variance - 0.09).abs() < 0.003 && gaussian.iter().any(|v| v.abs() > 0.7), "{variance}");
    }

    #[test]
    fn a_mask_sets_whole_pixels_to_its_fill() {
        let added = added(PixelNoise::Mask { p: 0.25, fill: 0.0 });
        assert!(added.iter().all(|v| *v == 0.0 || *v == -0.5));
        let share = added.iter().filter(|v| **v != 0.0).count() as f64 / added.len() as f64;
        assert!((share - 0.25).abs() < 0.02, "{share}");
        for image in added.chunks(2 * 900) {
            assert_eq!(image[..900], image[900..]);
        }
    }
}
