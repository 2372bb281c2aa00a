//! Dense linear algebra in f64, by faer.
//!
//! Work is cut for a fixed number of tasks, whatever the number of threads: the same bits come out for any.

use std::num::NonZeroUsize;

pub(crate) use faer::traits::ComplexField as Scalar;
use faer::{
    Accum, Conj, Mat, MatRef, Par,
    dyn_stack::{MemBuffer, MemStack},
    linalg::{
        cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch},
        evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch},
        matmul::{
            matmul,
            triangular::{self, BlockStructure},
        },
    },
};
use vimae_core::{Error, Result};

/// The tasks that large operations are cut into.
const TASKS: Par = match NonZeroUsize::new(4) {
    Some(tasks) => Par::Rayon(tasks),
    None => Par::Seq,
};

/// Rows as a matrix `[rows, size]`.
pub(crate) fn rows<T>(values: &[T], rows: usize, size: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(values, rows, size)
}

/// a b, on this thread.
pub(crate) fn product_here<T: Scalar>(out: faer::MatMut<'_, T>, a: MatRef<'_, T>, b: MatRef<'_, T>) {
    matmul(out, Accum::Replace, a, b, T::one_impl(), Par::Seq);
}

/// a b.
pub(crate) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(out.as_mut(), Accum::Replace, a, b, 1.0, TASKS);
    out
}

/// Adds the lower triangle of a^T a to `sum`.
pub(crate) fn add_gram(sum: &mut Mat<f64>, a: MatRef<'_, f64>) {
    let (whole, lower) = (BlockStructure::Rectangular, BlockStructure::TriangularLower);
    triangular::matmul_with_conj(sum.as_mut(), lower, Accum::Add, a.transpose(), whole, Conj::No, a, whole, Conj::No, 1.0, TASKS);
}

/// Eigenvalues of a symmetric matrix, of which the lower triangle is read, in rising order.
pub(crate) fn eigenvalues(matrix: MatRef<'_, f64>) -> Result<Vec<f64>> {
    decompose(matrix, None)
}

/// Eigenvalues in rising order and eigenvectors as columns.
pub(crate) fn eigen(matrix: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let mut vectors = Mat::zeros(matrix.nrows(), matrix.nrows());
    let values = decompose(matrix, Some(&mut vectors))?;
    Ok((values, vectors))
}

fn decompose(matrix: MatRef<'_, f64>, vectors: Option<&mut Mat<f64>>) -> Result<Vec<f64>> {
    let size = matrix.nrows();
    let mut values = faer::Mat::<f64>::zeros(size, 1);
    let compute = if vectors.is_some() { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let mut memory = memory(self_adjoint_evd_scratch::<f64>(size, compute, TASKS, Default::default()))?;
    let values_out = values.col_mut(0).as_diagonal_mut();
    self_adjoint_evd(matrix, values_out, vectors.map(|v| v.as_mut()), TASKS, MemStack::new(&mut memory), Default::default())
        .map_err(|_| failed("the eigenvalues of a covariance were not found"))?;
    Ok((0..size).map(|i| values[(i, 0)]).collect())
}

/// L with L L^T = matrix, lower triangular; none where the matrix is not positive definite.
pub(crate) fn cholesky(matrix: MatRef<'_, f64>) -> Result<Option<Mat<f64>>> {
    let size = matrix.nrows();
    let mut factor = matrix.to_owned();
    let mut memory = memory(cholesky_in_place_scratch::<f64>(size, TASKS, Default::default()))?;
    let done = cholesky_in_place(factor.as_mut(), LltRegularization::default(), TASKS, MemStack::new(&mut memory), Default::default());
    if done.is_err() {
        return Ok(None);
    }
    for column in 1..size {
        factor.col_mut(column).subrows_mut(0, column).fill(0.0);
    }
    Ok(Some(factor))
}

fn memory(request: faer::dyn_stack::StackReq) -> Result<MemBuffer> {
    MemBuffer::try_new(request).map_err(|_| failed("there is not enough memory for the covariance's decomposition"))
}

fn failed(problem: &str) -> Error {
    Error::Unsupported { what: "a Frechet distance".into(), reason: problem.into() }
}
