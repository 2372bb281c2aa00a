//! Priors, discrepancies and likelihoods.

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use vimae_core::Code;
use vimae_metrics::{
    Summary,
    mmd::{self, Imq, Rbf},
    nll::parzen,
};
use vimae_tests::{
    golden::{case, close, near},
    parts::prior,
};

/// Priors of the manifest's case.
const KNOWN: [&str; 4] = ["laplace", "logistic", "normal", "uniform"];

fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}

#[test]
fn priors() -> Result<()> {
    let case = case("priors")?;
    let (rtol, atol) = (case.number("rtol")?, case.number("atol")?);
    let (points, levels) = (values(&case.tensor("points")?)?, values(&case.tensor("levels")?)?);
    // The script knows these four; `reference_catalogue` has values for every prior.
    for name in KNOWN {
        let scalars = case.value(name)?;
        let prior = prior(name)?;
        let law = prior.marginal().context("a marginal")?;
        let check = |what: &str, at: &[f64], f: &dyn Fn(f64) -> f64| {
            let got: Vec<f64> = at.iter().map(|x| f(*x)).collect();
            let key = format!("{name}.{what}");
            close(&key, &Tensor::new(got, &Device::Cpu)?, &case.tensor(&key)?, rtol, atol)
        };
        check("log_prob", &points, &|x| law.log_density(x))?;
        check("cdf", &points, &|x| law.cdf(x))?;
        check("quantile", &levels, &|p| law.quantile(p))?;
        let number = |key: &str| scalars[key].as_f64().context("a number");
        near(name, law.entropy(), number("entropy_per_dimension_nats")?, rtol, atol)?;
        near(name, law.variance(), number("variance")?, rtol, atol)?;
        let column = case.tensor("points")?.to_dtype(DType::F64)?.unsqueeze(1)?;
        close(name, &prior.log_density(&column)?, &case.tensor(&format!("{name}.log_prob"))?, rtol, atol)?;
    }
    Ok(())
}

#[test]
fn rates_of_gaussian_codes() -> Result<()> {
    let case = case("priors")?;
    let pairs = case.value("kl")?.as_array().context("a list")?;
    ensure!(!pairs.is_empty(), "no codes");
    for name in ["normal", "logistic"] {
        let prior = prior(name)?;
        for kl in pairs {
            let key = format!("kl_to_{name}");
            let expected = kl[&key].as_f64().with_context(|| format!("no {key}"))?;
            let number = |key: &str| kl[key].as_f64().context("a number");
            for dtype in [DType::F32, DType::F64] {
                let tensor = |v: f64| Tensor::new(&[[v]], &Device::Cpu)?.to_dtype(dtype);
                let code = Code { mean: tensor(number("mean")?)?, log_var: Some(tensor(2.0 * number("std")?.ln())?) };
                near(&format!("{name} {kl}"), values(&prior.rate(&code)?)?[0], expected, 0.0, 1e-5)?;
            }
        }
    }
    Ok(())
}

#[test]
fn discrepancies() -> Result<()> {
    for name in ["mmd_0", "mmd_1", "mmd_2"] {
        let case = case(name)?;
        let (q, p) = (case.tensor("q")?, case.tensor("p")?);
        let imq = Imq::multiscale(2.0 * q.dim(1)? as f64);
        let rbf = Rbf { sigma_squared: case.number("rbf_sigma_squared")? };
        let estimates = mmd::estimate(&q, &p, &[&imq, &rbf])?;
        for (key, got) in
            [("imq_multiscale", estimates[0].unbiased), ("rbf_unbiased", estimates[1].unbiased), ("rbf_biased", estimates[1].biased)]
        {
            near(&format!("{name} {key}"), got, case.number(key)?, case.number("rtol")?, case.number("atol")?)?;
        }
    }
    Ok(())
}

#[test]
fn parzen_windows() -> Result<()> {
    let case = case("parzen")?;
    let (test, generated) = (case.tensor("test")?, case.tensor("samples")?);
    for (sigma, expected) in case.value("nll_by_sigma")?.as_object().context("a table")? {
        let window = parzen::Window { sigma: sigma.parse()?, samples: generated.dim(0)? };
        let densities = parzen::log_densities(&test, &generated, &[window])?;
        let mean = Summary::of(&densities[0]).context("finite densities")?.mean;
        near(sigma, -mean, expected.as_f64().context("a number")?, case.number("rtol")?, case.number("atol")?)?;
    }
    Ok(())
}
