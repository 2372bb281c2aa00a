//! What every prior of independent, alike dimensions must satisfy, at several settings; no entry is named here.

#![cfg(test)]

use std::{f64::consts::TAU, ops::Bound::Included};

use candle_core::{DType, Device, Tensor, Var};
use serde_json::{Map, Value, json};
use vimae_core::{
    Code, Entry, Error, ImageShape, PartRequest, PixelRange, Prior, Purpose, Streams, Univariate,
    settings::{Domain, Setting},
};
use vimae_priors::{BuildPrior, PRIORS};

fn build(entry: &Entry<BuildPrior>, given: &Map<String, Value>) -> vimae_core::Result<Box<dyn Prior>> {
    let image = ImageShape { channels: 1, height: 4, width: 4 };
    let request = PartRequest { code: 1, image, range: PixelRange::Unit, seed: 1, dtype: DType::F64, device: Device::Cpu };
    PRIORS.build(entry.name, given, &request)
}

/// The entry at its defaults; with every choice of every choice; with every other number moved half way towards
/// either bound (at most fourfold); with the variance, entropy and scale that is matched moved.
fn variants(entry: &Entry<BuildPrior>) -> Vec<Map<String, Value>> {
    let given = |pairs: &[(&str, Value)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect::<Map<_, _>>();
    let mut all = vec![Map::new()];
    let matched = [("variance", json!(2.5)), ("entropy", json!(0.3)), ("scale", json!(0.6))];
    for Setting { name, default, domain, .. } in entry.settings() {
        match domain {
            Domain::Choice(_) if name == "match" => {
                all.extend(matched.iter().map(|(what, value)| given(&[("match", json!(what)), (what, value.clone())])));
            }
            Domain::Choice(choices) => all.extend(choices.iter().map(|c| given(&[(&name, json!(c))]))),
            Domain::Number(Included(min), Included(max)) if !matched.iter().any(|m| m.0 == name) => {
                let default = default.as_f64().unwrap();
                all.extend([0.5 * (default + min), (0.5 * (default + max)).min(4.0 * default)].map(|v| given(&[(&name, json!(v))])));
            }
            _ => {}
        }
    }
    all
}

/// Every prior that has a law for each dimension, at every variant.
fn laws(check: impl Fn(&str, &dyn Prior, &dyn Univariate)) {
    let mut seen = 0;
    for entry in PRIORS.entries() {
        for given in variants(entry) {
            let prior = build(entry, &given).unwrap();
            assert_eq!(prior.name(), entry.name);
            if let Some(law) = prior.marginal() {
                check(&format!("{} {}", entry.name, Value::from(given)), &*prior, law);
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen} variants");
}

fn draws(prior: &dyn Prior, count: usize) -> Vec<f64> {
    prior.draw(&Streams::new(11), Purpose::PriorSample, 3, count, 1).unwrap().into_iter().map(f64::from).collect()
}

/// Simpson's rule.
fn simpson(low: f64, high: f64, panels: u32, f: impl Fn(f64) -> f64) -> f64 {
    let step = (high - low) / f64::from(2 * panels);
    let weight = |i| if i == 0 || i == 2 * panels { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    (0..=2 * panels).map(|i| weight(i) * f(low + f64::from(i) * step)).sum::<f64>() * step / 3.0
}

/// The integral of f over the support of `law`, whose density may have a cusp at zero, an edge, or heavy tails.
fn integral(law: &dyn Univariate, f: impl Fn(f64) -> f64) -> f64 {
    let side = |sign: f64, edge: f64| {
        // Nodes crowd at zero; beyond the edge, where a density may end, a grid in the logarithm.
        let inner = simpson(0.0, 1.0, 4_000, |u| f(sign * edge * u.powi(4)) * 4.0 * u.powi(3)) * edge;
        let beyond = edge * (1.0 + 1e-9);
        inner + simpson(0.0, 70.0, 8_000, |t| f(sign * beyond * t.exp()) * t.exp()) * beyond
    };
    side(1.0, law.quantile(1.0 - 1e-13)) + side(-1.0, -law.quantile(1e-13))
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
fn the_cdf_is_the_integral_of_the_density() {
    laws(|name, _, law| {
        for levels in [[0.02, 0.2], [0.2, 0.49], [0.51, 0.9], [0.9, 0.999]] {
            let [low, high] = levels.map(|p| law.quantile(p));
            let mass = simpson(low, high, 2_000, |x| law.log_density(x).exp());
            assert!((mass - (levels[1] - levels[0])).abs() < 1e-8, "{name} on {levels:?}: {mass}");
        }
    });
}

#[test]
fn the_density_integrates_to_one_with_the_stated_entropy_and_variance() {
    laws(|name, prior, law| {
        let density = |x: f64| law.log_density(x).exp();
        let mass = integral(law, density);
        assert!((mass - 1.0).abs() < 1e-6, "{name}: {mass}");
        let variance = integral(law, |x| x * x * density(x));
        assert!(law.variance().is_infinite() || (variance / law.variance() - 1.0).abs() < 1e-5, "{name}: {variance}");
        let entropy = integral(law, |x| if density(x) > 0.0 { -density(x) * law.log_density(x) } else { 0.0 });
        assert!((entropy - law.entropy()).abs() < 1e-5, "{name}: {entropy}");
        assert!((prior.entropy(1).unwrap() - entropy).abs() < 0.01, "{name}: {:?}", prior.entropy(1));
    });
}

#[test]
fn what_is_matched_is_met_whatever_the_other_settings() {
    for entry in PRIORS.entries().into_iter().filter(|e| e.settings().iter().any(|k| k.name == "match")) {
        for mut given in variants(entry).into_iter().filter(|given| !given.contains_key("match")) {
            for wanted in [0.4, 1.3] {
                given.insert("match".into(), json!("variance"));
                given.insert("variance".into(), json!(wanted));
                let prior = build(entry, &given).unwrap();
                let variance = prior.marginal().unwrap().variance();
                assert!((variance / wanted - 1.0).abs() < 1e-9, "{} {given:?}: variance {variance}", entry.name);
                given.insert("match".into(), json!("entropy"));
                given.insert("entropy".into(), json!(wanted));
                let prior = build(entry, &given).unwrap();
                let entropy = prior.marginal().unwrap().entropy();
                assert!((entropy - wanted).abs() < 0.01, "{} {given:?}: entropy {entropy}", entry.name);
            }
        }
    }
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
        let surprises: Vec<f64> = draws(prior, 200_000).iter().map(|&x| -law.log_density(x)).collect();
        let n = surprises.len() as f64;
        let mean = surprises.iter().sum::<f64>() / n;
        let variance = surprises.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n;
        // A sample in f32 may round to just outside of an interval; the constant density of one needs no sample.
        let within = 4.0 * (variance / n).sqrt() + 1e-5;
        assert!((mean - law.entropy()).abs() < within, "{name}: {mean}, expected {}", law.entropy());
    });
}

#[test]
fn samples_are_a_function_of_the_stream() {
    laws(|_, prior, _| {
        let sample = |seed, step| prior.draw(&Streams::new(seed), Purpose::PriorSample, step, 100, 1).unwrap();
        assert_eq!(sample(1, 2), sample(1, 2));
        assert_ne!(sample(1, 2), sample(1, 3));
        assert_ne!(sample(1, 2), sample(2, 2));
    });
}

#[test]
fn log_densities_of_tensors_are_those_of_the_law_far_out_too() {
    laws(|name, prior, law| {
        let points = [-200.0_f64, 0.0, -0.3, 1.2, 7.0, 200.0];
        for dtype in [DType::F32, DType::F64] {
            let codes = Tensor::new(&points, &Device::Cpu).unwrap().unsqueeze(1).unwrap().to_dtype(dtype).unwrap();
            let got = prior.log_density(&codes).unwrap().to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
            for (x, got) in points.iter().zip(got) {
                let expected = law.log_density(*x);
                // Powers of 200 lie beyond f32 for the flattest laws.
                let beyond = dtype == DType::F32 && expected < -f64::from(f32::MAX);
                assert!(
                    got == expected || beyond || (got - expected).abs() < 2e-6 * expected.abs().max(1.0),
                    "{name} at {x}: {got}, expected {expected}"
                );
            }
        }
    });
}

/// The rate of N(mu, std^2) by integration, in pieces that meet at zero and crowd there.
fn rate(law: &dyn Univariate, mu: f64, std: f64) -> f64 {
    let gaussian = |x: f64| -0.5 * (((x - mu) / std).powi(2) + TAU.ln()) - std.ln();
    let f = |x: f64| gaussian(x).exp() * (gaussian(x) - law.log_density(x));
    let (low, high) = (mu - 12.0 * std, mu + 12.0 * std);
    if low > 0.0 || high < 0.0 {
        return simpson(low, high, 20_000, f);
    }
    let side = |end: f64| simpson(0.0, 1.0, 20_000, |u| f(end * u.powi(4)) * 4.0 * u.powi(3)) * end;
    side(high) - side(low)
}

#[test]
fn rates_are_divergences_or_refused_with_the_reason() {
    laws(|name, prior, law| {
        for (mu, std) in [(0.0, 1.0), (0.4, 0.02), (-1.5, 0.7), (3.0, 2.5), (20.0, 0.5), (1e-3, 1e-4)] {
            let tensor = |v: f64| Tensor::new(&[[v]], &Device::Cpu).unwrap();
            let code = Code { mean: tensor(mu), log_var: Some(tensor(2.0 * f64::ln(std))) };
            match prior.rate(&code) {
                Ok(got) => {
                    let got = got.to_vec1::<f64>().unwrap()[0];
                    let expected = rate(law, mu, std);
                    assert!(
                        (got - expected).abs() < 5e-6 * expected.max(1.0) && got >= 0.0,
                        "{name}, N({mu}, {std}^2): {got}, expected {expected}"
                    );
                }
                Err(Error::Unsupported { reason, .. }) => {
                    assert!(rate(law, mu, 4.0 + std).is_infinite() && reason.contains("infinite"), "{name}: {reason}");
                }
                Err(other) => panic!("{name}: {other}"),
            }
        }
    });
}

#[test]
fn gradients_agree_with_finite_differences() {
    laws(|name, prior, _| {
        let points = vec![0.3_f64, -1.4, 1.1, 0.8];
        let log_vars = vec![-2.0_f64, 0.1, 1.0, -5.0];
        let tensor = |v: &[f64]| Tensor::from_slice(v, (4, 1), &Device::Cpu).unwrap();
        let (x, v) = (Var::from_tensor(&tensor(&points)).unwrap(), Var::from_tensor(&tensor(&log_vars)).unwrap());
        let value = |x: &Tensor, v: &Tensor| {
            let density = prior.log_density(x).unwrap().exp().unwrap();
            let code = Code { mean: x.clone(), log_var: Some(v.clone()) };
            match prior.rate(&code) {
                Ok(rate) => (density + rate).unwrap().sum_all().unwrap(),
                Err(_) => density.sum_all().unwrap(),
            }
        };
        let gradients = value(&x, &v).backward().unwrap();
        // None reaches the argument of a constant density.
        let gradient = |of: &Var| gradients.get(of).map_or(vec![0.0; 4], |g| g.flatten_all().unwrap().to_vec1::<f64>().unwrap());
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
            assert!((by_x[i] - x_slope).abs() < 1e-6 * x_slope.abs().max(1.0), "{name}: {} against {x_slope}", by_x[i]);
            assert!((by_v[i] - v_slope).abs() < 1e-6 * v_slope.abs().max(1.0), "{name}: {} against {v_slope}", by_v[i]);
        }
    });
}
