//! The standard error of a FID over the images of both sets, by the infinitesimal jackknife.
//!
//! To first order an image x of a set with mean m and covariance S moves the distance to a Gaussian of mean m' and
//! covariance S' by
//!
//! 2 (m - m') . (x - m) + |x - m|^2 - (x - m)^T T (x - m) + const,  T = L (L^T S L)^(-1/2) L^T,  S' = L L^T
//!
//! where T is the linear map that takes the one Gaussian to the other (the derivative of tr (S S')^(1/2) is T / 2; Bhatia,
//! Jain and Lim, "On the Bures-Wasserstein Distance between Positive Definite Matrices", 2019). The variance of these
//! over the images, by their number, is the set's part of the variance of the distance (Efron and Tibshirani, "An
//! Introduction to the Bootstrap", 1993, 11.6). It holds for singular covariances too, since x - m lies in the range of
//! S. For equal Gaussians, where there is no first order, it overstates.

use faer::Mat;
use rayon::prelude::*;
use vimae_core::Result;
use vimae_statistics::Summary;

use super::Reference;
use crate::{features::Features, gaussian::Gaussian, linear};

/// Rows at a time.
const ROWS: usize = 512;

/// The standard error of the distance between `reference` and `of_generated`, the Gaussian of `generated`: over the
/// generated images, and where `real`, the features behind the reference, are at hand, over those too. None for fewer than
/// two images.
///
/// # Errors
/// As [`Reference::distance`].
pub fn standard_error(
    reference: &Reference,
    real: Option<&Features>,
    generated: &Features,
    of_generated: &Gaussian,
) -> Result<Option<f64>> {
    let of = |features: &Features, own: &Gaussian, other: &Reference| -> Result<Option<f64>> {
        Ok(Summary::of(&influences(features, own, other)?).and_then(|summary| summary.standard_error))
    };
    let of_real = match real {
        Some(real) => of(real, &reference.gaussian, &Reference::new(of_generated.clone())?)?,
        None => Some(0.0),
    };
    Ok(of(generated, of_generated, reference)?.zip(of_real).map(|(a, b)| a.hypot(b)))
}

/// By how much each image moves the distance to `other`, times the number of images, up to a constant.
fn influences(features: &Features, own: &Gaussian, other: &Reference) -> Result<Vec<f64>> {
    let size = features.size();
    let half = linear::product(own.covariance.as_ref(), other.factor.as_ref());
    let (values, vectors) = linear::eigen(linear::product(other.factor.transpose(), half.as_ref()).as_ref())?;
    let floor = values.iter().fold(0.0_f64, |a, b| a.max(*b)) * size as f64 * f64::EPSILON;
    // |(x - m)^T M|^2 is (x - m)^T T (x - m).
    let mut map: Mat<f64> = linear::product(other.factor.as_ref(), vectors.as_ref());
    for (column, value) in values.iter().enumerate() {
        let scale = if *value > floor { value.powf(-0.25) } else { 0.0 };
        map.col_mut(column).iter_mut().for_each(|v| *v *= scale);
    }
    let apart: Vec<f64> = own.mean.iter().zip(&other.gaussian.mean).map(|(a, b)| a - b).collect();
    let of_rows = |rows: &[f32]| -> Vec<f64> {
        let centred: Vec<f64> = rows.chunks_exact(size).flat_map(|row| row.iter().zip(&own.mean).map(|(x, m)| f64::from(*x) - m)).collect();
        let count = centred.len() / size;
        let mut moved = Mat::zeros(count, size);
        linear::product_here(moved.as_mut(), linear::rows(&centred, count, size), map.as_ref());
        let one = |(row, x): (usize, &[f64])| {
            let along: f64 = x.iter().zip(&apart).map(|(x, a)| x * a).sum();
            let squares: f64 = x.iter().map(|x| x * x).sum();
            2.0 * along + squares - moved.row(row).iter().map(|v| v * v).sum::<f64>()
        };
        centred.chunks_exact(size).enumerate().map(one).collect()
    };
    Ok(features.values().par_chunks(ROWS * size).flat_map_iter(of_rows).collect())
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};

    use super::*;
    use crate::features::Source;

    /// Skewed features, half of which move with the others.
    fn features(step: u64, count: usize, size: usize, shift: f32) -> Features {
        let noise = Streams::new(5).normal(Purpose::Evaluation, step, count * size);
        let value = |i: usize| (noise[i] + 0.5 * noise[i / size * size] + shift).max(-0.5) * (1.0 + (i % size) as f32 / size as f32);
        Features::new(Source::new("net", "ab"), "images", size, (0..count * size).map(value).collect(), None).unwrap()
    }

    #[test]
    fn the_error_is_the_deviation_of_distances_of_new_images() {
        // More images than features, and fewer: covariances are singular then.
        for (size, n, m) in [(6, 300, 400), (24, 20, 22)] {
            let rounds = 60;
            let (mut values, mut claimed, mut of_one_side) = (Vec::new(), 0.0, 0.0);
            for round in 0..rounds {
                let (real, generated) = (features(2 * round, m, size, 0.0), features(2 * round + 1, n, size, 0.4));
                let (reference, gaussian) = (Reference::new(Gaussian::of(&real).unwrap()).unwrap(), Gaussian::of(&generated).unwrap());
                values.push(reference.distance(&gaussian).unwrap().value);
                let error = |real| standard_error(&reference, real, &generated, &gaussian).unwrap().unwrap();
                claimed += error(Some(&real)).powi(2) / rounds as f64;
                of_one_side += error(None).powi(2) / rounds as f64;
            }
            let deviation = Summary::of(&values).unwrap().standard_error.unwrap() * (rounds as f64).sqrt();
            let ratio = claimed.sqrt() / deviation;
            assert!((0.7..1.5).contains(&ratio), "{size}: {} {deviation}", claimed.sqrt());
            assert!(of_one_side < claimed);
        }
    }
}
