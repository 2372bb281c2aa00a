//! The density against what it must be: one in all, that of the noise it was made of, better than a Gaussian where codes are curved.

use candle_core::{DType, Device};
use vimae_core::density::Layer;

use super::{
    made::{degrees, mask},
    *,
};
use crate::flow_fit::fit;

/// A flow of random numbers, far from the identity.
fn random(size: usize, hidden: &[usize]) -> FittedFlow {
    let mut seed = 0;
    let mut normal = |count: usize, scale: f64| -> Vec<f64> {
        seed += 1;
        Streams::new(9).normal(Purpose::Evaluation, seed, count).into_iter().map(|v| scale * f64::from(v)).collect()
    };
    let degrees = degrees(size, hidden);
    let mut layer = |(place, ends): (usize, &[Vec<usize>])| {
        let mask = mask(&ends[0], &ends[1], place == hidden.len());
        let weight = normal(mask.len(), 0.8 / (ends[0].len() as f64).sqrt()).into_iter().zip(mask).map(|(w, m)| w * m).collect();
        Layer { weight, bias: normal(ends[1].len(), 0.2) }
    };
    let blocks = (0..3).map(|_| degrees.windows(2).enumerate().map(&mut layer).collect()).collect();
    let factor = (0..size * size)
        .map(|at| {
            if at % size == at / size {
                0.7
            } else if at % size < at / size {
                0.2
            } else {
                0.0
            }
        })
        .collect();
    FittedFlow::of(Flow { size, mean: (0..size).map(|j| 0.5 * j as f64).collect(), factor, blocks }).unwrap()
}

/// A curved cloud in two dimensions, which no Gaussian is close to.
fn curved(count: usize) -> Vec<f64> {
    let noise = Streams::new(4).normal(Purpose::Evaluation, 0, 2 * count);
    noise.chunks_exact(2).flat_map(|e| [f64::from(e[0]), f64::from(e[0]).powi(2) + 0.3 * f64::from(e[1])]).collect()
}

fn mean_log_density(prior: &dyn Prior, rows: &[f64]) -> f64 {
    let rows = Tensor::from_slice(rows, (rows.len() / 2, 2), &Device::Cpu).unwrap();
    prior.log_density(&rows).unwrap().mean_all().unwrap().to_scalar().unwrap()
}

#[test]
fn a_density_of_two_dimensions_integrates_to_one() {
    const POINTS: i32 = 300;
    const STEP: f64 = 0.08;
    for flow in [random(2, &[20]), fit(&curved(1_000), 2, 2, &[10]).unwrap()] {
        let at = |place: i32| f64::from(place - POINTS / 2) * STEP;
        let grid: Vec<f64> = (0..POINTS * POINTS).flat_map(|place| [at(place % POINTS), at(place / POINTS)]).collect();
        let grid = Tensor::from_vec(grid, ((POINTS * POINTS) as usize, 2), &Device::Cpu).unwrap();
        let total = flow.log_density(&grid).unwrap().exp().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap() * STEP * STEP;
        assert!((total - 1.0).abs() < 2e-3, "{total}");
    }
}

#[test]
fn the_noise_of_a_code_is_the_noise_that_it_was_made_of() {
    for (size, hidden) in [(1, &[4][..]), (2, &[7]), (5, &[3, 16]), (6, &[40])] {
        let flow = random(size, hidden);
        let given: Vec<f64> = Streams::new(2).normal(Purpose::Evaluation, 0, 50 * size).into_iter().map(f64::from).collect();
        let codes: Vec<f64> = given.chunks_exact(size).flat_map(|noise| flow.code(noise.to_vec())).collect();
        let x = flow.standardised(&codes);
        let like = Tensor::zeros((1, size), DType::F64, &Device::Cpu).unwrap();
        let blocks: Vec<Vec<Linear>> = flow.blocks.iter().map(|block| block.tensors(&like).unwrap()).collect();
        let (found, _) = noise(&blocks, &Tensor::from_vec(x, (50, size), &Device::Cpu).unwrap()).unwrap();
        let found = found.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        assert!(found.iter().zip(&given).all(|(a, b)| (a - b).abs() < 1e-9), "{size} dimensions");
    }
}

