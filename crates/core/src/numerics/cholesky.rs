//! Factors of small symmetric matrices, on one thread.

use std::convert::Infallible;

/// The lower factor L of A = L L^T, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    factor: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Factors a symmetric matrix `[size, size]`, of which the lower triangle is read; none where it is not positive
    /// definite.
    pub fn of(matrix: &[f64], size: usize) -> Option<Self> {
        Self::with_pivots(matrix, size, |pivot| if pivot > 0.0 { Ok(pivot) } else { Err(()) }).ok()
    }

    /// Factors a matrix that is positive semidefinite but for rounding: a pivot below `least` counts as `least`.
    pub fn semidefinite(matrix: &[f64], size: usize, least: f64) -> Self {
        let Ok(factor) = Self::with_pivots(matrix, size, |pivot| Ok::<_, Infallible>(pivot.max(least)));
        factor
    }

    fn with_pivots<E>(matrix: &[f64], size: usize, pivot: impl Fn(f64) -> Result<f64, E>) -> Result<Self, E> {
        let mut factor = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..=i {
                let known: f64 = (0..j).map(|k| factor[i * size + k] * factor[j * size + k]).sum();
                let rest = matrix[i * size + j] - known;
                factor[i * size + j] = if i == j { pivot(rest)?.sqrt() } else { rest / factor[j * size + j] };
            }
        }
        Ok(Self { factor, size })
    }

    /// The factor whose lower triangle is that of `factor` `[size, size]`; none where a diagonal element is not above zero.
    pub fn from_factor(factor: Vec<f64>, size: usize) -> Option<Self> {
        let whole = factor.len() == size * size && factor.iter().all(|v| v.is_finite());
        let factor = Self { factor, size };
        (whole && factor.diagonal().all(|v| v > 0.0)).then_some(factor)
    }

    /// L, row by row `[size, size]`; zero above the diagonal.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// The diagonal of L.
    pub fn diagonal(&self) -> impl Iterator<Item = f64> {
        self.factor.iter().step_by(self.size + 1).copied()
    }

    /// ln det L, half of ln det A.
    pub fn log_determinant(&self) -> f64 {
        self.diagonal().map(f64::ln).sum()
    }

    /// The element of A at row `i` and column `j`.
    pub fn product(&self, i: usize, j: usize) -> f64 {
        (0..=i.min(j)).map(|k| self.factor[i * self.size + k] * self.factor[j * self.size + k]).sum()
    }

    /// L^-1 b in place.
    pub fn solve_lower(&self, b: &mut [f64]) {
        for i in 0..self.size {
            let row = &self.factor[i * self.size..i * self.size + i];
            let known: f64 = row.iter().zip(b.iter()).map(|(l, b)| l * b).sum();
            b[i] = (b[i] - known) / self.factor[i * self.size + i];
        }
    }

    /// L^-T b in place.
    pub fn solve_upper(&self, b: &mut [f64]) {
        for i in (0..self.size).rev() {
            let known: f64 = (i + 1..self.size).map(|k| self.factor[k * self.size + i] * b[k]).sum();
            b[i] = (b[i] - known) / self.factor[i * self.size + i];
        }
    }

    /// L b.
    pub fn lower_times(&self, b: &[f64]) -> Vec<f64> {
        (0..self.size).map(|i| (0..=i).map(|k| self.factor[i * self.size + k] * b[k]).sum()).collect()
    }

    /// L^T b.
    pub fn upper_times(&self, b: &[f64]) -> Vec<f64> {
        (0..self.size).map(|i| (i..self.size).map(|k| self.factor[k * self.size + i] * b[k]).sum()).collect()
    }

    /// L^-1, row by row.
    pub fn inverse(&self) -> Vec<f64> {
        let mut inverse = vec![0.0; self.size * self.size];
        for column in 0..self.size {
            let mut unit = vec![0.0; self.size];
            unit[column] = 1.0;
            self.solve_lower(&mut unit);
            inverse.iter_mut().skip(column).step_by(self.size).zip(unit).for_each(|(to, value)| *to = value);
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATRIX: [f64; 9] = [4.0, 2.0, -1.0, 2.0, 5.0, 0.5, -1.0, 0.5, 3.0];

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn solutions_solve_and_products_give_the_matrix_back() {
        let factor = Cholesky::of(&MATRIX, 3).unwrap();
        let b = [1.0, -2.0, 0.5];
        let mut x = b;
        factor.solve_lower(&mut x);
        assert!(close(&factor.lower_times(&x), &b));
        factor.solve_upper(&mut x);
        let back: Vec<f64> = MATRIX.chunks(3).map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum()).collect();
        assert!(close(&back, &b), "{back:?}");
        let mut up = factor.upper_times(&b);
        factor.solve_upper(&mut up);
        assert!(close(&up, &b));
        let products: Vec<f64> = (0..9).map(|at| factor.product(at / 3, at % 3)).collect();
        assert!(close(&products, &MATRIX), "{products:?}");
        // 4 (15 - 1/4) - 2 (6 + 1/2) - (1 + 5) = 40.
        assert!((2.0 * factor.log_determinant() - 40.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_inverse_undoes_the_factor() {
        let factor = Cholesky::of(&MATRIX, 3).unwrap();
        let inverse = factor.inverse();
        for column in 0..3 {
            let of_unit: Vec<f64> = inverse.iter().skip(column).step_by(3).copied().collect();
            let expected: Vec<f64> = (0..3).map(|i| f64::from(u8::from(i == column))).collect();
            assert!(close(&factor.lower_times(&of_unit), &expected));
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor_unless_pivots_are_held_up() {
        assert_eq!(Cholesky::of(&[1.0, 2.0, 2.0, 1.0], 2), None);
        assert_eq!(Cholesky::of(&[f64::NAN], 1), None);
        let singular = [1.0, 1.0, 1.0, 1.0];
        assert_eq!(Cholesky::of(&singular, 2), None);
        let held = Cholesky::semidefinite(&singular, 2, 1e-8);
        assert!(close(&held.diagonal().collect::<Vec<_>>(), &[1.0, 1e-4]));
    }
}
