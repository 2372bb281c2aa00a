//! Kernels between points, and the matrix of them that all classes share.

use ndarray::{Array2, ArrayView2, Axis, linalg::general_mat_mul};
use rayon::prelude::*;

use crate::{Error, Result};

/// Rows of kernel values computed at once by one thread.
const ROWS: usize = 64;
/// Rows are padded to whole vectors, so that no loop over them has a remainder.
pub(crate) const LANES: usize = 16;
/// Bytes of a kernel matrix at most: 46 000 points.
const MOST_BYTES: usize = 8 << 30;

/// The kernel function between two points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// The scalar product x . y.
    Linear,
    /// The Gaussian kernel exp(-gamma |x - y|^2).
    Rbf {
        /// The inverse squared width, above 0.
        gamma: f64,
    },
}

/// Points prepared for kernels: centred, in `f32`, with their squared norms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Points {
    kernel: Kernel,
    centre: Vec<f64>,
    values: Array2<f32>,
    norms: Vec<f32>,
}

impl Points {
    pub(crate) fn new(kernel: Kernel, features: ArrayView2<'_, f64>) -> Self {
        // A Gaussian kernel does not see a shift, `f32` does.
        let centre = match kernel {
            Kernel::Rbf { .. } => features.mean_axis(Axis(0)).map_or_else(Vec::new, |m| m.to_vec()),
            Kernel::Linear => vec![0.0; features.ncols()],
        };
        Self::about(kernel, centre, features)
    }

    fn about(kernel: Kernel, centre: Vec<f64>, features: ArrayView2<'_, f64>) -> Self {
        let values = Array2::from_shape_fn(features.dim(), |(i, j)| (features[(i, j)] - centre[j]) as f32);
        let norms = values.outer_iter().map(|row| row.dot(&row)).collect();
        Self { kernel, centre, values, norms }
    }

    /// Other points in the same coordinates.
    pub(crate) fn beside(&self, features: ArrayView2<'_, f64>) -> Self {
        Self::about(self.kernel, self.centre.clone(), features)
    }

    pub(crate) fn len(&self) -> usize {
        self.norms.len()
    }

    pub(crate) fn columns(&self) -> usize {
        self.values.ncols()
    }

    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let norms = rows.iter().map(|row| self.norms[*row]).collect();
        Self { kernel: self.kernel, centre: self.centre.clone(), values: self.values.select(Axis(0), rows), norms }
    }

    /// Kernels of the rows `first..` of this with all points of `other`, as many rows as `to` has.
    pub(crate) fn fill(&self, first: usize, other: &Self, mut to: ndarray::ArrayViewMut2<'_, f32>) {
        let rows = to.nrows();
        let part = self.values.slice(ndarray::s![first..first + rows, ..]);
        general_mat_mul(1.0, &part, &other.values.t(), 0.0, &mut to);
        let Kernel::Rbf { gamma } = self.kernel else { return };
        let gamma = gamma as f32;
        for (row, norm) in to.outer_iter_mut().zip(&self.norms[first..]) {
            let Some(row) = row.into_slice() else { continue };
            pulp::Arch::new().dispatch(|| {
                for (value, other) in row.iter_mut().zip(&other.norms) {
                    // Rounding may leave a distance below zero. One that is no number, as infinity less infinity, is of points
                    // whose squares f32 does not hold: far from one another, with the kernel 0.
                    let squared = norm + other - 2.0 * *value;
                    *value = exp_negative(-gamma * if squared < 0.0 { 0.0 } else { squared });
                }
            });
        }
    }
}

/// exp(x) for x <= 0 within 3e-7 of its size; 0 below -87. Unlike the library's, a loop over it becomes vector code,
/// and it gives the same bits on every machine.
#[inline(always)]
fn exp_negative(x: f32) -> f32 {
    // x = k ln 2 + r with |r| <= ln 2 / 2; adding and subtracting 1.5 * 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let clamped = if x > -87.0 { x } else { -87.0 };
    let k = (clamped * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (clamped - k * 0.693_359_4) + k * 2.121_944_4e-4;
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_67 + r * (0.041_666_67 + r * (0.008_333_334 + r * 0.001_388_889)))));
    let power = f32::from_bits(((k as i32 + 127) << 23) as u32);
    if x > -87.0 { series * power } else { 0.0 }
}

