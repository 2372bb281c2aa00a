//! Frechet distance between the features of two sets of images (FID).
//!
//! |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) for means m and covariances S (Heusel et al., "GANs Trained by a Two
//! Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017; Dowson and Landau, 1982). Unit: features
//! squared; lower is better; 0 for equal Gaussians.
//!
//! **Biased**: at n images the expected value exceeds that of infinitely many by about c / n, with a c that depends
//! on the model (Chong and Forsyth, "Effectively Unbiased FID and Inception Score", 2020). Compare only values of the
//! same n on both sides, the same features (network, weights, resizing) and the same
//! reference images. The command `fid` also estimates the value at infinitely many generated images.
//!
//! The trace of (S1 S2)^(1/2) is the sum of roots of the eigenvalues of L^T S2 L with S1 = L L^T: symmetric, so that
//! there are no complex numbers, and right for covariances of any rank. L is Cholesky's factor, or where the
//! covariance is singular to rounding, eigenvectors times roots of eigenvalues.

mod doubts;
mod error;
mod metric;
mod real;
mod shares;

use faer::Mat;
use rand::seq::SliceRandom;
use vimae_core::{Error, Progress, Purpose, Result, Streams};

use crate::{
    features::Features,
    gaussian::{Gaussian, Moments},
    linear,
};

pub use doubts::{is_undetermined, told, told_kernel, told_share};
pub use error::standard_error;
pub(crate) use metric::ENTRY;
pub use shares::shares;

/// A distance and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frechet {
    /// The distance, squared as everywhere in this field: exactly 0 for equal means and covariances, never below.
    pub value: f64,
    /// |m1 - m2|^2
    pub mean_term: f64,
    /// tr(S1 + S2 - 2 (S1 S2)^(1/2))
    pub covariance_term: f64,
    /// Eigenvalues of S1 S2 that came out further below 0 than rounding explains, and were taken as 0: a side is no covariance.
    pub negative_eigenvalues: usize,
    /// The lowest of them, 0 where there are none.
    pub lowest_eigenvalue: f64,
}

/// One side of distances, prepared once.
#[derive(Debug, Clone)]
pub struct Reference {
    gaussian: Gaussian,
    factor: Mat<f64>,
}

impl Reference {
    /// Prepares a side.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the decomposition fails.
    pub fn new(gaussian: Gaussian) -> Result<Self> {
        let size = gaussian.mean.len();
        let largest = (0..size).map(|i| gaussian.covariance(i, i)).fold(0.0, f64::max);
        let floor = largest * size as f64 * f64::EPSILON;
        let sound = |factor: &Mat<f64>| (0..size).all(|i| factor[(i, i)].powi(2) > floor);
        let factor = match linear::cholesky(gaussian.covariance.as_ref())?.filter(sound) {
            Some(factor) => factor,
            None => {
                let (values, mut vectors) = linear::eigen(gaussian.covariance.as_ref())?;
                for (column, value) in values.iter().enumerate() {
                    let root = value.max(0.0).sqrt();
                    vectors.col_mut(column).iter_mut().for_each(|v| *v *= root);
                }
                vectors
            }
        };
        Ok(Self { gaussian, factor })
    }

    /// The distance to another side.
    ///
    /// # Errors
    /// [`Error::Shape`] for features of other sizes; [`Error::Unsupported`] where the decomposition fails.
    pub fn distance(&self, other: &Gaussian) -> Result<Frechet> {
        let (a, b) = (&self.gaussian, other);
        let size = a.mean.len();
        if b.mean.len() != size {
            return Err(Error::shape("features", format!("[N, {size}]"), &[b.count, b.mean.len()]));
        }
        if a.mean == b.mean && a.covariance == b.covariance {
            return Ok(Frechet { value: 0.0, mean_term: 0.0, covariance_term: 0.0, negative_eigenvalues: 0, lowest_eigenvalue: 0.0 });
        }
        let mean_term: f64 = a.mean.iter().zip(&b.mean).map(|(a, b)| (a - b).powi(2)).sum();
        let half = linear::product(b.covariance.as_ref(), self.factor.as_ref());
        let product = linear::product(self.factor.transpose(), half.as_ref());
        let eigenvalues = linear::eigenvalues(product.as_ref())?;
        let roots: f64 = eigenvalues.iter().map(|v| v.max(0.0).sqrt()).sum();
        let trace = |g: &Gaussian| (0..size).map(|i| g.covariance(i, i)).sum::<f64>();
        let covariance_term = trace(a) + trace(b) - 2.0 * roots;
        // Sums over all dimensions round by the largest: eigenvalues that are 0 come out on either side of it.
        let largest = eigenvalues.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
        let rounding = largest * size as f64 * f64::EPSILON;
        let below = || eigenvalues.iter().copied().filter(|v| *v < -rounding);
        let value = mean_term + covariance_term;
        Ok(Frechet {
            // Rounding may leave sets that are almost equal a hair below.
            value: if value < 0.0 { 0.0 } else { value },
            mean_term,
            covariance_term,
            negative_eigenvalues: below().count(),
            lowest_eigenvalue: below().fold(0.0, f64::min),
        })
    }
}

