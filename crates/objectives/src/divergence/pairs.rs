//! Sums of a function of the distance over all pairs of two samples, with their gradient.
//!
//! `mean_{i != j} f(q_i, q_j) + mean_{i != j} f(p_i, p_j) - 2 mean_{i, j} f(q_i, p_j)`: the unbiased estimate of an MMD
//! for a kernel f, of the energy distance for the negative distance. It may be negative.
//!
//! Value and gradient come from one pass over the pairs, in f64, on the CPU, without the matrix of pairs; elsewhere
//! the same formula is composed from tensor operations.

use candle_core::Tensor;
use rayon::prelude::*;
use vimae_core::{Error, Result};

use super::eager::{self, Gradients};

/// A function of the squared distance.
pub trait Radial: Send + Sync + 'static {
    /// Value and slope at a squared distance.
    fn at(&self, squared: f64) -> (f64, f64);

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
        return eager::apply("pairs", q, p, move |q, p, d| pairs(&radial, q, p, d));
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
        Ok(squares(a)?.broadcast_add(&squares(b)?.t()?)?.sub(&products)?.relu()?)
    };
    let sum = |a: &Tensor, b: &Tensor| -> Result<Tensor> { Ok(radial.values(&distances(a, b)?)?.sum_all()?) };
    // The diagonal of a self term is one value each.
    let (at_zero, _) = radial.at(0.0);
    let own = |sum: Tensor, n: usize| -> Result<Tensor> { Ok(((sum - n as f64 * at_zero)? / (n * (n - 1)) as f64)?) };
    let cross = (sum(q, p)? * (-2.0 / (n * m) as f64))?;
    Ok(((own(sum(q, q)?, n)? + own(sum(p, p)?, m)?)? + cross)?)
}

/// Each row is one task, and rows are added in order, so that the number of threads changes nothing.
fn pairs(radial: &impl Radial, q: &[f64], p: &[f64], d: usize) -> Gradients {
    let (n, m) = (q.len() / d, p.len() / d);
    let own = |k: usize| 1.0 / (k * (k - 1)) as f64;
    let cross = -2.0 / (n * m) as f64;
    let side = |a: &[f64], b: &[f64], own_weight: f64| -> Vec<(f64, f64, Vec<f64>)> {
        a.par_chunks(d)
            .enumerate()
            .map(|(i, x)| {
                let mut gradient = vec![0.0; d];
                let (mut own_sum, mut cross_sum) = (0.0, 0.0);
                for (j, y) in a.chunks_exact(d).enumerate() {
                    if i != j {
                        // Each ordered pair of a self term meets x twice, as first and as second.
                        own_sum += accumulate(radial, x, y, 2.0 * own_weight, &mut gradient);
                    }
                }
                for y in b.chunks_exact(d) {
                    cross_sum += accumulate(radial, x, y, cross, &mut gradient);
                }
                (own_sum, cross_sum, gradient)
            })
            .collect()
    };
    let (q_rows, p_rows) = (side(q, p, own(n)), side(p, q, own(m)));
    let value = q_rows.iter().map(|r| r.0 * own(n) + r.1 * cross).sum::<f64>() + p_rows.iter().map(|r| r.0 * own(m)).sum::<f64>();
    let gradient = |rows: Vec<(f64, f64, Vec<f64>)>| rows.into_iter().flat_map(|r| r.2).collect();
    Gradients { value, q: gradient(q_rows), p: gradient(p_rows) }
}

/// f(x, y), with `weight` times its gradient by `x` added to `gradient`.
fn accumulate(radial: &impl Radial, x: &[f64], y: &[f64], weight: f64, gradient: &mut [f64]) -> f64 {
    let distance: f64 = x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum();
    let (value, slope) = radial.at(distance);
    let factor = 2.0 * weight * slope;
    for ((g, a), b) in gradient.iter_mut().zip(x).zip(y) {
        *g += factor * (a - b);
    }
    value
}
