//! A training loop: variables, layers and optimiser of candle-nn, prior and divergence from here.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{AdamW, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use vimae_objectives::mmd;
use vimae_priors::{Prior, logistic};

use crate::network::Network;

pub(crate) fn train(images: &Tensor) -> Result<Vec<f32>> {
    let (variables, device) = (VarMap::new(), Device::Cpu);
    let network = Network::new(VarBuilder::from_varmap(&variables, DType::F32, &device))?;
    let mut adam = AdamW::new(variables.all_vars(), ParamsAdamW { lr: 1e-2, ..Default::default() })?;
    let mut losses = Vec::new();
    for step in 0..200 {
        let z = network.encoder.forward(images)?;
        let distortion = (network.decoder.forward(&z)? - images)?.sqr()?.sum(1)?.mean_all()?;
        let prior_sample = logistic::prior().sample((images.dim(0)?, 2), step, &device)?;
        let loss = (distortion + (mmd(&z, &prior_sample)? * 10.0)?)?;
        adam.backward_step(&loss)?;
        losses.push(loss.to_scalar()?);
    }
    Ok(losses)
}
