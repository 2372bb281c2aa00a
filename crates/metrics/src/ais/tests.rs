//! Laws of annealing on a model whose likelihood is known: x = W z + b with noise, z standard normal.

use candle_core::{DType, Device, Tensor};
use vimae_core::{Decoder, Mode, PixelRange, Purpose, Result, Streams};
use vimae_priors::normal;

use super::anneal::{Plan, Tuned};
use crate::{
    Summary,
    bridge::{Bridge, FromPrior},
    laplace::FromGaussian,
    likelihood::{DecoderLikelihood, LogLikelihood},
};

/// x = 2 z in the first of two dimensions, 0 in the other.
struct Double;

impl Decoder for Double {
    fn decode(&self, codes: &Tensor, _: Mode) -> Result<Tensor> {
        let first = (codes * 2.0)?;
        Ok(Tensor::cat(&[&first, &first.zeros_like()?], 1)?)
    }
}

const SIGMA: f64 = 0.5;

/// ln p(x): independent normals of variances 4 + 1/4 and 1/4.
fn exact(x: &[f64]) -> f64 {
    let normal = |x: f64, variance: f64| -0.5 * (x * x / variance + (std::f64::consts::TAU * variance).ln());
    normal(x[0], 4.25) + normal(x[1], 0.25)
}

fn images() -> Vec<[f64; 2]> {
    vec![[0.0, 0.0], [2.0, 0.3], [-4.0, -0.5], [5.0, 1.0]]
}

fn likelihood() -> DecoderLikelihood<'static> {
    let images = Tensor::from_vec(images().concat(), (4, 2), &Device::Cpu).unwrap();
    DecoderLikelihood::new(&Double, 1, &images, PixelRange::Unit, SIGMA, &Device::Cpu).unwrap()
}

fn lower(bridge: &dyn Bridge, plan: Plan, seed: u64) -> Vec<f64> {
    let streams = Streams::new(seed);
    let tuned = Tuned::by_pilot(bridge, plan, &streams.fold_in("pilot")).unwrap();
    tuned.forward(bridge, &[], &streams.fold_in("forward")).unwrap().log_likelihood
}

#[test]
fn both_ways_reach_the_exact_likelihood() {
    let (prior, likelihood) = (normal::prior(), likelihood());
    let plan = Plan { chains: 400, temperatures: 200, leapfrog: 3 };
    let from_prior = FromPrior { prior: &prior, likelihood: &likelihood };
    let from_code = FromGaussian::fit(&prior, &likelihood, &[3.0, 0.0, 0.0, 0.0]).unwrap();
    for (way, tolerance) in [(&from_prior as &dyn Bridge, 0.15), (&from_code, 0.02)] {
        for (x, got) in images().iter().zip(lower(way, plan, 1)) {
            assert!((got - exact(x)).abs() < tolerance, "{got}, expected {}", exact(x));
        }
    }
}

#[test]
fn few_temperatures_stay_below_and_reversed_chains_above() {
    // With one temperature and a chain alone the two bounds are far apart, and on their sides on average.
    let (prior, likelihood, streams) = (normal::prior(), likelihood(), Streams::new(2));
    let plan = Plan { chains: 1, temperatures: 2, leapfrog: 2 };
    let codes: Vec<f64> = streams.normal(Purpose::PriorSample, 0, 400).into_iter().map(f64::from).collect();
    let simulated = likelihood.simulate(&codes, &streams, 9).unwrap();
    let expected: Vec<f64> = simulated.to_vec2::<f64>().unwrap().iter().map(|x| exact(x)).collect();
    let simulated = DecoderLikelihood::new(&Double, 1, &simulated, PixelRange::Unit, SIGMA, &Device::Cpu).unwrap();
    let bridge = FromPrior { prior: &prior, likelihood: &simulated };
    let tuned = Tuned::by_pilot(&bridge, plan, &streams.fold_in("pilot")).unwrap();
    let excess = |bounds: Vec<f64>| Summary::of(&bounds.iter().zip(&expected).map(|(b, e)| b - e).collect::<Vec<_>>()).unwrap();
    let below = excess(tuned.forward(&bridge, &[], &streams.fold_in("forward")).unwrap().log_likelihood);
    let above = excess(tuned.reverse(&bridge, &codes, &streams.fold_in("reverse")).unwrap());
    assert!(below.mean < -3.0 * below.standard_error.unwrap(), "{below:?}");
    assert!(above.mean > 3.0 * above.standard_error.unwrap(), "{above:?}");
}

#[test]
fn weights_are_unbiased_however_badly_the_chains_move() {
    // E of the mean weight is p(x), also with two temperatures; its logarithm is not.
    let (prior, likelihood) = (normal::prior(), likelihood());
    let bridge = FromPrior { prior: &prior, likelihood: &likelihood };
    let plan = Plan { chains: 20_000, temperatures: 3, leapfrog: 1 };
    for (x, got) in images().iter().zip(lower(&bridge, plan, 3)).take(3) {
        assert!((got - exact(x)).abs() < 0.1, "{got}, expected {}", exact(x));
    }
}

