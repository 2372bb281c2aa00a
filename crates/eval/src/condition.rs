//! What is done to test pictures before they are encoded, for the robustness tables.

use candle_core::Tensor;
use vimae_core::{PixelRange, Result, Streams, corruption};

/// A corruption of test pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// None.
    Clean,
    /// Normal noise of this standard deviation on every value, not clipped.
    Gaussian(f64),
    /// Pixels black with this probability.
    Mask(f64),
}

/// The conditions of the paper's tables with the names of their metrics.
pub const CONDITIONS: [(&str, Condition); 6] = [
    ("accuracy.clean", Condition::Clean),
    ("accuracy.gaussian_0_2", Condition::Gaussian(0.2)),
    ("accuracy.gaussian_0_3", Condition::Gaussian(0.3)),
    ("accuracy.gaussian_0_4", Condition::Gaussian(0.4)),
    ("accuracy.mask_0_2", Condition::Mask(0.2)),
    ("accuracy.mask_0_5", Condition::Mask(0.5)),
];

impl Condition {
    /// Pictures `[N, C, H, W]` in `range` under this condition; the first is number `first` of its split, on which
    /// alone the noise depends.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn apply(self, pictures: &Tensor, range: PixelRange, streams: &Streams, first: usize) -> Result<Tensor> {
        let black = f64::from(range.affine().1);
        match self {
            Self::Clean => Ok(pictures.clone()),
            Self::Gaussian(sigma) => corruption::gaussian(pictures, sigma, streams, first as u64, None),
            Self::Mask(p) => corruption::mask(pictures, p, streams, first as u64, black),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn a_mask_leaves_black_whatever_the_range() {
        let grey = Tensor::ones((3, 1, 8, 8), DType::F32, &Device::Cpu).unwrap();
        for (range, black) in [(PixelRange::Unit, 0.0), (PixelRange::Symmetric, -1.0)] {
            let masked = Condition::Mask(0.5).apply(&grey, range, &Streams::new(1), 0).unwrap();
            let values = masked.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert!(values.iter().all(|v| *v == 1.0 || *v == black) && values.contains(&black));
        }
    }
}
