//! Support vector machines, one class against the rest, on linfa-svm.
//!
//! Each class has its own machine with C = 1; a point belongs to the class whose machine scores it highest, by the
//! raw score sum_i alpha_i y_i k(x_i, x) - rho (Cortes and Vapnik, "Support-Vector Networks", 1995). Differs from
//! linfa's own one-vs-rest, which compares Platt probabilities fitted to training scores. All machines share the
//! kernel between training and test points, which linfa would compute again for each class. Features `[n, d]`.

use linfa::{DatasetBase, prelude::Fit};
use linfa_svm::Svm;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::{Error, Result};

/// The solver stops when the most violating pair of gradients is this near; decisions then equal LIBSVM's.
const TOLERANCE: f64 = 1e-3;
/// Test points whose kernel with the training points is in memory at once.
const ROWS: usize = 256;

/// What two points have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// x . y. Beware: linfa's solver takes 25 s for 2 000 points of 64 dimensions.
    Linear,
    /// exp(-gamma |x - y|^2).
    Rbf {
        /// gamma
        gamma: f64,
    },
}

impl Kernel {
    /// Between all rows of two matrices.
    fn between(self, a: &ArrayView2<'_, f64>, b: &ArrayView2<'_, f64>) -> Array2<f64> {
        let mut products = a.dot(&b.t());
        if let Self::Rbf { gamma } = self {
            let norms = |m: &ArrayView2<'_, f64>| m.map_axis(Axis(1), |row| row.dot(&row));
            let (by_row, by_column) = (norms(a), norms(b));
            for (mut row, norm) in products.outer_iter_mut().zip(&by_row) {
                row.zip_mut_with(&by_column, |p, other| *p = (-gamma * (norm + other - 2.0 * *p)).exp());
            }
        }
        products
    }
}

/// One machine for each class.
#[derive(Debug, Clone)]
pub struct OneVsRest {
    kernel: Kernel,
    classes: Vec<u32>,
    points: Array2<f64>,
    /// alpha_i y_i, `[n, classes]`.
    weights: Array2<f64>,
    rhos: Array1<f64>,
}

impl OneVsRest {
    /// Fits one machine for each class among `labels` to the rows of `features`.
    ///
    /// # Errors
    /// [`Error::Labels`] where there are fewer than two classes, the counts differ or a feature is not finite;
    /// [`Error::Svm`] where the solver fails.
    pub fn fit(kernel: Kernel, features: ArrayView2<'_, f64>, labels: &[u32]) -> Result<Self> {
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() < 2 || features.nrows() != labels.len() {
            return Err(Error::Labels(format!("{} points, {} labels, {} classes", features.nrows(), labels.len(), classes.len())));
        }
        if features.iter().any(|v| !v.is_finite()) {
            return Err(Error::Labels("a feature is not finite".into()));
        }
        let mut weights = Array2::zeros((labels.len(), classes.len()));
        let mut rhos = Array1::zeros(classes.len());
        for (k, &class) in classes.iter().enumerate() {
            let targets: Array1<bool> = labels.iter().map(|l| *l == class).collect();
            // Shrinking makes linfa-svm 0.8.1 panic on an index that underflows.
            let params = Svm::<f64, bool>::params().eps(TOLERANCE).shrinking(false).pos_neg_weights(1.0, 1.0);
            let params = match kernel {
                Kernel::Linear => params.linear_kernel(),
                // linfa's width is 1 / gamma: exp(-|x - y|^2 / eps).
                Kernel::Rbf { gamma } => params.gaussian_kernel(1.0 / gamma),
            };
            let machine = params.fit(&DatasetBase::new(features, targets.view())).map_err(|source| Error::Svm { class, source })?;
            weights.column_mut(k).assign(&Array1::from_vec(machine.alpha));
            rhos[k] = machine.rho;
        }
        Ok(Self { kernel, classes, points: features.to_owned(), weights, rhos })
    }

    /// The class of every row of `features`, which has as many columns as those fitted to.
    pub fn predict(&self, features: ArrayView2<'_, f64>) -> Vec<u32> {
        let mut predicted = Vec::with_capacity(features.nrows());
        for rows in features.axis_chunks_iter(Axis(0), ROWS) {
            let scores = self.kernel.between(&rows, &self.points.view()).dot(&self.weights) - &self.rhos;
            predicted.extend(
                scores
                    .outer_iter()
                    .filter_map(|row| row.iter().zip(&self.classes).max_by(|a, b| a.0.total_cmp(b.0)).map(|(_, class)| *class)),
            );
        }
        predicted
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn rings() -> (Array2<f64>, Vec<u32>) {
        let points = (0..90).map(|i| {
            let (radius, angle) = (1.0 + f64::from(i % 3), f64::from(i) * 0.7);
            ([radius * angle.cos(), radius * angle.sin()], 10 + (i % 3) as u32)
        });
        let (features, labels): (Vec<_>, Vec<_>) = points.unzip();
        (Array2::from(features), labels)
    }

    #[test]
    fn rings_are_told_apart_by_the_gaussian_kernel() {
        let (features, labels) = rings();
        let machine = OneVsRest::fit(Kernel::Rbf { gamma: 2.0 }, features.view(), &labels).unwrap();
        assert_eq!(machine.predict(features.view()), labels);
        assert_eq!(machine.predict(array![[0.0, 2.9], [1.1, 0.0]].view()), [12, 10]);
    }

    #[test]
    fn scores_are_those_of_the_fitted_machines() {
        let (features, labels) = rings();
        for (kernel, params) in [
            (Kernel::Rbf { gamma: 0.5 }, Svm::<f64, bool>::params().gaussian_kernel(2.0)),
            (Kernel::Linear, Svm::<f64, bool>::params().linear_kernel()),
        ] {
            let targets: Array1<bool> = labels.iter().map(|l| *l == 11).collect();
            let params = params.eps(TOLERANCE).pos_neg_weights(1.0, 1.0);
            let machine = params.fit(&DatasetBase::new(features.view(), targets.view())).unwrap();
            let ours = OneVsRest::fit(kernel, features.view(), &labels).unwrap();
            let scores = kernel.between(&features.view(), &ours.points.view()).dot(&ours.weights) - &ours.rhos;
            for (row, point) in features.outer_iter().enumerate() {
                assert!((scores[(row, 1)] - (machine.weighted_sum(&point) - machine.rho)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn points_that_give_no_classifier_are_refused() {
        let (features, labels) = rings();
        let fit = |features: ArrayView2<'_, f64>, labels: &[u32]| OneVsRest::fit(Kernel::Linear, features, labels);
        assert!(fit(features.view(), &labels[1..]).is_err());
        assert!(fit(features.view(), &[1; 90]).is_err());
        assert!(fit((features * f64::NAN).view(), &labels).is_err());
    }
}
