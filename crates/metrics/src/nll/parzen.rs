//! Parzen windows: a mixture of equal Gaussians on generated images as the model's density.
//!
//! log p(x) = logsumexp_j(-|x - s_j|^2 / (2 sigma^2)) - ln N - D/2 ln(2 pi sigma^2) (Breuleux et al., "Quickly
//! generating representative samples from an RBM-derived process", 2011; what it can and cannot tell: Theis et
//! al., "A note on the evaluation of generative models", 2016). Where windows are narrow, bounds in f32 say which terms count and those
//! are exact (`near`); else distances come from products in f64. Both go block by block: beside the sets, memory stays at a
//! few hundred rows of each, or 64 numbers a row.

mod near;

use candle_core::{DType, Tensor};
use rayon::prelude::*;
use vimae_core::{Error, Result, numerics::softplus};

use crate::{inner::BLOCK, summary::values};

/// A density estimate: Gaussians of standard deviation `sigma` on the first `samples` generated images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Standard deviation of each Gaussian, in the units of the pixels.
    pub sigma: f64,
    /// How many of the generated images carry one.
    pub samples: usize,
}

// Every block of test rows reads all samples once more.
const TEST_ROWS: usize = 1024;
const SAMPLE_ROWS: usize = BLOCK;
/// Terms e^-40 of the largest are below the last bit of the sum.
const NEGLIGIBLE: f64 = 40.0;

/// The log density in nats of every image of `test` `[T, ...]` under each window on `generated` `[S, ...]`:
/// one vector of length T a window.
///
/// # Errors
/// Where the images' shapes differ or a window asks for no samples, more than there are, or a sigma not above 0.
pub fn log_densities(test: &Tensor, generated: &Tensor, windows: &[Window]) -> Result<Vec<Vec<f64>>> {
    check(test, generated, windows)?;
    let (test, generated) = (test.flatten_from(1)?, generated.flatten_from(1)?);
    let cuts = cuts(windows);
    let mut densities = match by_near(&test, &generated, windows, &cuts)? {
        Some(sums) => sums,
        None => by_all(&test, &generated, windows, &cuts)?,
    };
    let dimensions = test.dim(1)? as f64;
    for (window, densities) in windows.iter().zip(&mut densities) {
        let constant = (window.samples as f64).ln() + 0.5 * dimensions * (std::f64::consts::TAU * window.sigma.powi(2)).ln();
        densities.iter_mut().for_each(|d| *d -= constant);
    }
    Ok(densities)
}

/// The sums by [`near`]; none where it does not serve.
fn by_near(test: &Tensor, generated: &Tensor, windows: &[Window], cuts: &[usize]) -> Result<Option<Vec<Vec<f64>>>> {
    if [test, generated].iter().any(|images| images.dtype() != DType::F32) || test.elem_count() == 0 {
        return Ok(None);
    }
    let size = test.dim(1)?;
    let (test, generated) = (test.flatten_all()?.to_vec1::<f32>()?, generated.flatten_all()?.to_vec1::<f32>()?);
    Ok(near::Near { test: &test, samples: &generated, size, windows, cuts }.sums())
}

/// The sums from all distances.
fn by_all(test: &Tensor, generated: &Tensor, windows: &[Window], cuts: &[usize]) -> Result<Vec<Vec<f64>>> {
    let norms = norms(generated, cuts)?;
    let mut sums = vec![Vec::with_capacity(test.dim(0)?); windows.len()];
    for start in (0..test.dim(0)?).step_by(TEST_ROWS) {
        let rows = test.narrow(0, start, TEST_ROWS.min(test.dim(0)? - start))?.to_dtype(DType::F64)?;
        for (window, part) in block(&rows, generated, &norms, windows, cuts)?.into_iter().enumerate() {
            sums[window].extend(part);
        }
    }
    Ok(sums)
}

fn check(test: &Tensor, generated: &Tensor, windows: &[Window]) -> Result<()> {
    if test.rank() < 2 || test.dims().get(1..) != generated.dims().get(1..) {
        return Err(Error::shape("generated images", format!("[S, {:?}]", test.dims().get(1..)), generated.dims()));
    }
    let available = generated.dim(0)?;
    match windows.iter().find(|w| w.samples == 0 || w.samples > available || w.sigma.is_nan() || w.sigma <= 0.0) {
        Some(window) => Err(Error::Unsupported {
            what: format!("{window:?}"),
            reason: format!("sigma must be above 0 and samples from 1 to {available}"),
        }),
        None => Ok(()),
    }
}

