//! Sums of a function of the distance over all pairs of two samples, with their gradient.
//!
//! `mean_{i != j} f(q_i, q_j) + mean_{i != j} f(p_i, p_j) - 2 mean_{i, j} f(q_i, p_j)`: the unbiased estimate of an MMD
//! for a kernel f, of the energy distance for the negative distance. It may be negative.
//!
//! Value and gradient come from one pass over the pairs, in f64, on the CPU, without the matrix of pairs; elsewhere
//! the same formula is composed from tensor operations. A row meets eight others at a time, which lie dimension by
//! dimension; each pair is summed by itself and in order, so that this changes no bit.

use candle_core::Tensor;
use rayon::prelude::*;
use vimae_core::{Error, Result};

use super::{
    eager::{self, Gradients},
    relu::relu,
};

/// Pairs that are computed side by side.
const LANES: usize = 8;

/// A function of the squared distance.
pub trait Radial: Send + Sync + 'static {
    /// Value and slope at a squared distance.
    fn at(&self, squared: f64) -> (f64, f64);

    /// Values and slopes at several squared distances, the same as one by one.
    fn at_each(&self, squared: [f64; LANES]) -> [(f64, f64); LANES] {
        squared.map(|s| self.at(s))
    }

    /// The values at squared distances, any shape; differentiable.
    ///
    /// # Errors
    /// Where the device fails.
    fn values(&self, squared: &Tensor) -> Result<Tensor>;
}

/// The estimate from samples `[N, d]` of q and `[M, d]` of p, two rows or more each; differentiable in both.
///
/// # Errors
/// Where the shapes do not fit.
pub fn estimate(radial: impl Radial, q: &Tensor, p: &Tensor) -> Result<Tensor> {
    expect_samples(q, p)?;
    if q.device().is_cpu() {
        // Draws from the prior seldom have a gradient, and its pairs are half of them all.
        let of_p = p.track_op();
        return eager::apply("pairs", q, p, move |q, p, d| pairs(&radial, q, p, d, of_p));
    }
    composed(&radial, q, p)
}

/// Dimensions of two samples that can be compared.
pub(super) fn expect_samples(q: &Tensor, p: &Tensor) -> Result<(usize, usize, usize)> {
    let (n, d) = q.dims2()?;
    let (m, e) = p.dims2()?;
    if d != e || n < 2 || m < 2 || d == 0 {
        return Err(Error::shape("sample of the prior", format!("[at least 2, {d}] beside at least 2 codes (got {n})"), p.dims()));
    }
    Ok((n, m, d))
}

/// The estimate from tensor operations alone.
pub(super) fn composed(radial: &impl Radial, q: &Tensor, p: &Tensor) -> Result<Tensor> {
    let (n, m) = (q.dim(0)?, p.dim(0)?);
    let distances = |a: &Tensor, b: &Tensor| -> Result<Tensor> {
        let squares = |t: &Tensor| t.sqr()?.sum_keepdim(1);
        let products = (a.matmul(&b.t()?)? * 2.0)?;
        relu(&squares(a)?.broadcast_add(&squares(b)?.t()?)?.sub(&products)?)
    };
    let sum = |distances: Tensor| -> Result<Tensor> { Ok(radial.values(&distances)?.sum_all()?) };
    let (at_zero, _) = radial.at(0.0);
    let own = |a: &Tensor, n: usize| -> Result<Tensor> {
        // Rounding leaves the diagonal beside zero, where a root is steep; its value there is taken off.
        let others = (Tensor::eye(n, a.dtype(), a.device())?.neg()? + 1.0)?;
        Ok(((sum((distances(a, a)? * others)?)? - n as f64 * at_zero)? / (n * (n - 1)) as f64)?)
    };
    let cross = (sum(distances(q, p)?)? * (-2.0 / (n * m) as f64))?;
    Ok(((own(q, n)? + own(p, m)?)? + cross)?)
}

/// Each row is one task, and rows are added in order, so that the number of threads changes nothing. The gradient by p
/// is left empty where it is not wanted.
fn pairs(radial: &impl Radial, q: &[f64], p: &[f64], d: usize, of_p: bool) -> Gradients {
    let (q, p) = (Rows::new(q, d), Rows::new(p, d));
    let own = |rows: &Rows<'_>| 1.0 / (rows.count * (rows.count - 1)) as f64;
    let cross = -2.0 / (q.count * p.count) as f64;
    let side = |a: &Rows<'_>, b: &Rows<'_>, wanted: bool| -> Vec<(f64, f64, Vec<f64>)> {
        let row = |i| {
            let mut gradient = vec![0.0; if wanted { d } else { 0 }];
            // Each ordered pair of a self term meets its row twice, as first and as second.
            let own_sum = a.meet(radial, a.row(i), Some(i), 2.0 * own(a), &mut gradient);
            let cross_sum = if wanted { b.meet(radial, a.row(i), None, cross, &mut gradient) } else { 0.0 };
            (own_sum, cross_sum, gradient)
        };
        (0..a.count).into_par_iter().map(row).collect()
    };
    // The cross term is summed with the rows of q, whether or not they have a gradient.
    let (q_rows, p_rows) = (side(&q, &p, true), side(&p, &q, of_p));
    let value = q_rows.iter().map(|r| r.0 * own(&q) + r.1 * cross).sum::<f64>() + p_rows.iter().map(|r| r.0 * own(&p)).sum::<f64>();
    let gradient = |rows: Vec<(f64, f64, Vec<f64>)>| rows.into_iter().flat_map(|r| r.2).collect();
    Gradients { value, q: gradient(q_rows), p: gradient(p_rows) }
}

