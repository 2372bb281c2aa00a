//! The density of the flow that a sampler fits, against autograd's Jacobian of PyTorch, which `make_flows.py` writes.

use anyhow::{Context, Result, ensure};
use candle_core::Var;
use serde_json::Value;
use vimae_core::{Density, Flow, Purpose, Streams, density::Layer};
use vimae_priors::sampler;
use vimae_tests::golden::{close, in_file, tensor};

fn numbers(value: &Value) -> Result<Vec<f64>> {
    Ok(tensor(value)?.flatten_all()?.to_vec1()?)
}

fn flow(case: &Value) -> Result<Flow> {
    let layer = |layer: &Value| Ok(Layer { weight: numbers(&layer["weight"])?, bias: numbers(&layer["bias"])? });
    let block = |block: &Value| block.as_array().context("layers")?.iter().map(layer).collect::<Result<Vec<_>>>();
    Ok(Flow {
        size: case["size"].as_u64().context("size")? as usize,
        mean: numbers(&case["mean"])?,
        factor: numbers(&case["factor"])?,
        blocks: case["blocks"].as_array().context("blocks")?.iter().map(block).collect::<Result<_>>()?,
    })
}

#[test]
fn log_densities_of_flows_and_their_gradients() -> Result<()> {
    for case in in_file("flows", "sampler", "masked_autoregressive_flow")? {
        let what = format!("flow of {} dimensions", case["size"]);
        let density = sampler::fitted(Density::Flow(flow(&case)?))?;
        let codes = Var::from_tensor(&tensor(&case["codes"])?)?;
        let found = density.log_density(&codes)?;
        close(&what, &found, &tensor(&case["log_density"])?, 1e-9, 1e-9)?;
        let gradients = found.sum_all()?.backward()?;
        close(&format!("{what}, gradient"), gradients.get(&codes).context("a gradient")?, &tensor(&case["gradient"])?, 1e-7, 1e-7)?;
        // The mean log density of its own draws is minus the entropy, with an expectation of its score of 0.
        let size = codes.dim(1)?;
        let drawn = density.draw(&Streams::new(3), Purpose::Evaluation, 0, 4_000, size)?;
        let drawn = Var::from_slice(&drawn.into_iter().map(f64::from).collect::<Vec<_>>(), (4_000, size), codes.device())?;
        let scores = density.log_density(&drawn)?.sum_all()?.backward()?;
        let scores = scores.get(&drawn).context("scores")?;
        let mean = scores.mean(0)?.to_vec1::<f64>()?;
        let spread = scores.sqr()?.mean(0)?.to_vec1::<f64>()?;
        for (mean, spread) in mean.into_iter().zip(spread) {
            ensure!(mean.abs() < 5.0 * (spread / 4_000.0).sqrt(), "{what}: draws have a mean score of {mean}, within {spread}");
        }
    }
    Ok(())
}
