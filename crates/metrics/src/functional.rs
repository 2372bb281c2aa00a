//! Distances of two sets of features that are tensors `[N, d]`: one row an image, one call a number.
//!
//! They give what [`fid::fid`], [`kid::kid`](mod@kid) and [`prdc::prdc`] give. Both tensors have to come from one network. Where features are
//! kept, take [`Features`], which remembers what made them and refuses those of another network.

use candle_core::Tensor;
use vimae_core::{Error, Result};

use crate::{
    features::{Features, Source},
    fid::{self, Frechet},
    kid::{self, Kid},
    prdc::{self, Prdc},
};

/// The Frechet distance of two sets of features (FID): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) for their means and
/// covariances (Heusel et al., 2017). Lower is better; 0 for equal Gaussians.
///
/// # Errors
/// [`Error::Shape`] where one is not `[N, d]` or they differ in d, [`Error::Data`] for values that are not finite,
/// [`Error::Unsupported`] for fewer than two rows.
pub fn frechet_distance(real: &Tensor, generated: &Tensor) -> Result<Frechet> {
    let (real, generated) = both(real, generated)?;
    fid::fid(&real, &generated)
}

/// The kernel distance of two sets of features (KID) with its standard error: the unbiased squared MMD under the kernel
/// (x . y / d + 1)^3 (Binkowski et al., 2018). Lower is better; it may be negative.
///
/// # Errors
/// As [`frechet_distance`].
pub fn kid(real: &Tensor, generated: &Tensor) -> Result<Kid> {
    let (real, generated) = both(real, generated)?;
    kid::kid(&real, &generated)
}

/// Precision, recall, density and coverage of generated features by closed balls around `k` nearest neighbours (Kynkaanniemi et al.,
/// 2019, with k = 3; Naeem et al., 2020, with k = 5). Higher is better.
///
/// # Errors
/// As [`frechet_distance`], with more than `k` rows in each set and k at least 1.
pub fn precision_recall(real: &Tensor, generated: &Tensor, k: usize) -> Result<Prdc> {
    let (real, generated) = both(real, generated)?;
    let found = prdc::prdc(&real, &generated, &[k], prdc::Balls::Closed)?.pop();
    found.ok_or_else(|| Error::Unsupported { what: format!("precision and recall at k = {k}"), reason: "there is no value".into() })
}

fn both(real: &Tensor, generated: &Tensor) -> Result<(Features, Features)> {
    let source = Source::new("tensors", "");
    let (real, generated) = (Features::from_tensor(source.clone(), real)?, Features::from_tensor(source, generated)?);
    if real.size() != generated.size() {
        return Err(Error::shape("generated features", format!("[N, {}]", real.size()), &[generated.count(), generated.size()]));
    }
    Ok((real, generated))
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use vimae_core::{Purpose, Streams};

    use super::*;

    fn rows(seed: u64, count: usize, shift: f64) -> Tensor {
        let values = Streams::new(seed).normal(Purpose::Evaluation, 0, count * 3);
        (Tensor::from_vec(values, (count, 3), &Device::Cpu).unwrap() + shift).unwrap()
    }

    #[test]
    fn tensors_give_what_features_give() {
        let (a, b) = (rows(1, 80, 0.0), rows(2, 70, 0.5));
        let features = |rows: &Tensor| {
            let values = rows.flatten_all().unwrap().to_vec1().unwrap();
            Features::new(Source::new("net", "ab"), "images", 3, values, None).unwrap()
        };
        let (fa, fb) = (features(&a), features(&b));
        assert_eq!(frechet_distance(&a, &b).unwrap(), fid::fid(&fa, &fb).unwrap());
        assert_eq!(kid(&a, &b).unwrap(), kid::kid(&fa, &fb).unwrap());
        assert_eq!(precision_recall(&a, &b, 3).unwrap(), prdc::prdc(&fa, &fb, &[3], prdc::Balls::Closed).unwrap()[0]);
        // Features are f32 inside; what was f32 loses nothing on the way, in any layout.
        let (wide, turned) = (a.to_dtype(DType::F64).unwrap(), a.t().unwrap().contiguous().unwrap().t().unwrap());
        for same in [wide, turned] {
            assert_eq!(frechet_distance(&same, &b).unwrap(), frechet_distance(&a, &b).unwrap());
        }
    }

    #[test]
    fn what_is_no_set_of_features_is_refused() {
        let a = rows(1, 20, 0.0);
        assert!(matches!(frechet_distance(&a, &a.narrow(1, 0, 2).unwrap()), Err(Error::Shape { .. })));
        assert!(matches!(kid(&a, &a.flatten_all().unwrap()), Err(Error::Shape { .. })));
        assert!(matches!(frechet_distance(&a, &(&a / 0.0).unwrap()), Err(Error::Data(_))));
        assert!(matches!(precision_recall(&a, &a, 20), Err(Error::Unsupported { .. })));
        assert!(matches!(precision_recall(&a, &a, 0), Err(Error::Unsupported { .. })));
    }
}