/// A sample row by row, and in panels of [`LANES`] rows, dimension by dimension.
struct Rows<'a> {
    rows: &'a [f64],
    panels: Vec<f64>,
    count: usize,
    size: usize,
}

impl<'a> Rows<'a> {
    fn new(rows: &'a [f64], size: usize) -> Self {
        let count = rows.len() / size;
        let mut panels = vec![0.0; count.div_ceil(LANES) * LANES * size];
        for (i, row) in rows.chunks_exact(size).enumerate() {
            for (k, value) in row.iter().enumerate() {
                panels[(i / LANES * size + k) * LANES + i % LANES] = *value;
            }
        }
        Self { rows, panels, count, size }
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.size..(index + 1) * self.size]
    }

    /// The sum of f(x, y) over the rows y but `except`, with `weight` times its gradient by x added to `gradient`, where
    /// that has room.
    fn meet(&self, radial: &impl Radial, x: &[f64], except: Option<usize>, weight: f64, gradient: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for (panel, first) in self.panels.chunks_exact(LANES * self.size).zip((0..).step_by(LANES)) {
            let mut squared = [0.0; LANES];
            for (a, lanes) in x.iter().zip(panel.chunks_exact(LANES)) {
                for (s, b) in squared.iter_mut().zip(lanes) {
                    *s += (a - b) * (a - b);
                }
            }
            for (j, (value, slope)) in (first..self.count).zip(radial.at_each(squared)) {
                if Some(j) == except {
                    continue;
                }
                sum += value;
                let factor = 2.0 * weight * slope;
                for ((g, a), b) in gradient.iter_mut().zip(x).zip(self.row(j)) {
                    *g += factor * (a - b);
                }
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};
    use vimae_core::{Purpose, Streams};

    use super::*;
    use crate::divergence::{energy::Negative, mmd_imq::Kernels, mmd_imq_single::Kernel, mmd_rbf::Gaussian};

    fn sample(step: u64, n: usize, d: usize) -> Tensor {
        let values = Streams::new(1).normal(Purpose::PriorSample, step, n * d);
        Tensor::from_vec(values, (n, d), &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap()
    }

    /// Value and gradients, times three, of the fused and the composed estimate.
    fn agree(radial: impl Radial + Copy, within: f64) {
        let q = Var::from_tensor(&(sample(0, 20, 3) * 0.7).unwrap()).unwrap();
        let p = Var::from_tensor(&sample(1, 15, 3)).unwrap();
        let (fused, plain) = (estimate(radial, &q, &p).unwrap(), composed(&radial, &q, &p).unwrap());
        assert!((fused.to_scalar::<f64>().unwrap() - plain.to_scalar::<f64>().unwrap()).abs() < within);
        let without = estimate(radial, &q, &p.detach()).unwrap();
        assert_eq!(fused.to_scalar::<f64>().unwrap(), without.to_scalar::<f64>().unwrap());
        let [fused, plain, without] = [fused, plain, without].map(|t| (t * 3.0).unwrap().backward().unwrap());
        for var in [&q, &p] {
            let difference = (fused.get(var).unwrap() - plain.get(var).unwrap()).unwrap().abs().unwrap().max_all().unwrap();
            assert!(difference.to_scalar::<f64>().unwrap() < within);
        }
        let same = (fused.get(&q).unwrap() - without.get(&q).unwrap()).unwrap().abs().unwrap().max_all().unwrap();
        assert_eq!(same.to_scalar::<f64>().unwrap(), 0.0);
        assert!(without.get(&p).is_none());
    }

    #[test]
    fn fused_and_composed_agree_in_value_and_gradient() {
        agree(Kernels([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0].map(|s| 6.0 * s)), 1e-12);
        agree(Kernel { c: 2.0 }, 1e-12);
        agree(Gaussian { factor: -0.2 }, 1e-12);
        // Composed, the root is rounded off at zero.
        agree(Negative, 1e-5);
    }

    #[test]
    fn a_code_that_is_not_finite_shows_in_both() {
        let kernel = Kernel { c: 2.0 };
        {
            let bad = f64::NAN;
            let q = Tensor::new(&[[0.5, 1.0], [bad, 0.0], [0.1, -0.3]], &Device::Cpu).unwrap();
            for estimate in [estimate(kernel, &q, &sample(1, 4, 2)), composed(&kernel, &q, &sample(1, 4, 2))] {
                assert!(estimate.unwrap().to_scalar::<f64>().unwrap().is_nan(), "{bad}");
            }
        }
    }

    #[test]
    fn one_by_one_and_eight_by_eight_are_the_same_bits() {
        let kernels = Kernels([0.6, 1.2, 3.0, 6.0, 12.0, 30.0, 60.0]);
        let squared = [0.0, 1e-9, 0.3, 1.0, 7.7, 1e3, 1e9, f64::INFINITY];
        assert_eq!(kernels.at_each(squared), squared.map(|s| kernels.at(s)));
    }
}
