//! Factors of small symmetric matrices.

/// The lower factor C of A = C C^T, rows one after another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    factor: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Of a symmetric matrix `[size, size]`; none where it is not positive definite.
    pub(crate) fn of(matrix: &[f64], size: usize) -> Option<Self> {
        let mut factor = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..=i {
                let rest: f64 = (0..j).map(|k| factor[i * size + k] * factor[j * size + k]).sum();
                let value = matrix[i * size + j] - rest;
                factor[i * size + j] = match i == j {
                    true if value > 0.0 => value.sqrt(),
                    true => return None,
                    false => value / factor[j * size + j],
                };
            }
        }
        Some(Self { factor, size })
    }

    /// ln det C, half of ln det A.
    pub(crate) fn log_determinant(&self) -> f64 {
        (0..self.size).map(|i| self.factor[i * self.size + i].ln()).sum()
    }

    /// C^-1 b in place.
    pub(crate) fn solve_lower(&self, b: &mut [f64]) {
        for i in 0..self.size {
            let row = &self.factor[i * self.size..i * self.size + i];
            let rest: f64 = row.iter().zip(b.iter()).map(|(c, b)| c * b).sum();
            b[i] = (b[i] - rest) / self.factor[i * self.size + i];
        }
    }

    /// C^-T b in place.
    pub(crate) fn solve_upper(&self, b: &mut [f64]) {
        for i in (0..self.size).rev() {
            let rest: f64 = (i + 1..self.size).map(|k| self.factor[k * self.size + i] * b[k]).sum();
            b[i] = (b[i] - rest) / self.factor[i * self.size + i];
        }
    }

    /// C^T b.
    pub(crate) fn upper_times(&self, b: &[f64]) -> Vec<f64> {
        (0..self.size).map(|i| (i..self.size).map(|k| self.factor[k * self.size + i] * b[k]).sum()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_solve() {
        let matrix = [4.0, 2.0, -1.0, 2.0, 5.0, 0.5, -1.0, 0.5, 3.0];
        let factor = Cholesky::of(&matrix, 3).unwrap();
        let b = [1.0, -2.0, 0.5];
        let mut x = b;
        factor.solve_lower(&mut x);
        factor.solve_upper(&mut x);
        for (row, expected) in matrix.chunks(3).zip(b) {
            let got: f64 = row.iter().zip(x).map(|(a, x)| a * x).sum();
            assert!((got - expected).abs() < 1e-12, "{got}, expected {expected}");
        }
        // 4 (15 - 1/4) - 2 (6 + 1/2) - (1 + 5) = 40.
        assert!((2.0 * factor.log_determinant() - 40.0_f64.ln()).abs() < 1e-12);
        let mut back = factor.upper_times(&b);
        factor.solve_upper(&mut back);
        assert!(back.iter().zip(b).all(|(got, b)| (got - b).abs() < 1e-12));
        assert_eq!(Cholesky::of(&[1.0, 2.0, 2.0, 1.0], 2), None);
    }
}
