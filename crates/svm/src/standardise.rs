//! Standardises features: mean 0 and standard deviation 1 in every dimension.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::{Error, Result};

/// A shift and a scale for each dimension, fitted to some points and applied to others.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardiser {
    mean: Array1<f64>,
    deviation: Array1<f64>,
}

impl Standardiser {
    /// Fits all rows of all `parts` together, for example labelled and unlabelled points. Each part is `[n, d]` with the same
    /// d; parts of another width than the first are left out.
    pub fn fit(parts: &[ArrayView2<'_, f64>]) -> Self {
        let size = parts.first().map_or(0, |p| p.ncols());
        let parts = || parts.iter().filter(|p| p.ncols() == size);
        let count = parts().map(|p| p.nrows()).sum::<usize>().max(1) as f64;
        let mean = parts().fold(Array1::zeros(size), |sum: Array1<f64>, part| sum + part.sum_axis(Axis(0))) / count;
        let squares = |part: &ArrayView2<'_, f64>| (part - &mean).mapv(|v| v * v).sum_axis(Axis(0));
        let variance = parts().fold(Array1::zeros(size), |sum: Array1<f64>, part| sum + squares(part)) / count;
        // A dimension that never moves says nothing and stays at zero; its mean may be off by rounding.
        let still = |mean: f64| (1e-12 * mean.abs()).powi(2);
        let deviation = Array1::from_shape_fn(size, |j| if variance[j] > still(mean[j]) { variance[j].sqrt() } else { f64::INFINITY });
        Self { mean, deviation }
    }

    /// Returns the points `[n, d]` in the new scale.
    ///
    /// # Errors
    /// Returns [`Error::Columns`] for points of another width than those it was fitted to.
    pub fn apply(&self, points: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        if points.ncols() != self.mean.len() {
            return Err(Error::Columns { what: "the points to standardise", expected: self.mean.len(), got: points.ncols() });
        }
        Ok((&points - &self.mean) / &self.deviation)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn all_parts_count_and_still_dimensions_stay_at_zero() {
        let (a, b) = (array![[1.0, 0.1], [2.0, 0.1]], array![[3.0, 0.1], [6.0, 0.1]]);
        let scale = Standardiser::fit(&[a.view(), b.view()]);
        let all = [scale.apply(a.view()).unwrap(), scale.apply(b.view()).unwrap()];
        let first: Vec<f64> = all.iter().flat_map(|p| p.column(0).to_vec()).collect();
        assert!(first.iter().sum::<f64>().abs() < 1e-12);
        assert!((first.iter().map(|v| v * v).sum::<f64>() - 4.0).abs() < 1e-12);
        assert!(all.iter().flat_map(|p| p.column(1).to_vec()).all(|v| v == 0.0));
    }

    #[test]
    fn points_of_another_width_are_refused() {
        let scale = Standardiser::fit(&[array![[1.0, 2.0], [3.0, 5.0]].view()]);
        assert!(matches!(scale.apply(array![[1.0, 2.0, 3.0]].view()), Err(Error::Columns { expected: 2, got: 3, .. })));
        // One column would go into every dimension.
        assert!(matches!(scale.apply(array![[1.0]].view()), Err(Error::Columns { expected: 2, got: 1, .. })));
    }
}