/// Where blocks of samples begin and end: every [`SAMPLE_ROWS`] and wherever a window ends.
fn cuts(windows: &[Window]) -> Vec<usize> {
    let most = windows.iter().map(|w| w.samples).max().unwrap_or(0);
    let mut cuts: Vec<usize> = (0..most).step_by(SAMPLE_ROWS).chain(windows.iter().map(|w| w.samples)).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Squared lengths of the samples up to the last cut.
fn norms(generated: &Tensor, cuts: &[usize]) -> Result<Vec<f64>> {
    let mut norms = Vec::new();
    for cut in cuts.windows(2) {
        norms.extend(values(&generated.narrow(0, cut[0], cut[1] - cut[0])?.to_dtype(DType::F64)?.sqr()?.sum(1)?)?);
    }
    Ok(norms)
}

/// logsumexp of the exponents for a block of test rows: one vector a window.
fn block(rows: &Tensor, generated: &Tensor, norms: &[f64], windows: &[Window], cuts: &[usize]) -> Result<Vec<Vec<f64>>> {
    let count = rows.dim(0)?;
    let row_norms = values(&rows.sqr()?.sum(1)?)?;
    let mut sums = vec![vec![f64::NEG_INFINITY; count]; windows.len()];
    for cut in cuts.windows(2) {
        let samples = generated.narrow(0, cut[0], cut[1] - cut[0])?.to_dtype(DType::F64)?;
        let norms = norms.get(cut[0]..cut[1]).unwrap_or_default();
        let products = values(&rows.matmul(&samples.t()?)?)?;
        let parts: Vec<Vec<f64>> = products
            .par_chunks_exact(norms.len())
            .zip(&row_norms)
            .map(|(products, row_norm)| {
                let squared = |(product, norm): (&f64, &f64)| {
                    let distance = row_norm + norm - 2.0 * product;
                    // Rounding may leave a hair below zero; `max` would hide a NaN.
                    if distance < 0.0 { 0.0 } else { distance }
                };
                let distances: Vec<f64> = products.iter().zip(norms).map(squared).collect();
                windows.iter().map(|w| if w.samples >= cut[1] { log_sum_exp(&distances, w.sigma) } else { f64::NEG_INFINITY }).collect()
            })
            .collect();
        for (row, part) in parts.into_iter().enumerate() {
            sums.iter_mut().zip(part).for_each(|(sums, part)| sums[row] = log_add_exp(sums[row], part));
        }
    }
    Ok(sums)
}

/// ln sum_j exp(-distances_j / (2 sigma^2)).
fn log_sum_exp(squared_distances: &[f64], sigma: f64) -> f64 {
    let factor = 0.5 / (sigma * sigma);
    // A NaN is passed over by `min`, but not by the sum.
    let least = squared_distances.iter().copied().fold(f64::INFINITY, f64::min);
    let sum: f64 = squared_distances
        .iter()
        .map(|d| (d - least) * factor)
        .filter(|exponent| exponent.is_nan() || *exponent < NEGLIGIBLE)
        .map(|exponent| (-exponent).exp())
        .sum();
    sum.ln() - least * factor
}

fn log_add_exp(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if high == f64::NEG_INFINITY { high } else { high + softplus(low - high) }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use vimae_core::{Purpose, Streams};

    use super::*;

    fn normal(seed: u64, rows: usize, columns: usize) -> Tensor {
        Tensor::from_vec(Streams::new(seed).normal(Purpose::Evaluation, 0, rows * columns), (rows, columns), &Device::Cpu).unwrap()
    }

    #[test]
    fn one_sample_gives_the_density_of_a_gaussian() {
        let (test, sample) = (Tensor::new(&[[0.0_f32, 0.5]], &Device::Cpu).unwrap(), Tensor::new(&[[0.3_f32, 0.1]], &Device::Cpu).unwrap());
        let density = log_densities(&test, &sample, &[Window { sigma: 0.5, samples: 1 }]).unwrap();
        let expected = -0.25 / (2.0 * 0.25) - (std::f64::consts::TAU * 0.25).ln();
        assert!((density[0][0] - expected).abs() < 1e-6);
    }

    #[test]
    fn blocks_and_shared_distances_change_nothing() {
        let (test, generated) = (normal(1, TEST_ROWS + 5, 4), normal(2, 2 * SAMPLE_ROWS + 3, 4));
        let windows =
            [(0.3, 2 * SAMPLE_ROWS + 3), (1.0, 700), (0.05, 1), (1.0, SAMPLE_ROWS)].map(|(sigma, samples)| Window { sigma, samples });
        let all = log_densities(&test, &generated, &windows).unwrap();
        for (window, densities) in windows.iter().zip(&all) {
            for row in [0, TEST_ROWS, TEST_ROWS + 4] {
                let point = test.get(row).unwrap().to_vec1::<f32>().unwrap();
                let exponents = generated.narrow(0, 0, window.samples).unwrap().to_vec2::<f32>().unwrap();
                let terms = exponents.iter().map(|s| {
                    let squared: f64 = s.iter().zip(&point).map(|(s, x)| (f64::from(*s) - f64::from(*x)).powi(2)).sum();
                    -squared / (2.0 * window.sigma.powi(2))
                });
                let sum = terms.fold(f64::NEG_INFINITY, log_add_exp);
                let expected = sum - (window.samples as f64).ln() - 2.0 * (std::f64::consts::TAU * window.sigma.powi(2)).ln();
                assert!((densities[row] - expected).abs() < 1e-8 * expected.abs(), "{window:?}: {}, expected {expected}", densities[row]);
            }
        }
    }

    #[test]
    fn exact_terms_near_by_are_the_sum_of_all() {
        // Clusters far apart: at every width a few samples count, and in f32 alone the sums would be wrong in the fourth digit. Long
        // rows are screened by the few directions in which clusters differ; short ones stand for themselves.
        for size in [60, 300] {
            let of = |seed: u64, rows: usize| {
                let centres = (0..rows).flat_map(|i| vec![3.0 * (i % 97) as f32; size]).collect::<Vec<f32>>();
                (normal(seed, rows, size) * 0.2).unwrap().add(&Tensor::from_vec(centres, (rows, size), &Device::Cpu).unwrap()).unwrap()
            };
            let (test, generated) = (of(1, 700), of(2, 1_500));
            let windows = [(0.05, 1_500), (0.2, 1_500), (0.3, 600)].map(|(sigma, samples)| Window { sigma, samples });
            let cuts = cuts(&windows);
            let near = by_near(&test, &generated, &windows, &cuts).unwrap().unwrap();
            let all = by_all(&test, &generated, &windows, &cuts).unwrap();
            let (rows, samples) = (test.to_vec2::<f32>().unwrap(), generated.to_vec2::<f32>().unwrap());
            for ((window, near), all) in windows.iter().zip(&near).zip(&all) {
                for ((row, near), all) in rows.iter().zip(near).zip(all) {
                    let distances: Vec<f64> =
                        samples[..window.samples].iter().map(|sample| crate::distance::squared(row, sample)).collect();
                    let exact = log_sum_exp(&distances, window.sigma);
                    // Products in f64 round far from the origin.
                    assert!((near - exact).abs() < 1e-12 * exact.abs() && (all - exact).abs() < 1e-7 * exact.abs(), "{near} {all} {exact}");
                }
            }
            // Wide windows take all.
            assert!(by_near(&test, &generated, &[Window { sigma: 100.0, samples: 1_500 }], &cuts).unwrap().is_none());
        }
    }

    #[test]
    fn rows_that_vary_in_all_directions_alike_stand_for_themselves() {
        let (test, generated) = (normal(1, 600, 300), normal(2, 900, 300));
        let windows = [Window { sigma: 0.5, samples: 900 }];
        let near = by_near(&test, &generated, &windows, &cuts(&windows)).unwrap().unwrap();
        let all = by_all(&test, &generated, &windows, &cuts(&windows)).unwrap();
        assert!(near[0].iter().zip(&all[0]).all(|(near, all)| (near - all).abs() < 1e-10 * all.abs()));
    }

    #[test]
    fn far_images_have_a_finite_density_and_a_nan_is_not_hidden() {
        let generated = normal(1, 4, 3);
        let far = (normal(2, 2, 3) + 1e4).unwrap();
        let window = [Window { sigma: 0.1, samples: 4 }];
        assert!(log_densities(&far, &generated, &window).unwrap()[0].iter().all(|d| d.is_finite()));
        let broken = Tensor::cat(&[&generated, &(normal(3, 1, 3) * f64::NAN).unwrap()], 0).unwrap();
        let window = [Window { sigma: 0.1, samples: 5 }];
        assert!(log_densities(&generated, &broken, &window).unwrap()[0].iter().all(|d| d.is_nan()));
    }

    #[test]
    fn windows_that_cannot_be_are_refused() {
        let (test, generated) = (normal(1, 3, 4), normal(2, 5, 4));
        for (sigma, samples) in [(0.1, 6), (0.1, 0), (0.0, 5), (f64::NAN, 5)] {
            assert!(log_densities(&test, &generated, &[Window { sigma, samples }]).is_err());
        }
        assert!(log_densities(&test, &normal(2, 5, 3), &[Window { sigma: 1.0, samples: 5 }]).is_err());
    }
}