/// All kernels between the points of one fit, row by row in `f32`: `4 n^2` bytes, shared by all classes.
pub(crate) struct Gram {
    stride: usize,
    points: usize,
    values: Vec<f32>,
    diagonal: Vec<f32>,
}

impl Gram {
    pub(crate) fn new(points: &Points) -> Result<Self> {
        let count = points.len();
        let stride = count.next_multiple_of(LANES);
        Self::fits(count)?;
        let mut values = vec![0.0; stride * count];
        values.par_chunks_mut(stride * ROWS).enumerate().for_each(|(block, rows)| {
            let height = rows.len() / stride;
            let mut dense = Array2::zeros((height, count));
            points.fill(block * ROWS, points, dense.view_mut());
            for (row, from) in rows.chunks_exact_mut(stride).zip(dense.outer_iter()) {
                row.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            }
        });
        let mut gram = Self { stride, points: count, values, diagonal: vec![0.0; stride] };
        for i in 0..count {
            let place = i * stride + i;
            if matches!(points.kernel, Kernel::Rbf { .. }) {
                gram.values[place] = 1.0;
            }
            let own = gram.values[place];
            // The product of two points is no larger than the larger of their squares: none of them overflows where no square does.
            if !own.is_finite() {
                return Err(Error::NotFinite { what: "kernels in single precision", row: i, column: i, value: f64::from(own) });
            }
            gram.diagonal[i] = own;
        }
        Ok(gram)
    }

    /// Refuses more points than there is room for.
    pub(crate) fn fits(count: usize) -> Result<()> {
        let bytes = count.next_multiple_of(LANES).saturating_mul(count).saturating_mul(4);
        match bytes > MOST_BYTES {
            true => Err(Error::TooLarge { points: count, mib: bytes >> 20, limit_mib: MOST_BYTES >> 20 }),
            false => Ok(()),
        }
    }

    pub(crate) fn points(&self) -> usize {
        self.points
    }

    /// Length of a row with its padding.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.stride..(i + 1) * self.stride]
    }

    #[inline(always)]
    pub(crate) fn diagonal(&self) -> &[f32] {
        &self.diagonal
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_exponential_is_near_the_librarys() {
        for i in 0..100_000 {
            let x = -(i as f32) * 1e-3;
            let (ours, exact) = (f64::from(exp_negative(x)), f64::from(x).exp());
            assert!((ours - exact).abs() <= 3e-7 * exact + 2e-38, "{x}: {ours} {exact}");
        }
        assert_eq!(exp_negative(0.0), 1.0);
        assert_eq!(exp_negative(f32::NEG_INFINITY), 0.0);
    }

    #[test]
    fn kernels_are_those_of_the_formula_even_far_from_the_origin() {
        let features = array![[1000.0, 1.0], [1000.5, 1.0], [1001.0, 3.0]];
        let points = Points::new(Kernel::Rbf { gamma: 0.5 }, features.view());
        let gram = Gram::new(&points).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let squared: f64 = (0..2).map(|c| (features[(i, c)] - features[(j, c)]).powi(2)).sum();
                assert!((f64::from(gram.row(i)[j]) - (-0.5 * squared).exp()).abs() < 1e-6);
            }
        }
        assert!(gram.row(0)[3..].iter().all(|v| *v == 0.0));
    }

    #[test]
    fn points_whose_squares_overflow_are_far_apart_and_not_in_one_place() {
        // About the mean, 7e18, the last two are at 9e19 and 2e20: their squares and their product are infinite in f32.
        let mut features = Array2::<f64>::zeros((42, 1));
        (features[(40, 0)], features[(41, 0)]) = (1e20, 2e20);
        let gram = Gram::new(&Points::new(Kernel::Rbf { gamma: 1.0 }, features.view())).unwrap();
        assert_eq!((gram.row(40)[41], gram.row(41)[40], gram.row(0)[41]), (0.0, 0.0, 0.0));
        assert_eq!((gram.row(0)[1], gram.row(40)[40]), (1.0, 1.0));
    }
}
