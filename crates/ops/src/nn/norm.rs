//! Batch norm, then ReLU, as one layer.

use candle_core::{ModuleT, Result, Tensor, Var};
use candle_nn::VarBuilder;

use crate::{BatchStatistics, layout::Channels, norm};

/// Added to the variance before its square root.
const EPSILON: f64 = 1e-5;
/// The weight of a batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// Batch norm over all dimensions of `[N, C, ...]` but the channels, then ReLU, in one pass.
///
/// In training it takes the statistics of the batch, and the running ones follow:
/// `running (1 - momentum) + batch momentum`, with the unbiased variance, as in PyTorch.
#[derive(Clone, Debug)]
pub struct BatchNormRelu {
    pub(super) gamma: Tensor,
    pub(super) beta: Tensor,
    running_mean: Var,
    running_var: Var,
    pub(super) epsilon: f64,
    momentum: f64,
}

impl BatchNormRelu {
    /// A layer of scale and shift `[C]`, and of running statistics `[C]`, which it changes in training. Epsilon is 1e-5 and the
    /// momentum 0.1.
    #[must_use]
    pub fn new(gamma: Tensor, beta: Tensor, running_mean: Var, running_var: Var) -> Self {
        Self { gamma, beta, running_mean, running_var, epsilon: EPSILON, momentum: MOMENTUM }
    }

    /// The same layer with another epsilon.
    #[must_use]
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// The same layer with another momentum: the weight of a batch in the running statistics.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The running mean and variance, `[C]` each.
    #[must_use]
    pub fn running(&self) -> (&Var, &Var) {
        (&self.running_mean, &self.running_var)
    }

    /// The layer in evaluation on images that keep their channels there.
    pub(super) fn evaluate(&self, x: &Tensor, channels: Channels) -> Result<Tensor> {
        let running: (&Tensor, &Tensor) = (&self.running_mean, &self.running_var);
        Ok(norm::eval("BatchNormRelu", x, &self.gamma, &self.beta, running, self.epsilon, true, channels)?)
    }

    /// Moves the running statistics towards those of a batch.
    pub(super) fn follow(&self, batch: &BatchStatistics) -> Result<()> {
        self.moved(&self.running_mean, &batch.mean)?;
        self.moved(&self.running_var, &batch.var_unbiased)
    }

    fn moved(&self, running: &Var, batch: &Tensor) -> Result<()> {
        running.set(&((running.as_detached_tensor() * (1.0 - self.momentum))? + (batch.detach() * self.momentum)?)?)
    }
}

impl ModuleT for BatchNormRelu {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        if !train {
            return self.evaluate(x, Channels::First);
        }
        let (y, statistics) = crate::batch_norm_relu_train(x, &self.gamma, &self.beta, self.epsilon)?;
        self.follow(&statistics)?;
        Ok(y)
    }
}

/// A layer with `weight`, `bias`, `running_mean` and `running_var` of `vb`. New ones begin at 1, 0, 0 and 1.
///
/// The running statistics are the variables of `vb` themselves where it has variables, else copies of its own.
///
/// # Errors
/// Where `vb` has tensors of other shapes, or none.
pub fn batch_norm_relu(channels: usize, vb: VarBuilder<'_>) -> Result<BatchNormRelu> {
    let [one, zero] = [candle_nn::init::ONE, candle_nn::init::ZERO];
    let running = |name, init| Var::from_tensor(&vb.get_with_hints(channels, name, init)?);
    let (running_mean, running_var) = (running("running_mean", zero)?, running("running_var", one)?);
    let (gamma, beta) = (vb.get_with_hints(channels, "weight", one)?, vb.get_with_hints(channels, "bias", zero)?);
    Ok(BatchNormRelu::new(gamma, beta, running_mean, running_var))
}