#[test]
fn the_log_density_is_that_of_the_noise_and_the_determinant_of_the_map() {
    let flow = random(2, &[9]);
    let step = 1e-5;
    for noise in [[0.3, -1.2], [-2.0, 0.4]] {
        let at = |i: usize, by: f64| flow.code([0, 1].map(|j| noise[j] + if i == j { by } else { 0.0 }).to_vec());
        let slope = |i: usize, j: usize| (at(i, step)[j] - at(i, -step)[j]) / (2.0 * step);
        let determinant: f64 = slope(0, 0) * slope(1, 1) - slope(0, 1) * slope(1, 0);
        let expected = -0.5 * (noise[0] * noise[0] + noise[1] * noise[1]) - std::f64::consts::TAU.ln() - determinant.abs().ln();
        let found = mean_log_density(&flow, &at(0, 0.0));
        assert!((found - expected).abs() < 1e-7, "{found}, {expected}");
    }
}

#[test]
fn a_curved_cloud_is_likelier_than_under_a_gaussian_and_a_gaussian_stays_one() {
    let (all, size) = (curved(3_000), 2);
    let (rows, others) = all.split_at(2_000 * size);
    let flow = fit(rows, size, 3, &[20]).unwrap();
    let gaussian = crate::FittedMixture::fit(rows, size, 1).unwrap();
    let gain = mean_log_density(&flow, others) - mean_log_density(&gaussian, others);
    // Of the codes' own density a Gaussian is short by ln(1.446 / 0.3) = 1.57 nats.
    assert!(gain > 1.2, "{gain} nats");
    // Without blocks it is the Gaussian itself.
    let plain = fit(rows, size, 0, &[20]).unwrap();
    let apart = mean_log_density(&plain, others) - mean_log_density(&gaussian, others);
    assert!(apart.abs() < 0.02, "{apart}");
}

#[test]
fn a_gradient_reaches_the_codes() {
    let flow = random(3, &[8]);
    let codes = [0.2, -0.4, 1.3];
    let value = |codes: &[f64]| flow.log_density(&Tensor::from_slice(codes, (1, 3), &Device::Cpu).unwrap()).unwrap();
    let var = candle_core::Var::from_slice(&codes, (1, 3), &Device::Cpu).unwrap();
    let gradients = flow.log_density(&var).unwrap().sum_all().unwrap().backward().unwrap();
    let gradient = gradients.get(&var).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
    for (j, gradient) in gradient.into_iter().enumerate() {
        let at =
            |by: f64| value(&[0, 1, 2].map(|i| codes[i] + if i == j { by } else { 0.0 })).sum_all().unwrap().to_scalar::<f64>().unwrap();
        assert!((gradient - (at(1e-5) - at(-1e-5)) / 2e-5).abs() < 1e-6);
    }
}

#[test]
fn numbers_that_make_no_flow_are_refused() {
    let numbers = random(2, &[3]).numbers();
    let refused = |change: &dyn Fn(&mut Flow)| {
        let mut numbers = numbers.clone();
        change(&mut numbers);
        assert!(matches!(FittedFlow::of(numbers), Err(Error::Unsupported { .. })));
    };
    refused(&|flow| flow.size = 3);
    refused(&|flow| flow.factor[0] = -1.0);
    refused(&|flow| flow.blocks[0].clear());
    refused(&|flow| flow.blocks[1][0].bias.push(0.0));
    refused(&|flow| flow.blocks[1][1].weight[0] = f64::NAN);
    // The first dimension would see the second.
    refused(&|flow| flow.blocks[2][0].weight[1] = 0.1);
    refused(&|flow| flow.mean[1] = f64::INFINITY);
    assert!(random(2, &[3]).draw(&Streams::new(1), Purpose::Evaluation, 0, 5, 3).is_err());
}
