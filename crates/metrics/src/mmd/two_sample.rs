//! MMD as a test of whether two samples come from one distribution.
//!
//! The unbiased square of the discrepancy (self terms and cross term as in [`super::estimate`]) against its values
//! when the points of both samples are shared out anew at random: under the hypothesis of one distribution all
//! sharings are equally likely, whatever the distribution, so that the p-value holds at any sample size (Gretton et
//! al., "A Kernel Two-Sample Test", 2012). The observed sharing counts among them: p is at least
//! 1 / (permutations + 1).

use candle_core::Tensor;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use vimae_core::{Error, Purpose, Result, Streams};

use super::{Kernel, estimate};
use crate::{linear, summary::values};

/// The most points of both samples together: their kernel matrix is held in memory.
pub const MOST_POINTS: usize = 8_000;

/// What the test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoSample {
    /// The unbiased estimate of MMD^2.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Share of sharings with a value at least as large, the observed one among them.
    pub p_value: f64,
    /// Sharings that were drawn.
    pub permutations: usize,
}

/// Tests samples `[N, d]` and `[M, d]` with `permutations` sharings drawn from `streams`.
///
/// # Errors
/// As [`estimate`]; [`Error::Unsupported`] for more than 8 000 points, no permutations, or points that are not finite.
pub fn test(q: &Tensor, p: &Tensor, kernel: &dyn Kernel, permutations: usize, streams: &Streams) -> Result<TwoSample> {
    let found = estimate(q, p, &[kernel])?[0];
    let (n, m, size) = (q.dim(0)?, p.dim(0)?, q.dim(1)?);
    let refuse = |what: String, reason: &str| Err(Error::Unsupported { what, reason: reason.into() });
    if n + m > MOST_POINTS {
        return refuse(format!("a permutation test of {} points", n + m), "its kernel matrix is held in memory; take 8 000 or fewer");
    }
    if permutations == 0 {
        return refuse("a permutation test without permutations".into(), "draw 100 or more");
    }
    if !found.unbiased.is_finite() {
        return refuse("a permutation test".into(), "the points are not all finite");
    }
    let points = [values(q)?, values(p)?].concat();
    let all = n + m;
    let matrix = kernel_matrix(&points, all, size, kernel);
    let total: f64 = matrix.iter().sum();

    // With s the indicator of the first sample: s^T K s, 1^T K s and 1^T K 1 give all three terms. The first sharing
    // is the observed one, so that it goes through the same arithmetic.
    let sharings = permutations + 1;
    let mut indicators = vec![0.0; sharings * all];
    for (i, indicator) in indicators.chunks_exact_mut(all).enumerate() {
        let mut order: Vec<usize> = (0..all).collect();
        if i > 0 {
            order.shuffle(&mut streams.at(Purpose::Evaluation, i as u64));
        }
        order.iter().take(n).for_each(|&at| indicator[at] = 1.0);
    }
    let kernel_view = linear::rows(&matrix, all, all);
    let products = linear::product(kernel_view, linear::rows(&indicators, sharings, all).transpose());
    let (nf, mf) = (n as f64, m as f64);
    let value = |i: usize| {
        let indicator = &indicators[i * all..(i + 1) * all];
        let (mut own, mut with_all) = (0.0, 0.0);
        for (at, s) in indicator.iter().enumerate() {
            let product = products[(at, i)];
            own += s * product;
            with_all += product;
        }
        let cross = with_all - own;
        let other = total - with_all - cross;
        own / (nf * (nf - 1.0)) + other / (mf * (mf - 1.0)) - 2.0 * cross / (nf * mf)
    };
    // The diagonal is zero in the matrix: own terms leave it out, cross terms never meet it.
    let observed = value(0);
    let slack = 1e-12 * observed.abs().max(1e-12);
    let as_large = (0..sharings).filter(|&i| value(i) >= observed - slack).count();
    Ok(TwoSample { value: found.unbiased, standard_error: found.standard_error, p_value: as_large as f64 / sharings as f64, permutations })
}

/// The kernel of every pair, row by row, zero on the diagonal.
fn kernel_matrix(points: &[f64], count: usize, size: usize, kernel: &dyn Kernel) -> Vec<f64> {
    let mut matrix = vec![0.0; count * count];
    matrix.par_chunks_mut(count).enumerate().for_each(|(i, row)| {
        let from = &points[i * size..(i + 1) * size];
        for (out, to) in row.iter_mut().zip(points.chunks_exact(size)) {
            *out = from.iter().zip(to).map(|(a, b)| (a - b).powi(2)).sum();
        }
        kernel.apply(row);
        row[i] = 0.0;
    });
    matrix
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::mmd::Rbf;

    fn sample(seed: u64, count: usize, shift: f32) -> Tensor {
        let values: Vec<f32> = Streams::new(seed).normal(Purpose::Evaluation, 0, count * 2).iter().map(|v| v + shift).collect();
        Tensor::from_vec(values, (count, 2), &Device::Cpu).unwrap()
    }

    fn p_value(seed: u64, shift: f32) -> f64 {
        test(&sample(2 * seed, 30, 0.0), &sample(2 * seed + 1, 40, shift), &Rbf { sigma_squared: 2.0 }, 99, &Streams::new(seed))
            .unwrap()
            .p_value
    }

    #[test]
    fn alike_samples_are_rejected_as_often_as_the_level_says_and_unlike_ones_nearly_always() {
        let rejected = |shift: f32| (0..200).filter(|&seed| p_value(seed, shift) <= 0.1).count();
        // 20 expected; six standard deviations of a binomial.
        assert!((4..=45).contains(&rejected(0.0)), "{}", rejected(0.0));
        assert!(rejected(1.5) > 195);
    }

    #[test]
    fn the_matrix_gives_the_value_of_the_estimate() {
        let (q, p) = (sample(1, 25, 0.0), sample(2, 35, 1.0));
        let found = test(&q, &p, &Rbf { sigma_squared: 1.0 }, 50, &Streams::new(3)).unwrap();
        assert_eq!(found, test(&q, &p, &Rbf { sigma_squared: 1.0 }, 50, &Streams::new(3)).unwrap());
        assert!(found.p_value >= 1.0 / 51.0 && found.value > 0.0);
        assert!(test(&q, &p, &Rbf { sigma_squared: 1.0 }, 0, &Streams::new(3)).is_err());
        let many = Tensor::zeros((MOST_POINTS, 1), DType::F32, &Device::Cpu).unwrap();
        assert!(matches!(test(&many, &many, &Rbf { sigma_squared: 1.0 }, 5, &Streams::new(3)), Err(Error::Unsupported { .. })));
        let nan = Tensor::full(f32::NAN, (5, 2), &Device::Cpu).unwrap();
        assert!(matches!(test(&nan, &p, &Rbf { sigma_squared: 1.0 }, 5, &Streams::new(3)), Err(Error::Unsupported { .. })));
    }
}
