//! Images decoded along single dimensions of the code: what each of them means to the decoder.
//!
//! One dimension moves through the prior's quantiles 0.02 to 0.98, all others stay as they are in a test image's code.
//! Dimensions come in the order of ½ ln(1 + V / v) nats, where V is the variance of the mean code over images and v
//! the mean variance of the encoder's noise: what a Gaussian channel of that signal and noise carries. Where the
//! encoder has no noise they come in the order of V alone, which has no such unit.

use candle_core::{DType, Device, Tensor};
use vimae_core::{Code, Evidence, Prior, Result};

use crate::{EvalContext, projection::matrix};

/// Dimensions shown at most.
const DIMENSIONS: usize = 6;
/// Places along each, evenly spaced in probability.
const STEPS: usize = 9;
/// Probabilities of the first and of the last place.
const ENDS: [f64; 2] = [0.02, 0.98];

/// Decoded images, one dimension of the code after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Traversals {
    /// The dimensions that move, the most informative first.
    pub dimensions: Vec<Traversed>,
    /// Probabilities under the prior of the places along each.
    pub probabilities: Vec<f64>,
    /// Figures as bytes, channels first, one dimension after another: `[dimensions, places, C, H, W]`.
    pub images: Vec<u8>,
}

/// A dimension that moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traversed {
    /// Counted from 0.
    pub dimension: usize,
    /// What it carries of the image, in nats; none where the encoder has no noise.
    pub information: Option<f64>,
}

/// Decodes around the code of test image `base`.
pub(crate) fn decode(context: &EvalContext<'_>, base: usize) -> Result<Traversals> {
    let code = context.code()?;
    let mut dimensions = ranked(code, context.noisy_codes()?)?;
    dimensions.truncate(DIMENSIONS);
    let step = (ENDS[1] - ENDS[0]) / (STEPS - 1) as f64;
    let probabilities: Vec<f64> = (0..STEPS).map(|i| ENDS[0] + step * i as f64).collect();
    let size = code.mean.dim(1)?;
    let start: Vec<f32> = code.mean.get(base)?.to_dtype(DType::F32)?.to_vec1()?;
    let mut codes = Vec::with_capacity(dimensions.len() * STEPS * size);
    for moved in &dimensions {
        // A prior without a marginal gives its quantiles by its draws.
        for value in quantiles(context.prior(), context.prior_sample()?, moved.dimension, &probabilities)? {
            codes.extend(start.iter().enumerate().map(|(j, held)| if j == moved.dimension { value as f32 } else { *held }));
        }
    }
    let codes = Tensor::from_vec(codes, (dimensions.len() * STEPS, size), &Device::Cpu)?.to_dtype(code.mean.dtype())?;
    let decoded = context.decoded(&codes, "decoding along code dimensions")?;
    let images = crate::bytes::bytes(&decoded, context.range())?;
    Ok(Traversals { dimensions, probabilities, images })
}

/// The dimensions of the codes of some images, the most informative first; equal ones by number.
///
/// # Errors
/// Where the device fails.
pub fn informative(code: &Code) -> Result<Vec<usize>> {
    Ok(ranked(code, None)?.into_iter().map(|moved| moved.dimension).collect())
}

/// Values of dimension `j` at these probabilities: the prior's own where its dimensions are alike, else those of draws `[N, d]`.
///
/// # Errors
/// Where the draws are no rows of codes.
pub fn quantiles(prior: &dyn Prior, prior_sample: &Tensor, j: usize, probabilities: &[f64]) -> Result<Vec<f64>> {
    if let Some(law) = prior.marginal() {
        return Ok(probabilities.iter().map(|p| law.quantile(*p)).collect());
    }
    let mut draws = matrix(prior_sample)?.column(j).to_vec();
    draws.sort_unstable_by(f64::total_cmp);
    let last = draws.len().saturating_sub(1);
    Ok(probabilities.iter().filter_map(|p| draws.get((p * last as f64).round() as usize)).copied().collect())
}

/// All dimensions, the most informative first; equal ones by number.
fn ranked(code: &Code, noisy_codes: Option<&Tensor>) -> Result<Vec<Traversed>> {
    let means = matrix(&code.mean)?;
    let signal: Vec<f64> = means.columns().into_iter().map(|column| variance(column.iter().copied(), 0.0)).collect();
    let noise: Option<Vec<f64>> = match (&code.log_var, noisy_codes) {
        (Some(log_var), _) => Some(matrix(&log_var.exp()?)?.columns().into_iter().map(|v| v.sum() / v.len() as f64).collect()),
        (None, Some(noisy)) => Some(spread(noisy)?),
        (None, None) => None,
    };
    // Without signal a dimension carries nothing, with noise or without: 0 / 0 would stand before all others.
    let carried = |(signal, noise): (&f64, f64)| if *signal == 0.0 { 0.0 } else { 0.5 * (signal / noise).ln_1p() };
    let information: Option<Vec<f64>> = noise.map(|noise| signal.iter().zip(noise).map(carried).collect());
    let mut order: Vec<usize> = (0..signal.len()).collect();
    let by = information.as_ref().unwrap_or(&signal);
    order.sort_by(|a, b| by[*b].total_cmp(&by[*a]).then(signal[*b].total_cmp(&signal[*a])).then(a.cmp(b)));
    let traversed = |dimension: usize| Traversed { dimension, information: information.as_ref().map(|all| all[dimension]) };
    Ok(order.into_iter().map(traversed).collect())
}

