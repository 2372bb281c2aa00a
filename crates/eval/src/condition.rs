//! What is done to test images before they are encoded, for the robustness tables.

use candle_core::Tensor;
use vimae_core::{PixelRange, Result, Streams, corruption};
use vimae_spec::MaskFill;

/// A corruption of test images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// None.
    Clean,
    /// Normal noise of this standard deviation on every value, not clipped.
    Gaussian(f64),
    /// Pixels lost with this probability, and what is left in their place.
    Mask(f64, MaskFill),
}

/// The conditions of the paper's tables with the names of their metrics.
pub const CONDITIONS: [(&str, Condition); 6] = [
    ("accuracy.clean", Condition::Clean),
    ("accuracy.gaussian_0_2", Condition::Gaussian(0.2)),
    ("accuracy.gaussian_0_3", Condition::Gaussian(0.3)),
    ("accuracy.gaussian_0_4", Condition::Gaussian(0.4)),
    ("accuracy.mask_0_2", Condition::Mask(0.2, MaskFill::Black)),
    ("accuracy.mask_0_5", Condition::Mask(0.5, MaskFill::Black)),
];

/// The conditions of the protocols whose masks leave `fill`, the first of them clean: all, or for another fill than the
/// tables' those that it changes.
pub fn conditions(fill: MaskFill) -> Vec<(&'static str, Condition)> {
    let filled = |(name, condition): (&'static str, Condition)| match condition {
        Condition::Mask(p, _) => Some((name, Condition::Mask(p, fill))),
        Condition::Clean => Some((name, condition)),
        Condition::Gaussian(_) => (fill == MaskFill::Black).then_some((name, condition)),
    };
    CONDITIONS.into_iter().filter_map(filled).collect()
}

impl Condition {
    /// Figures `[N, C, H, W]` in `range` under this condition; the first is number `first` of its split, on which
    /// alone the noise depends.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn apply(self, images: &Tensor, range: PixelRange, streams: &Streams, first: usize) -> Result<Tensor> {
        let (scale, black) = range.affine();
        match self {
            Self::Clean => Ok(images.clone()),
            Self::Gaussian(sigma) => corruption::gaussian(images, sigma, streams, first as u64, None),
            Self::Mask(p, fill) => {
                let fill = match fill {
                    MaskFill::Black => f64::from(black),
                    MaskFill::Grey => f64::from(black) + 127.5 * f64::from(scale),
                };
                corruption::mask(images, p, streams, first as u64, fill)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn grey_changes_masks_alone() {
        assert_eq!(conditions(MaskFill::Black), CONDITIONS);
        let grey: Vec<&str> = conditions(MaskFill::Grey).into_iter().map(|(name, _)| name).collect();
        assert_eq!(grey, ["accuracy.clean", "accuracy.mask_0_2", "accuracy.mask_0_5"]);
    }

    #[test]
    fn a_mask_leaves_black_or_grey_whatever_the_range() {
        let grey = Tensor::ones((3, 1, 8, 8), DType::F32, &Device::Cpu).unwrap();
        for (range, left) in [(PixelRange::Unit, [0.0, 0.5]), (PixelRange::Symmetric, [-1.0, 0.0])] {
            for (fill, left) in [MaskFill::Black, MaskFill::Grey].into_iter().zip(left) {
                let masked = Condition::Mask(0.5, fill).apply(&grey, range, &Streams::new(1), 0).unwrap();
                let values = masked.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let lost = |v: f32| (v - left).abs() < 1e-6;
                assert!(values.iter().all(|v| *v == 1.0 || lost(*v)) && values.iter().any(|v| lost(*v)));
            }
        }
    }
}
