//! Priors against SciPy's distributions and integrals.

#![cfg(test)]

#[path = "../../../tests/support/reference.rs"]
mod reference;

use candle_core::{DType, Device, Tensor};
use reference::{Reference, close, number, values};
use serde_json::Map;
use vimae_core::{Code, Prior, Settings};
use vimae_priors::PRIORS;

fn all() -> impl Iterator<Item = (&'static str, Box<dyn Prior>)> {
    PRIORS.entries.iter().map(|e| (e.name, (e.build)(&Settings::check("prior", e.name, e.keys, &Map::new()).unwrap()).unwrap()))
}

#[test]
fn densities_cdfs_quantiles_and_entropies_agree() {
    let Some(reference) = Reference::find() else { return };
    let (case, tensors) = (reference.case("priors"), reference.tensors("priors"));
    let (rtol, atol) = (number(&case["rtol"]), number(&case["atol"]));
    let (points, levels) = (values(&tensors["points"]), values(&tensors["levels"]));
    for (name, prior) in all() {
        let Some(law) = prior.marginal() else { continue };
        let Some(log_prob) = tensors.get(&format!("{name}.log_prob")) else { continue };
        let each = |what: &str, at: &[f64], f: &dyn Fn(f64) -> f64, expected: Vec<f64>| {
            for (&x, e) in at.iter().zip(expected) {
                close(&format!("{name} {what} at {x}"), f(x), e, rtol, atol);
            }
        };
        each("log density", &points, &|x| law.log_density(x), values(log_prob));
        each("cdf", &points, &|x| law.cdf(x), values(&tensors[&format!("{name}.cdf")]));
        each("quantile", &levels, &|p| law.quantile(p), values(&tensors[&format!("{name}.quantile")]));
        close("entropy", law.entropy(), number(&case[name]["entropy_per_dimension_nats"]), rtol, atol);
        close("variance", law.variance(), number(&case[name]["variance"]), rtol, atol);

        let column = tensors["points"].to_dtype(DType::F64).unwrap().unsqueeze(1).unwrap();
        for (got, e) in values(&prior.log_density(&column).unwrap()).into_iter().zip(values(log_prob)) {
            close("log density of a tensor", got, e, rtol, atol);
        }
    }
}

#[test]
fn rates_of_gaussian_codes_agree() {
    let Some(reference) = Reference::find() else { return };
    for (name, prior) in all() {
        for kl in reference.case("priors")["kl"].as_array().unwrap() {
            let Some(expected) = kl[format!("kl_to_{name}")].as_f64() else { continue };
            for dtype in [DType::F32, DType::F64] {
                let tensor = |v: f64| Tensor::new(&[[v]], &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
                let code = Code { mean: tensor(number(&kl["mean"])), log_var: Some(tensor(2.0 * number(&kl["std"]).ln())) };
                close(&format!("{name} {kl}"), values(&prior.rate(&code).unwrap())[0], expected, 0.0, 1e-5);
            }
        }
    }
}
