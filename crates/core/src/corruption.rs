//! Corruptions of images for the robustness tables (protocols.md: sigma 0.2, 0.3, 0.4; p 0.2, 0.5).
//!
//! Both are pure functions. Image `i` of a tensor draws from step `first + i` of [`Purpose::Corruption`], so that
//! the noise on a image depends on its place in the data set alone, not on how the set is cut into batches; and
//! all strengths of one seed scale the same draw.

use candle_core::Tensor;
use rand::Rng;

use crate::{Error, PixelRange, Purpose, Result, Streams};

/// `images` plus normal noise of standard deviation `sigma`, in units of the pixel values.
///
/// `images` are `[N, C, H, W]`; the first is number `first` of its data set. With `clip` the result is clipped to
/// that range; the protocol's default is not to clip.
///
/// # Errors
/// [`Error::Unsupported`] for a `sigma` that is negative or no number; [`Error::Tensor`] for tensors of another
/// rank or type.
pub fn gaussian(images: &Tensor, sigma: f64, streams: &Streams, first: u64, clip: Option<PixelRange>) -> Result<Tensor> {
    if !(sigma >= 0.0 && sigma.is_finite()) {
        return Err(out_of_range("Gaussian noise", format!("sigma = {sigma} is negative or no number")));
    }
    let (n, c, h, w) = images.dims4()?;
    let mut noise = Vec::with_capacity(n * c * h * w);
    for image in 0..n as u64 {
        noise.extend(streams.normal(Purpose::Corruption, first + image, c * h * w));
    }
    let noise = Tensor::from_vec(noise, (n, c, h, w), images.device())?.to_dtype(images.dtype())?;
    let noisy = (images + (noise * sigma)?)?;
    match clip {
        None => Ok(noisy),
        Some(range) => {
            let (scale, offset) = range.affine();
            Ok(noisy.clamp(offset, 255.0 * scale + offset)?)
        }
    }
}

/// `images` with every pixel, in all its channels, set to `fill` with probability `p`.
///
/// `images` are `[N, C, H, W]`; the first is number `first` of its data set. The protocol fills with black, the
/// lower end of the range; on \[-1, 1\] mid-grey, 0, is an option.
///
/// # Errors
/// [`Error::Unsupported`] for a `p` outside \[0, 1\]; [`Error::Tensor`] for tensors of another rank or type.
pub fn mask(images: &Tensor, p: f64, streams: &Streams, first: u64, fill: f64) -> Result<Tensor> {
    if !(0.0..=1.0).contains(&p) {
        return Err(out_of_range("mask", format!("p = {p} is not between 0 and 1")));
    }
    let (n, _, h, w) = images.dims4()?;
    let mut keep = Vec::with_capacity(n * h * w);
    for image in 0..n as u64 {
        keep.extend(streams.fill(Purpose::Corruption, first + image, h * w, |rng| u8::from(rng.random::<f64>() >= p)));
    }
    let keep = Tensor::from_vec(keep, (n, 1, h, w), images.device())?.broadcast_as(images.shape())?;
    let fill = Tensor::new(fill, images.device())?.to_dtype(images.dtype())?.broadcast_as(images.shape())?;
    Ok(keep.where_cond(images, &fill)?)
}

fn out_of_range(what: &str, reason: String) -> Error {
    Error::Unsupported { what: what.into(), reason }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn grey(n: usize) -> Tensor {
        Tensor::full(0.5_f32, (n, 3, 32, 32), &Device::Cpu).unwrap()
    }

    fn values(t: &Tensor) -> Vec<f32> {
        t.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn moments(values: &[f32]) -> (f64, f64) {
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / values.len() as f64)
    }

    #[test]
    fn noise_has_the_spread_asked_for_and_is_clipped_only_on_request() {
        let streams = Streams::new(1);
        let noisy = values(&gaussian(&grey(20), 0.3, &streams, 0, None).unwrap());
        let (mean, variance) = moments(&noisy);
        assert!((mean - 0.5).abs() < 0.005 && (variance - 0.09).abs() < 0.002, "{mean} {variance}");
        assert!(noisy.iter().any(|&v| v > 1.0));
        let clipped = values(&gaussian(&grey(20), 0.3, &streams, 0, Some(PixelRange::Unit)).unwrap());
        assert!(noisy.iter().zip(&clipped).all(|(&n, &c)| c == n.clamp(0.0, 1.0)));
    }

    #[test]
    fn masks_hide_whole_pixels_with_the_probability_asked_for() {
        let masked = mask(&grey(20), 0.2, &Streams::new(1), 0, 0.0).unwrap();
        let share = values(&masked).iter().filter(|&&v| v == 0.0).count() as f64 / (20 * 3 * 32 * 32) as f64;
        assert!((share - 0.2).abs() < 0.01, "{share}");
        let (red, blue) = (masked.narrow(1, 0, 1).unwrap(), masked.narrow(1, 2, 1).unwrap());
        assert_eq!(values(&red), values(&blue));
        assert_eq!(values(&mask(&grey(1), 1.0, &Streams::new(1), 0, -1.0).unwrap()), vec![-1.0; 3 * 32 * 32]);
        assert_eq!(values(&mask(&grey(1), 0.0, &Streams::new(1), 0, -1.0).unwrap()), vec![0.5; 3 * 32 * 32]);
    }

    #[test]
    fn the_size_of_batches_changes_nothing() {
        let streams = Streams::new(4);
        for corrupt in [(|t, s, first| gaussian(t, 0.2, s, first, None).unwrap()) as fn(&Tensor, &Streams, u64) -> Tensor, |t, s, first| {
            mask(t, 0.5, s, first, 0.0).unwrap()
        }] {
            let whole = corrupt(&grey(6), &streams, 10);
            let parts = [corrupt(&grey(2), &streams, 10), corrupt(&grey(4), &streams, 12)];
            assert_eq!(values(&whole), values(&Tensor::cat(&parts, 0).unwrap()));
            assert_ne!(values(&whole), values(&corrupt(&grey(6), &Streams::new(5), 10)));
        }
    }

    #[test]
    fn strengths_without_meaning_are_refused() {
        let streams = Streams::new(1);
        assert!(gaussian(&grey(1), -0.1, &streams, 0, None).is_err());
        assert!(gaussian(&grey(1), f64::NAN, &streams, 0, None).is_err());
        assert!(mask(&grey(1), 1.5, &streams, 0, 0.0).is_err());
        let flat = Tensor::zeros((4, 4), DType::F32, &Device::Cpu).unwrap();
        assert!(mask(&flat, 0.5, &streams, 0, 0.0).is_err());
    }
}
