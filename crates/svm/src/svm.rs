//! The inductive machine, which learns from labelled points.

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::{
    Kernel, Machines, Result, check,
    dual::Dual,
    kernel::{Gram, Points},
    primal::{Primal, with_ones},
};

/// Support vector machines, one class against the rest (Cortes and Vapnik, "Support-Vector Networks", 1995): for each
/// class min |w|^2 / 2 + C sum_i max(0, 1 - y_i (w . x_i + b)).
///
/// A linear kernel with more points than dimensions is solved in the primal. Everything else is solved in the dual, with one
/// kernel matrix for all classes. Classes are solved in parallel; the result does not depend on the number of threads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Svm {
    /// The kernel function between two points.
    pub kernel: Kernel,
    /// The weight C of an error, above 0.
    pub cost: f64,
    /// How far the conditions of optimality may be violated, above 0; LIBSVM's default is 1e-3.
    pub tolerance: f64,
}

impl Svm {
    /// Settings with C = 1 and a tolerance of 1e-3.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel, cost: 1.0, tolerance: 1e-3 }
    }

    /// Fits one machine for each class among `labels` to the rows of `features`, `[n, d]`.
    ///
    /// # Errors
    /// Returns an error if the counts differ, a feature is not finite or too large for its square, there are fewer than two classes, a
    /// setting is not above 0, or the kernel matrix would be too large.
    pub fn train(&self, features: ArrayView2<'_, f64>, labels: &[u32]) -> Result<Machines> {
        self.check()?;
        let classes = check::classes(features, labels)?;
        let problem = |class: u32| -> Vec<f64> { labels.iter().map(|l| if *l == class { 1.0 } else { -1.0 }).collect() };
        let cost = vec![self.cost; labels.len()];
        if self.in_primal(features) {
            let points = with_ones(features);
            let solve = |class: &u32| {
                let mut machine = Primal::new(&points, &problem(*class), &cost);
                machine.solve(self.tolerance, false)?;
                Ok(machine.weights().to_vec())
            };
            let solved: Vec<_> = classes.par_iter().map(solve).collect::<Result<_>>()?;
            return Ok(Machines::linear(classes, &solved));
        }
        let points = Points::new(self.kernel, features);
        let gram = Gram::new(&points)?;
        let solve = |class: &u32| {
            let mut machine = Dual::new(&gram, &problem(*class), &cost);
            machine.solve(self.tolerance)?;
            Ok((machine.coefficients().to_vec(), machine.bias()))
        };
        let solved: Vec<_> = classes.par_iter().map(solve).collect::<Result<_>>()?;
        Ok(Machines::kernel(classes, points, &solved))
    }

    pub(crate) fn check(&self) -> Result<()> {
        if let Kernel::Rbf { gamma } = self.kernel {
            check::positive("gamma", gamma)?;
        }
        check::positive("cost", self.cost)?;
        check::positive("tolerance", self.tolerance)
    }

    /// Whether there are fewer weights than points, so that the primal problem is the smaller one.
    pub(crate) fn in_primal(&self, features: ArrayView2<'_, f64>) -> bool {
        self.kernel == Kernel::Linear && features.ncols() < features.nrows()
    }
}