/// The distance between two Gaussians.
///
/// # Errors
/// As [`Reference::distance`].
pub fn distance(a: &Gaussian, b: &Gaussian) -> Result<Frechet> {
    Reference::new(a.clone())?.distance(b)
}

/// The FID of two sets of images.
///
/// # Errors
/// [`Error::Unsupported`] for features of different networks and for fewer than two images; as [`distance`].
pub fn fid(a: &Features, b: &Features) -> Result<Frechet> {
    a.check_comparable(b)?;
    distance(&Gaussian::of(a)?, &Gaussian::of(b)?)
}

/// Sample sizes that an extrapolation measures at.
const POINTS: usize = 15;
/// Fewer images than this are not extrapolated from.
pub const FEWEST_TO_EXTRAPOLATE: usize = 100;
const EXTRAPOLATING: &str = "FID at infinitely many images";

/// FID at infinitely many generated images.
#[derive(Debug, Clone, PartialEq)]
pub struct Extrapolated {
    /// The value of the line at 1/n = 0.
    pub value: f64,
    /// Its standard error by the scatter about the line. Subsets overlap: take it as a lower bound.
    pub standard_error: f64,
    /// The line's slope: the value at n images is about `value + slope / n`.
    pub slope: f64,
    /// Sizes and the values measured there.
    pub points: Vec<(usize, f64)>,
}

/// FID at infinitely many generated images: a line through the values of random subsets over 1/n (Chong and
/// Forsyth, 2020), at 15 sizes from the largest of a tenth of the images and (where there are twice as many) 2.5
/// images a dimension, up to all. The reference set stays whole: the bias of its own size remains.
///
/// # Errors
/// As [`fid`]; [`Error::Unsupported`] for fewer than 100 generated images.
pub fn extrapolate(reference: &Reference, generated: &Features, seed: u64, progress: &dyn Progress) -> Result<Extrapolated> {
    generated.check_count(EXTRAPOLATING, FEWEST_TO_EXTRAPOLATE)?;
    let (count, size) = (generated.count(), generated.size());
    let first = (count / 10).max((5 * size / 2).min(count / 2)).max(2);
    let mut points = Vec::with_capacity(POINTS);
    for point in 0..POINTS {
        progress.working(EXTRAPOLATING, point, POINTS);
        let n = first + (count - first) * point / (POINTS - 1);
        let mut order: Vec<usize> = (0..count).collect();
        order.shuffle(&mut Streams::new(seed).at(Purpose::Evaluation, point as u64));
        order.truncate(n);
        // In order of place: the same rows give the same bits however they were drawn.
        order.sort_unstable();
        let mut moments = Moments::new(size);
        order.iter().for_each(|&i| moments.add(&generated.values()[i * size..(i + 1) * size]));
        points.push((n, reference.distance(&moments.finish()?)?.value));
    }
    progress.working(EXTRAPOLATING, POINTS, POINTS);
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|(n, v)| (1.0 / *n as f64, *v)).unzip();
    let k = POINTS as f64;
    let (mx, my) = (x.iter().sum::<f64>() / k, y.iter().sum::<f64>() / k);
    let sxx: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    let slope = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / sxx;
    let value = my - slope * mx;
    let rest: f64 = x.iter().zip(&y).map(|(x, y)| (y - value - slope * x).powi(2)).sum::<f64>() / (k - 2.0);
    Ok(Extrapolated { value, standard_error: (rest * (1.0 / k + mx * mx / sxx)).sqrt(), slope, points })
}

#[cfg(test)]
mod tests;
