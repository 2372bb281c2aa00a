//! Mean and covariance of features, summed in f64 as they come.

use faer::Mat;
use vimae_core::{Error, Result};

use crate::{features::Features, linear};

/// Rows that are merged at once. Fixed, so that the sums do not depend on how rows arrive.
const BLOCK: usize = 512;

/// Mean and sample covariance (over n - 1) of n rows.
#[derive(Debug, Clone)]
pub struct Gaussian {
    pub(crate) count: usize,
    pub(crate) mean: Vec<f64>,
    pub(crate) covariance: Mat<f64>,
}

impl Gaussian {
    /// Of given moments: `covariance` row by row, `[d, d]`, of which the lower triangle is read.
    ///
    /// # Errors
    /// [`Error::Shape`] where the two do not fit, [`Error::Data`] where a number is not finite.
    pub fn new(count: usize, mean: Vec<f64>, covariance: &[f64]) -> Result<Self> {
        let size = mean.len();
        if size == 0 || covariance.len() != size * size {
            return Err(Error::shape("covariance", format!("[{size}, {size}]"), &[covariance.len()]));
        }
        if mean.iter().chain(covariance).any(|v| !v.is_finite()) {
            return Err(Error::Data("a mean or covariance is not finite".into()));
        }
        let mut matrix = linear::rows(covariance, size, size).to_owned();
        mirror(&mut matrix);
        Ok(Self { count, mean, covariance: matrix })
    }

    /// Of features.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for fewer than two images.
    pub fn of(features: &Features) -> Result<Self> {
        let mut moments = Moments::new(features.size());
        moments.add(features.values());
        moments.finish()
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `[d]`
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The covariance of dimensions `i` and `j`, both below d.
    pub fn covariance(&self, i: usize, j: usize) -> f64 {
        self.covariance.get(i, j).to_owned()
    }
}

/// Sums over rows that arrive in any portions; the portions do not change a bit of the result.
///
/// Blocks of rows are centred on their own mean and merged by the formula of Chan, Golub and LeVeque, "Updating
/// formulae and a pairwise algorithm for computing sample variances", 1979: nothing cancels where the mean is large.
#[derive(Debug, Clone)]
pub struct Moments {
    size: usize,
    count: usize,
    mean: Vec<f64>,
    scatter: Mat<f64>,
    waiting: Vec<f64>,
}

impl Moments {
    /// Nothing yet, of rows of `size` numbers.
    pub fn new(size: usize) -> Self {
        Self { size, count: 0, mean: vec![0.0; size], scatter: Mat::zeros(size, size), waiting: Vec::with_capacity(BLOCK * size) }
    }

    /// Adds rows, `[n, size]`.
    pub fn add(&mut self, rows: &[f32]) {
        for part in rows.chunks(self.size.max(1)) {
            self.waiting.extend(part.iter().map(|v| f64::from(*v)));
            if self.waiting.len() == BLOCK * self.size {
                self.merge();
            }
        }
    }

    fn merge(&mut self) {
        let count = self.waiting.len() / self.size.max(1);
        if count == 0 {
            return;
        }
        let mut mean = vec![0.0; self.size];
        for row in self.waiting.chunks_exact(self.size) {
            mean.iter_mut().zip(row).for_each(|(m, v)| *m += v);
        }
        mean.iter_mut().for_each(|m| *m /= count as f64);
        for row in self.waiting.chunks_exact_mut(self.size) {
            row.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
        }
        linear::add_gram(&mut self.scatter, linear::rows(&self.waiting, count, self.size));
        let (before, added) = (self.count as f64, count as f64);
        let step: Vec<f64> = mean.iter().zip(&self.mean).map(|(new, old)| new - old).collect();
        if self.count > 0 {
            let scaled: Vec<f64> = step.iter().map(|s| s * (before * added / (before + added)).sqrt()).collect();
            linear::add_gram(&mut self.scatter, linear::rows(&scaled, 1, self.size));
        }
        self.mean.iter_mut().zip(step).for_each(|(m, s)| *m += s * added / (before + added));
        self.count += count;
        self.waiting.clear();
    }

    /// Mean and covariance.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for fewer than two rows.
    pub fn finish(mut self) -> Result<Gaussian> {
        self.merge();
        if self.count < 2 {
            let what = format!("a covariance of {} images", self.count);
            return Err(Error::Unsupported { what, reason: "it needs 2 or more".into() });
        }
        let factor = 1.0 / (self.count - 1) as f64;
        let mut covariance = self.scatter;
        for column in 0..self.size {
            covariance.col_mut(column).iter_mut().for_each(|v| *v *= factor);
        }
        mirror(&mut covariance);
        Ok(Gaussian { count: self.count, mean: self.mean, covariance })
    }
}

/// Copies the lower triangle to the upper.
fn mirror(matrix: &mut Mat<f64>) {
    for column in 1..matrix.ncols() {
        for row in 0..column {
            matrix[(row, column)] = matrix[(column, row)];
        }
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn portions_and_large_means_change_nothing() {
        let (count, size) = (1_300, 7);
        let rows: Vec<f32> = Streams::new(3).normal(Purpose::Evaluation, 0, count * size).iter().map(|v| v + 1_000.0).collect();
        let at_once = |portions: &[usize]| {
            let mut moments = Moments::new(size);
            let mut rest = rows.as_slice();
            for portion in portions {
                let (part, later) = rest.split_at((portion * size).min(rest.len()));
                moments.add(part);
                rest = later;
            }
            moments.add(rest);
            moments.finish().unwrap()
        };
        let (a, b) = (at_once(&[]), at_once(&[1, 511, 2, 600]));
        assert_eq!((&a.mean, a.count), (&b.mean, count));
        assert_eq!(a.covariance, b.covariance);
        let column = |j: usize| rows.iter().skip(j).step_by(size).map(|v| f64::from(*v));
        let mean = |j: usize| column(j).sum::<f64>() / count as f64;
        for (i, j) in [(0, 0), (3, 5), (5, 3), (6, 6)] {
            let sum: f64 = column(i).zip(column(j)).map(|(x, y)| (x - mean(i)) * (y - mean(j))).sum();
            assert!((a.covariance(i, j) - sum / (count - 1) as f64).abs() < 1e-9);
        }
    }

    #[test]
    fn one_row_has_no_covariance() {
        let mut moments = Moments::new(2);
        moments.add(&[1.0, 2.0]);
        assert!(matches!(moments.finish(), Err(Error::Unsupported { .. })));
        assert!(Gaussian::new(5, vec![0.0; 2], &[1.0; 3]).is_err());
        assert!(Gaussian::new(5, vec![0.0], &[f64::NAN]).is_err());
    }
}
