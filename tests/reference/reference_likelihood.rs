//! Likelihoods of a linear Gaussian model, which are known exactly.

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use vimae_core::{Decoder, Mode, PixelRange, Purpose, Streams};
use vimae_metrics::{
    Summary,
    ais::anneal::{Plan, Tuned},
    bridge::{Bridge, FromPrior},
    laplace::FromGaussian,
    likelihood::DecoderLikelihood,
};
use vimae_tests::{
    golden::{Case, case, near},
    parts::prior,
};

/// x = W z + b.
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Decoder for Linear {
    fn decode(&self, codes: &Tensor, _: Mode) -> vimae_core::Result<Tensor> {
        Ok(codes.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)?)
    }
}

fn linear(case: &Case) -> Result<Linear> {
    let tensor = |key| -> Result<Tensor> { Ok(case.tensor(key)?.to_dtype(DType::F64)?) };
    Ok(Linear { weight: tensor("W")?, bias: tensor("b")? })
}

/// ln N(x; b, W W^T + sigma^2 I) of each row, by elimination of the covariance.
fn exact(model: &Linear, sigma: f64, images: &Tensor) -> Result<Vec<f64>> {
    let size = images.dim(1)?;
    let covariance = (model.weight.matmul(&model.weight.t()?)? + (Tensor::eye(size, DType::F64, &Device::Cpu)? * (sigma * sigma))?)?;
    let centred = images.broadcast_sub(&model.bias)?.to_vec2::<f64>()?;
    let density = |x: &Vec<f64>| -> Result<f64> {
        let (mut rows, mut rest) = (covariance.to_vec2::<f64>()?, x.clone());
        let mut total = -0.5 * size as f64 * std::f64::consts::TAU.ln();
        for pivot in 0..size {
            // What is left of x is a normal variable of variance rows[pivot][pivot], given the values before it.
            let variance = rows[pivot][pivot];
            total -= 0.5 * (variance.ln() + rest[pivot].powi(2) / variance);
            for below in pivot + 1..size {
                let factor = rows[below][pivot] / variance;
                let row = rows[pivot].clone();
                rows[below].iter_mut().zip(&row).for_each(|(b, p)| *b -= factor * p);
                rest[below] -= factor * rest[pivot];
            }
        }
        Ok(total)
    };
    centred.iter().map(density).collect()
}

/// Chains that reach 0.1 nats from the prior on average, in a few seconds; single images are known to a fifth of a nat.
const FROM_PRIOR: Plan = Plan { chains: 64, temperatures: 500, leapfrog: 3 };
const SINGLE: f64 = 0.8;
/// Chains that reach it for every image from a Gaussian at the code.
const FROM_CODE: Plan = Plan { chains: 16, temperatures: 20, leapfrog: 3 };

/// The mean within `tolerance`, every value within `single`.
fn approach(what: &str, got: &[f64], expected: &[f64], tolerance: f64, single: f64) -> Result<()> {
    let mean = |values: &[f64]| Summary::of(values).map(|s| s.mean).context("finite values");
    near(&format!("{what}, mean"), mean(got)?, mean(expected)?, 0.0, tolerance)?;
    for (image, (got, expected)) in got.iter().zip(expected).enumerate() {
        near(&format!("{what}, image {image}"), *got, *expected, 0.0, single)?;
    }
    Ok(())
}

#[test]
fn annealing_approaches_the_exact_likelihood() -> Result<()> {
    let case = case("linear_gaussian")?;
    let (model, prior, streams) = (linear(&case)?, prior("normal")?, Streams::new(1));
    let images = case.tensor("x")?.to_dtype(DType::F64)?;
    let size = model.weight.dim(1)?;
    let likelihood = DecoderLikelihood::new(&model, size, &images, PixelRange::Unit, case.number("sigma")?, &Device::Cpu)?;
    let expected: Vec<f64> = case.value("log_likelihood")?.as_array().context("a list")?.iter().filter_map(|v| v.as_f64()).collect();
    let tolerance = case.number("ais_tolerance_nats")?;

    let zeros = vec![0.0; expected.len() * size];
    let from_code = FromGaussian::fit(prior.as_ref(), &likelihood, &zeros)?;
    let from_prior = FromPrior { prior: prior.as_ref(), likelihood: &likelihood };
    for (name, way, plan, single) in [("prior", &from_prior as &dyn Bridge, FROM_PRIOR, SINGLE), ("code", &from_code, FROM_CODE, tolerance)]
    {
        let tuned = Tuned::by_pilot(way, plan, &streams.fold_in("pilot"))?;
        let got = tuned.forward(way, &[], &streams.fold_in("forward"))?.log_likelihood;
        approach(&format!("from the {name}"), &got, &expected, tolerance, single)?;
    }
    Ok(())
}

#[test]
fn simulated_images_are_bracketed() -> Result<()> {
    let case = case("linear_gaussian")?;
    let (model, prior, streams) = (linear(&case)?, prior("normal")?, Streams::new(2));
    let (dimensions, size) = model.weight.dims2()?;
    let sigma = case.number("sigma")?;
    let any = DecoderLikelihood::new(&model, size, &case.tensor("x")?.to_dtype(DType::F64)?, PixelRange::Unit, sigma, &Device::Cpu)?;
    let codes: Vec<f64> = streams.normal(Purpose::PriorSample, 0, 16 * size).into_iter().map(f64::from).collect();
    let images = any.simulate(&codes, &streams, 7)?;
    let likelihood = DecoderLikelihood::new(&model, size, &images, PixelRange::Unit, sigma, &Device::Cpu)?;

    let exact = exact(&model, sigma, &images)?;
    let known: Vec<f64> = case.value("log_likelihood")?.as_array().context("a list")?.iter().filter_map(|v| v.as_f64()).collect();
    let own = self::exact(&model, sigma, &case.tensor("x")?.to_dtype(DType::F64)?)?;
    for (own, known) in own.iter().zip(&known) {
        near("the density of the test itself", *own, *known, 0.0, 1e-4)?;
    }
    ensure!(images.dims() == [16, dimensions]);

    let way = FromPrior { prior: prior.as_ref(), likelihood: &likelihood };
    let tuned = Tuned::by_pilot(&way, FROM_PRIOR, &streams.fold_in("pilot"))?;
    let lower = tuned.forward(&way, &[], &streams.fold_in("forward"))?.log_likelihood;
    let upper = tuned.reverse(&way, &codes, &streams.fold_in("reverse"))?;
    let tolerance = case.number("ais_tolerance_nats")?;
    approach("lower bound", &lower, &exact, tolerance, SINGLE)?;
    approach("upper bound", &upper, &exact, tolerance, SINGLE)?;
    let gap = Summary::of(&upper.iter().zip(&lower).map(|(u, l)| u - l).collect::<Vec<_>>()).context("a gap")?;
    ensure!(gap.mean.abs() < tolerance, "{gap:?}");
    Ok(())
}
