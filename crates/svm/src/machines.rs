//! Fitted machines, one per class.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::{Error, Result, check, kernel::Points};

/// Points scored at once by one thread.
const ROWS: usize = 64;

/// One machine for each class. A point belongs to the class whose machine gives it the highest score, and to the first of
/// them in a tie. Scores are raw values, sum_i alpha_i y_i k(x_i, x) + b, not probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Machines {
    classes: Vec<u32>,
    form: Form,
    /// b of each class.
    biases: Array1<f64>,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// w of each class, `[d, classes]`.
    Linear(Array2<f64>),
    /// Points that support a machine, and y_i alpha_i, `[n, classes]`.
    Kernel { points: Points, coefficients: Array2<f32>, columns: usize },
}

impl Machines {
    /// From (w, b) of each class.
    pub(crate) fn linear(classes: Vec<u32>, solved: &[Vec<f64>]) -> Self {
        let size = solved.first().map_or(0, Vec::len);
        let all = columns(size, solved.iter().map(Vec::as_slice));
        let biases = all.row(size - 1).to_owned();
        Self { classes, form: Form::Linear(all.slice(ndarray::s![..size - 1, ..]).to_owned()), biases }
    }

    /// From y_i alpha_i and b of each class; points that support none are left behind.
    pub(crate) fn kernel(classes: Vec<u32>, points: Points, solved: &[(Vec<f64>, f64)]) -> Self {
        let all = columns(points.len(), solved.iter().map(|(c, _)| c.as_slice()));
        let support: Vec<usize> = all.outer_iter().enumerate().filter(|(_, row)| row.iter().any(|c| *c != 0.0)).map(|(i, _)| i).collect();
        let coefficients = all.select(Axis(0), &support).mapv(|c| c as f32);
        let columns = points.columns();
        let form = Form::Kernel { points: points.select(&support), coefficients, columns };
        Self { classes, form, biases: solved.iter().map(|(_, bias)| *bias).collect() }
    }

    /// The classes, in the order of the scores.
    pub fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// The number of dimensions of the training points.
    pub fn dimensions(&self) -> usize {
        match &self.form {
            Form::Linear(weights) => weights.nrows(),
            Form::Kernel { columns, .. } => *columns,
        }
    }

    /// Returns the score of each machine for each row of `features` `[n, d]`, as `[n, classes]`.
    ///
    /// # Errors
    /// Returns [`Error::Columns`] if the rows have another length than the training points, and [`Error::NotFinite`] if a
    /// feature is not finite.
    pub fn scores(&self, features: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        if features.ncols() != self.dimensions() {
            return Err(Error::Columns { what: "the points to classify", expected: self.dimensions(), got: features.ncols() });
        }
        check::finite("points to classify", features)?;
        Ok(self.score(features))
    }

    /// Returns the class of each row of `features`.
    ///
    /// # Errors
    /// As [`Machines::scores`].
    pub fn classify(&self, features: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        Ok(winners(&self.classes, &self.scores(features)?))
    }

    /// The scores of checked features. Features that are not finite give NaN.
    pub(crate) fn score(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        match &self.form {
            Form::Linear(weights) => features.dot(weights) + &self.biases,
            Form::Kernel { points, coefficients, .. } => {
                let asked = points.beside(features);
                let width = self.classes.len();
                let mut flat = vec![0.0; features.nrows() * width];
                flat.par_chunks_mut(ROWS * width).enumerate().for_each(|(block, scores)| {
                    let mut kernels = Array2::zeros((scores.len() / width, points.len()));
                    asked.fill(block * ROWS, points, kernels.view_mut());
                    let values = kernels.dot(coefficients);
                    for (i, score) in scores.iter_mut().enumerate() {
                        *score = f64::from(values[(i / width, i % width)]) + self.biases[i % width];
                    }
                });
                Array2::from_shape_fn((features.nrows(), width), |(i, k)| flat[i * width + k])
            }
        }
    }
}

/// The class with the highest score in each row, and the first where no score is higher than another.
pub(crate) fn winners(classes: &[u32], scores: &Array2<f64>) -> Vec<u32> {
    let first = classes.first().copied().unwrap_or_default();
    let best = |row: ndarray::ArrayView1<'_, f64>| {
        let mut best = (f64::NEG_INFINITY, first);
        for (score, class) in row.iter().zip(classes) {
            if *score > best.0 {
                best = (*score, *class);
            }
        }
        best.1
    };
    scores.outer_iter().map(best).collect()
}

/// A matrix from its columns.
pub(crate) fn columns<'a>(rows: usize, columns: impl ExactSizeIterator<Item = &'a [f64]>) -> Array2<f64> {
    let mut matrix = Array2::zeros((rows, columns.len()));
    for (mut to, from) in matrix.columns_mut().into_iter().zip(columns) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    matrix
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_first_of_equals_wins_and_no_class_that_is_not_among_them() {
        let scores = array![[0.1, 0.3, 0.3], [f64::NAN, f64::NAN, f64::NAN], [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NAN]];
        assert_eq!(winners(&[7, 8, 9], &scores), [8, 7, 7]);
    }
}