#[test]
fn rate_and_distortion_on_the_way_are_those_of_tempered_gaussians() {
    let (prior, likelihood, streams) = (normal::prior(), likelihood(), Streams::new(4));
    let bridge = FromPrior { prior: &prior, likelihood: &likelihood };
    let tuned = Tuned::by_pilot(&bridge, Plan { chains: 1_000, temperatures: 160, leapfrog: 3 }, &streams.fold_in("pilot")).unwrap();
    let path = tuned.forward(&bridge, &[1.0, 0.1, 0.1], &streams.fold_in("forward")).unwrap().path;
    assert_eq!(path.len(), 2);
    assert!(path[0].beta < path[1].beta && path[1].beta == 1.0);
    for point in &path {
        for (x, rate) in images().iter().zip(point.rates()) {
            // Precision 1 + 16 beta, mean 8 beta x / precision.
            let precision = 1.0 + 16.0 * point.beta;
            let mean = 8.0 * point.beta * x[0] / precision;
            let expected = 0.5 * (1.0 / precision + mean * mean - 1.0 + precision.ln());
            assert!((rate - expected).abs() < 0.2, "rate {rate}, expected {expected} at {}", point.beta);
        }
        for ((x, got), image) in images().iter().zip(&point.log_likelihood).zip(0..) {
            let precision = 1.0 + 16.0 * point.beta;
            let mean = 8.0 * point.beta * x[0] / precision;
            let expected = (x[0] - 2.0 * mean).powi(2) + 4.0 / precision + x[1] * x[1];
            let error = likelihood.squared_error(*got).unwrap();
            assert!((error - expected).abs() < 0.1 + 0.1 * expected, "{error}, expected {expected} for {image}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (prior, likelihood) = (normal::prior(), likelihood());
            lower(&FromPrior { prior: &prior, likelihood: &likelihood }, Plan { chains: 8, temperatures: 10, leapfrog: 2 }, 5)
        })
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn batches_change_nothing() {
    // More rows than go through the decoder at once, of one image and of several.
    let likelihood = likelihood();
    let codes: Vec<f64> = Streams::new(7).normal(Purpose::Evaluation, 0, 4 * 600).into_iter().map(f64::from).collect();
    let all = likelihood.evaluate(&codes).unwrap();
    for image in 0..4 {
        let own = likelihood.only(image).unwrap().evaluate(&codes[image * 600..(image + 1) * 600]).unwrap();
        assert_eq!(own.values, all.values[image * 600..(image + 1) * 600]);
        assert_eq!(own.gradients, all.gradients[image * 600..(image + 1) * 600]);
    }
}

#[test]
fn a_gaussian_fitted_to_a_linear_model_is_its_posterior() {
    let (prior, likelihood) = (normal::prior(), likelihood());
    let bridge = FromGaussian::fit(&prior, &likelihood, &[0.0; 4]).unwrap();
    let start = bridge.start(50, &Streams::new(6), 0).unwrap();
    let (_, increment) = bridge.evaluate(&start).unwrap();
    // f_1 / f_0 is p(x) everywhere.
    for (row, value) in increment.values.iter().enumerate() {
        assert!((value - exact(&images()[row / 50])).abs() < 1e-3, "{value}");
    }
    assert!(increment.gradients.iter().all(|g| g.abs() < 1e-2));
    let codes = [0.3, -0.1, 0.7, 2.0];
    let (base, _) = bridge.evaluate(&bridge.coordinates(&codes)).unwrap();
    assert!(base.values.iter().all(|v| v.is_finite()));
}

#[test]
fn squared_errors_and_densities_agree_in_both_ranges() {
    for (range, sigma) in [(PixelRange::Unit, 0.5), (PixelRange::Symmetric, 0.5)] {
        let image = Tensor::zeros((1, 2), DType::F64, &Device::Cpu).unwrap();
        let likelihood = DecoderLikelihood::new(&Double, 1, &image, range, sigma, &Device::Cpu).unwrap();
        assert_eq!(likelihood.squared_errors(&[1.0, 0.5]).unwrap(), [4.0, 1.0]);
        let unit: f64 = if range == PixelRange::Unit { 1.0 } else { 0.5 };
        let expected = -0.5 * (unit / sigma).powi(2) * 4.0 - (std::f64::consts::TAU * sigma * sigma).ln();
        let got = likelihood.of_squared_error(4.0, sigma);
        assert!((got - expected).abs() < 1e-12 && (likelihood.squared_error(got).unwrap() - 4.0).abs() < 1e-12);
    }
    let none = Tensor::zeros((0, 2), DType::F64, &Device::Cpu).unwrap();
    assert!(DecoderLikelihood::new(&Double, 1, &none, PixelRange::Unit, 0.5, &Device::Cpu).is_err());
    assert!(likelihood().squared_errors(&[1.0; 5]).is_err());
}
