//! Training of the small networks that a metric makes for itself.

use candle_core::Tensor;
use vimae_core::{Error, Parameters, Result};
use vimae_ops::{Adam, AdamConfig};

/// Adam's `steps` steps on `parameters`, each at its own learning rate, down the gradient of `loss(step)`.
pub(crate) fn minimise(
    parameters: &Parameters,
    steps: usize,
    learning_rate: impl Fn(usize) -> f64,
    mut loss: impl FnMut(usize) -> Result<Tensor>,
) -> Result<()> {
    let config = AdamConfig { learning_rate: learning_rate(0), beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let mut adam = Adam::named(parameters.weights(), config).map_err(operation)?;
    for step in 0..steps {
        adam.set_learning_rate(learning_rate(step));
        adam.step(&loss(step)?.backward()?).map_err(operation)?;
    }
    Ok(())
}

/// The error of an operation, in the line's terms.
pub(crate) fn operation(error: vimae_ops::Error) -> Error {
    Error::Tensor(error.into())
}