/// The mean unbiased variance of each dimension over the passes of `[M, K, d]`.
fn spread(noisy: &Tensor) -> Result<Vec<f64>> {
    let (images, passes, size) = noisy.dims3()?;
    let flat = matrix(&noisy.reshape((images * passes, size))?)?;
    let of = |image: usize, j: usize| variance((0..passes).map(|k| flat[[image * passes + k, j]]), 1.0);
    Ok((0..size).map(|j| (0..images).map(|image| of(image, j)).sum::<f64>() / images as f64).collect())
}

/// The variance of at least two values, `lost` degrees of freedom below their number.
fn variance(values: impl Iterator<Item = f64> + Clone, lost: f64) -> f64 {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    values.map(|v| (v - mean).powi(2)).sum::<f64>() / (n - lost)
}

#[cfg(test)]
mod tests {
    use vimae_priors::normal;

    use super::*;

    fn code(log_var: Option<[f32; 3]>) -> Code {
        // Variances 1, 4 and 0.25 over the images.
        let mean = Tensor::new(&[[1_f32, 2.0, 0.5], [-1.0, -2.0, 0.5], [1.0, -2.0, -0.5], [-1.0, 2.0, -0.5]], &Device::Cpu).unwrap();
        let log_var = log_var.map(|v| Tensor::new(&[v; 4], &Device::Cpu).unwrap());
        Code { mean, log_var }
    }

    fn order(ranked: &[Traversed]) -> Vec<usize> {
        ranked.iter().map(|t| t.dimension).collect()
    }

    #[test]
    fn the_dimension_with_the_most_signal_for_its_noise_comes_first() {
        assert_eq!(order(&ranked(&code(None), None).unwrap()), [1, 0, 2]);
        // Noise of variances 1, 16 and 1/64: signal to noise 1, 1/4 and 16.
        let noisy = ranked(&code(Some([0.0, 16_f32.ln(), -(64_f32.ln())])), None).unwrap();
        assert_eq!(order(&noisy), [2, 0, 1]);
        assert!((noisy[0].information.unwrap() - 0.5 * 17_f64.ln()).abs() < 1e-6, "{noisy:?}");
        // Two passes that differ by d have an unbiased variance of d^2 / 2.
        let passes = Tensor::new(&[[[0_f32, 0.0, 0.0], [2.0, 0.1, 0.5]]], &Device::Cpu).unwrap();
        let fitted = ranked(&code(None), Some(&passes)).unwrap();
        assert_eq!(order(&fitted), [1, 2, 0]);
        assert!((fitted[2].information.unwrap() - 0.5 * 1.5_f64.ln()).abs() < 1e-6, "{fitted:?}");
    }

    #[test]
    fn a_dimension_without_noise_carries_infinitely_much() {
        let passes = Tensor::new(&[[[0_f32, 1.0, 0.0], [2.0, 1.0, 1.0]]], &Device::Cpu).unwrap();
        let fitted = ranked(&code(None), Some(&passes)).unwrap();
        assert_eq!((fitted[0].dimension, fitted[0].information), (1, Some(f64::INFINITY)));
    }

    #[test]
    fn a_dimension_that_never_moves_carries_nothing_and_comes_last() {
        let mean = Tensor::new(&[[0.7_f32, 1.0], [0.7, -1.0], [0.7, 0.5]], &Device::Cpu).unwrap();
        let passes = Tensor::new(&[[[0.7_f32, 1.0], [0.7, 1.2], [0.7, 1.1]]], &Device::Cpu).unwrap();
        let fitted = ranked(&Code { mean, log_var: None }, Some(&passes)).unwrap();
        assert_eq!((order(&fitted), fitted[1].information), (vec![1, 0], Some(0.0)));
    }

    #[test]
    fn quantiles_come_from_the_marginal_or_from_draws() {
        let draws = Tensor::new(&[[4_f32], [1.0], [3.0], [0.0], [2.0]], &Device::Cpu).unwrap();
        let of_normal = quantiles(&normal::prior(), &draws, 0, &[0.02, 0.5, 0.98]).unwrap();
        assert!((of_normal[0] + 2.0537).abs() < 1e-3 && of_normal[1].abs() < 1e-9 && (of_normal[2] - 2.0537).abs() < 1e-3, "{of_normal:?}");
        let fitted = vimae_priors::FittedMixture::fit(&[0.0, 1.0, 2.0, 3.0, 4.0], 1, 1).unwrap();
        assert_eq!(quantiles(&fitted, &draws, 0, &[0.02, 0.5, 0.98]).unwrap(), [0.0, 2.0, 4.0]);
    }
}
