//! What every prior of the catalogue must satisfy; no entry is named here.

#![cfg(test)]

use candle_core::{DType, Device, Tensor, Var};
use serde_json::Map;
use vimae_core::{Code, ImageShape, PartRequest, PixelRange, Prior, Purpose, Settings, Streams, Univariate};
use vimae_priors::PRIORS;

fn priors() -> impl Iterator<Item = Box<dyn Prior>> {
    let image = ImageShape { channels: 1, height: 4, width: 4 };
    let request = PartRequest { code: 2, image, range: PixelRange::Unit, seed: 1, dtype: DType::F64, device: Device::Cpu };
    PRIORS.entries.iter().map(move |e| (e.build)(&Settings::check(PRIORS.kind, e.name, e.keys, &Map::new()).unwrap(), &request).unwrap())
}

fn laws(check: impl Fn(&str, &dyn Prior, &dyn Univariate)) {
    for prior in priors() {
        check(prior.name(), &*prior, prior.marginal().unwrap());
    }
}

fn draws(prior: &dyn Prior, count: usize) -> Vec<f64> {
    prior.sample(&Streams::new(11), Purpose::PriorSample, 3, count, 1).unwrap().into_iter().map(f64::from).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// The integral over +-40, far beyond what any unit-variance law here puts outside.
fn integral(f: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1e-3;
    (-40_000..=40_000).map(|i| f(f64::from(i) * STEP) * STEP).sum()
}

#[test]
fn names_are_those_of_the_catalogue() {
    assert!(priors().map(|p| p.name().to_owned()).eq(PRIORS.names()));
}

#[test]
fn the_quantile_inverts_the_cdf() {
    laws(|name, _, law| {
        for p in [1e-9, 1e-4, 0.1, 0.5, 0.73, 0.999, 1.0 - 1e-9] {
            assert!((law.cdf(law.quantile(p)) / p - 1.0).abs() < 1e-7, "{name} at {p}");
        }
    });
}

#[test]
fn the_density_integrates_to_one_with_the_stated_entropy_and_variance() {
    laws(|name, _, law| {
        let density = |x: f64| law.log_density(x).exp();
        assert!((integral(density) - 1.0).abs() < 1e-6, "{name}");
        assert!((integral(|x| x * x * density(x)) - law.variance()).abs() < 1e-5, "{name}");
        let entropy = integral(|x| if density(x) > 0.0 { -density(x) * law.log_density(x) } else { 0.0 });
        assert!((entropy - law.entropy()).abs() < 1e-5, "{name}: {entropy}");
    });
}

#[test]
fn samples_follow_the_cdf() {
    laws(|name, prior, law| {
        let mut sample = draws(prior, 50_000);
        sample.sort_by(f64::total_cmp);
        let n = sample.len() as f64;
        let distance = sample
            .iter()
            .enumerate()
            .map(|(i, &x)| (law.cdf(x) - i as f64 / n).abs().max((law.cdf(x) - (i + 1) as f64 / n).abs()))
            .fold(0.0, f64::max);
        // Kolmogorov's 0.1 % point.
        assert!(distance < 1.95 / n.sqrt(), "{name}: {distance}");
    });
}

#[test]
fn the_entropy_is_the_mean_surprise_of_samples() {
    laws(|name, prior, law| {
        let surprise = mean(draws(prior, 200_000).iter().map(|&x| -law.log_density(x)));
        assert!((surprise - law.entropy()).abs() < 0.01, "{name}: {surprise}");
    });
}

#[test]
fn samples_are_a_function_of_the_stream() {
    laws(|_, prior, _| {
        let sample = |seed, step| prior.sample(&Streams::new(seed), Purpose::PriorSample, step, 100, 3).unwrap();
        assert_eq!(sample(1, 2), sample(1, 2));
        assert_ne!(sample(1, 2), sample(1, 3));
        assert_ne!(sample(1, 2), sample(2, 2));
    });
}

#[test]
fn log_densities_of_rows_are_sums_over_dimensions_and_stay_finite_far_out() {
    laws(|name, prior, law| {
        let rows = [[-200.0_f64, 200.0], [0.0, -0.3], [1.2, 7.0]];
        for dtype in [DType::F32, DType::F64] {
            let codes = Tensor::new(&rows, &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
            let got = prior.log_density(&codes).unwrap().to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
            for (row, got) in rows.iter().zip(got) {
                let expected: f64 = row.iter().map(|&x| law.log_density(x)).sum();
                assert!(expected.is_finite() && (got / expected - 1.0).abs() < 1e-6, "{name} at {row:?}: {got}, expected {expected}");
            }
        }
    });
}

#[test]
fn rates_are_divergences() {
    laws(|name, prior, law| {
        for (mu, std) in [(0.0, 1.0), (0.4, 0.02), (-1.5, 0.7), (3.0, 2.5), (20.0, 0.5)] {
            let gaussian = |x: f64| -0.5 * (((x - mu) / std).powi(2) + std::f64::consts::TAU.ln()) - f64::ln(std);
            let expected = integral(|x| gaussian(x).exp() * (gaussian(x) - law.log_density(x)));
            let tensor = |v: f64| Tensor::new(&[[v]], &Device::Cpu).unwrap();
            let code = Code { mean: tensor(mu), log_var: Some(tensor(2.0 * std.ln())) };
            let got = prior.rate(&code).unwrap().to_vec1::<f64>().unwrap()[0];
            assert!((got - expected).abs() < 5e-6 && got >= 0.0, "{name}, N({mu}, {std}^2): {got}, expected {expected}");
        }
    });
}

#[test]
fn gradients_agree_with_finite_differences() {
    laws(|name, prior, _| {
        let points = vec![0.3_f64, -1.4, 2.0, 0.8];
        let log_vars = vec![-2.0_f64, 0.1, 1.0, -5.0];
        let code = |mean: &Tensor, log_var: &Tensor| Code { mean: mean.clone(), log_var: Some(log_var.clone()) };
        let tensor = |v: &[f64]| Tensor::from_slice(v, (2, 2), &Device::Cpu).unwrap();
        let (x, v) = (Var::from_tensor(&tensor(&points)).unwrap(), Var::from_tensor(&tensor(&log_vars)).unwrap());
        let value = |x: &Tensor, v: &Tensor| {
            let parts = (prior.log_density(x).unwrap() + prior.rate(&code(x, v)).unwrap()).unwrap();
            parts.sum_all().unwrap()
        };
        let gradients = value(&x, &v).backward().unwrap();
        let gradient = |of: &Var| gradients.get(of).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let (by_x, by_v) = (gradient(&x), gradient(&v));
        for i in 0..points.len() {
            let shifted = |values: &[f64], by: f64| {
                let mut values = values.to_vec();
                values[i] += by;
                tensor(&values)
            };
            let slope = |f: &dyn Fn(f64) -> Tensor| (f(1e-5).to_scalar::<f64>().unwrap() - f(-1e-5).to_scalar::<f64>().unwrap()) / 2e-5;
            let x_slope = slope(&|by| value(&shifted(&points, by), &v));
            let v_slope = slope(&|by| value(&x, &shifted(&log_vars, by)));
            assert!((by_x[i] - x_slope).abs() < 1e-6, "{name}: {} against {x_slope}", by_x[i]);
            assert!((by_v[i] - v_slope).abs() < 1e-6, "{name}: {} against {v_slope}", by_v[i]);
        }
    });
}
