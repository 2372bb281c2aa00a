//! A convolutional VAE of candle-nn's own layers, trained in a plain loop with an objective and an optimiser from here.
//!
//! `cargo run --release -p examples --bin conv_vae` takes the digits that ship with the code, and about a minute.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::sync::Arc;

use anyhow::Result;
use candle_core::{DType, Device, IndexOp, Module, Tensor};
use candle_nn::{
    Activation::Relu, Conv2dConfig, ConvTranspose2dConfig, Optimizer, Sequential, VarBuilder, conv_transpose2d, conv2d, linear, seq,
};
use vimae_core::{Batches, Parameters, Purpose, Split, Streams};
use vimae_datasets::{Loader, Sources, open};
use vimae_objectives::{elbo, gaussian_rate};
use vimae_ops::{Adam, AdamConfig};
use vimae_priors::{Prior, normal};

/// Dimensions of the code.
const CODE: usize = 8;
const SEED: u64 = 1;
const EPOCHS: u64 = 3;

/// Images `[N, 1, 28, 28]` to means and log-variances, `[N, 2 CODE]`.
fn encoder(vb: VarBuilder<'_>) -> candle_core::Result<Sequential> {
    let half = Conv2dConfig { stride: 2, padding: 1, ..Default::default() };
    Ok(seq()
        .add(conv2d(1, 16, 4, half, vb.pp("conv0"))?)
        .add(Relu)
        .add(conv2d(16, 32, 4, half, vb.pp("conv1"))?)
        .add(Relu)
        .add_fn(|x| x.flatten_from(1))
        .add(linear(32 * 7 * 7, 2 * CODE, vb.pp("code"))?))
}

/// Codes `[N, CODE]` to images.
fn decoder(vb: VarBuilder<'_>) -> candle_core::Result<Sequential> {
    let double = ConvTranspose2dConfig { stride: 2, padding: 1, ..Default::default() };
    Ok(seq()
        .add(linear(CODE, 32 * 7 * 7, vb.pp("code"))?)
        .add(Relu)
        .add_fn(|x| x.reshape(((), 32, 7, 7)))
        .add(conv_transpose2d(32, 16, 4, double, vb.pp("conv0"))?)
        .add(Relu)
        .add(conv_transpose2d(16, 1, 4, double, vb.pp("conv1"))?)
        .add_fn(candle_nn::ops::sigmoid))
}

fn main() -> Result<()> {
    let device = Device::Cpu;
    // A store of variables whose values follow from the seed and their names. A `VarMap` works, too.
    let parameters = Parameters::new(SEED, DType::F32, &device);
    let (encoder, decoder) = (encoder(parameters.builder().pp("encoder"))?, decoder(parameters.builder().pp("decoder"))?);
    let mut adam = Adam::named(parameters.weights(), AdamConfig::default())?;

    let streams = Streams::new(SEED);
    let digits = Arc::from(open("digits", &Default::default(), &Sources::default())?);
    let mut batches = Loader::new(digits, Split::Train, 100, streams, &device)?;
    for step in 0..EPOCHS * batches.per_epoch() {
        let images = batches.batch(step)?.images;
        let code = encoder.forward(&images)?;
        let (mean, log_var) = (code.i((.., ..CODE))?, code.i((.., CODE..))?);
        let noise = streams.normal(Purpose::CodeNoise, step, mean.elem_count());
        let z = (&mean + ((&log_var * 0.5)?.exp()? * Tensor::from_vec(noise, mean.shape(), &device)?)?)?;
        let rate = gaussian_rate(&mean, &log_var)?;
        let loss = elbo(&images, &decoder.forward(&z)?, &rate)?;
        adam.backward_step(&loss)?;
        if step % 40 == 0 {
            println!("step {step}: loss {:.1}, rate {:.1} nats", loss.to_scalar::<f32>()?, rate.to_scalar::<f32>()?);
        }
    }
    let samples = decoder.forward(&normal::prior().sample((4, CODE), SEED, &device)?)?;
    println!("{:?} images drawn from the prior, mean pixel {:.3}", samples.dims(), samples.mean_all()?.to_scalar::<f32>()?);
    Ok(())
}
