//! Single crates beside candle-nn, without a catalogue: a training loop, a stack of convolutions, a distance.

mod network;
mod training;

use candle_core::{DType, Device, IndexOp, Module, ModuleT, Result, Tensor};
use candle_nn::{Optimizer, VarBuilder, VarMap};
use vimae_metrics::frechet_distance;
use vimae_ops::{
    Adam, AdamConfig,
    Direction::Convolve,
    nn::{ConvStack, Evaluate, StackConfig, conv_stack},
};
use vimae_priors::{Prior, normal};

fn main() -> Result<()> {
    let images = normal::prior().sample((64, 16), 1, &Device::Cpu)?;
    let losses = training::train(&images)?;
    let [first, last] = [losses[0], losses[losses.len() - 1]];
    assert!(last < 0.95 * first, "the loss went from {first} to {last}");
    println!("training: {first:.2} to {last:.2}");

    let (images, variables) = (images.reshape((64, 1, 4, 4))?, VarMap::new());
    let stack = stack(VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    let before = stack.forward_t(&images, false)?;
    let mut adam = <Adam as Optimizer>::new(variables.all_vars(), AdamConfig::default())?;
    for _ in 0..5 {
        adam.backward_step(&stack.forward_t(&images, true)?.sqr()?.mean_all()?)?;
    }
    let sequence = candle_nn::seq().add(Evaluate(stack.clone())).add_fn(|x| x.flatten_from(1));
    let (one, all) = (sequence.forward(&images.i(..1)?)?, sequence.forward(&images)?);
    assert_eq!(one.to_vec2::<f32>()?, all.i(..1)?.to_vec2::<f32>()?, "evaluation depends on the batch");
    assert_ne!(before.flatten_all()?.to_vec1::<f32>()?, all.flatten_all()?.to_vec1::<f32>()?, "training changed nothing");
    println!("stack: {:?}", all.dims());

    let distance = distance()?;
    assert!((3.5..5.0).contains(&distance), "{distance}");
    println!("distance: {distance:.2}");
    Ok(())
}

fn stack(vb: VarBuilder<'_>) -> Result<ConvStack> {
    let layer = |outputs| StackConfig { outputs, kernel: 3, stride: 2, direction: Convolve };
    conv_stack(1, &[layer(4), layer(8)], None, vb)
}

/// Of Gaussians whose means are 1 apart in each of four dimensions: 4.
fn distance() -> Result<f64> {
    let real: Tensor = normal::prior().sample((2_000, 4), 1, &Device::Cpu)?;
    let generated = (normal::prior().sample((2_000, 4), 2, &Device::Cpu)? + 1.0)?;
    Ok(frechet_distance(&real, &generated)?.value)
}
