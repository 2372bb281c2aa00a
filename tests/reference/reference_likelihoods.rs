//! Every likelihood of the catalogue against the distributions of PyTorch, values and gradients, which `make_likelihoods.py`
//! writes. An entry without a golden value fails by name.

use anyhow::{Context, Result};
use candle_core::{DType, Tensor, Var};
use serde_json::Value;
use vimae_core::{PartRequest, PixelRange};
use vimae_objectives::likelihood::LIKELIHOODS;
use vimae_tests::{
    golden::{close, in_file, tensor},
    parts::{likelihood_with, part_request},
};

fn range(case: &Value) -> Result<PixelRange> {
    Ok(serde_json::from_value(case["range"].clone())?)
}

/// Runs `check` on every case with its name, its likelihood in the case's range, and the tolerance.
fn each(check: impl Fn(&str, &dyn vimae_core::Likelihood, &Value, f64) -> Result<()>) -> Result<()> {
    for name in LIKELIHOODS.names() {
        for (place, case) in in_file("likelihoods", "likelihood", name)?.iter().enumerate() {
            let what = format!("{name} {} in {}, case {place}", case["settings"], case["range"]);
            let request = PartRequest { range: range(case)?, ..part_request(2, DType::F64) };
            let likelihood = likelihood_with(name, &case["settings"], &request)?;
            check(&what, likelihood.as_ref(), case, case["within"].as_f64().context("within")?)?;
        }
    }
    Ok(())
}

#[test]
fn log_likelihoods_and_their_gradients() -> Result<()> {
    each(|what, likelihood, case, within| {
        let output = Var::from_tensor(&tensor(&case["output"])?)?;
        let found = likelihood.log_likelihood(&tensor(&case["images"])?, &output)?;
        close(what, &found, &tensor(&case["log_likelihood"])?, within, within)?;
        let weights = Tensor::arange(1u32, found.dim(0)? as u32 + 1, found.device())?.to_dtype(DType::F64)?;
        let gradients = (found * weights)?.sum_all()?.backward()?;
        let gradient = gradients.get(&output).context("a gradient")?;
        close(&format!("{what}, gradient"), gradient, &tensor(&case["gradient"])?, 50.0 * within, 50.0 * within)
    })
}

#[test]
fn in_f32_they_lose_no_more_than_its_digits() -> Result<()> {
    each(|what, likelihood, case, _| {
        let given = |key: &str| -> Result<Tensor> { Ok(tensor(&case[key])?.to_dtype(DType::F32)?) };
        let found = likelihood.log_likelihood(&given("images")?, &given("output")?)?;
        close(&format!("{what}, f32"), &found, &given("log_likelihood")?, 2e-5, 1e-3)
    })
}

#[test]
fn mean_images() -> Result<()> {
    each(|what, likelihood, case, within| match &case["mean"] {
        Value::Null => Ok(()),
        mean => close(&format!("{what}, mean"), &likelihood.mean(&tensor(&case["output"])?)?, &tensor(mean)?, within, 1e-7),
    })
}
