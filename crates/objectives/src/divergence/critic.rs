//! A small network that tells draws of the prior from codes, and with it the log density ratio.
//!
//! At its best the logit T(z) of "from the prior" is log p(z) / q(z) (Goodfellow et al., "Generative Adversarial
//! Nets", 2014; Mescheder et al., "Adversarial Variational Bayes", 2017). It minimises
//! `mean softplus(-T(p)) + mean softplus(T(q))`, the cross entropy of the two samples.
//!
//! With `log_density = "normal"` the known log p(z) of a standard normal prior is added to the network's output, which
//! then has but -log q(z) to learn (Tolstikhin et al., "Wasserstein Auto-Encoders", 2018, the code).

use std::f64::consts::TAU;

use candle_core::{D, Tensor, Var};
use vimae_core::{Init, Key, Parameters, PartRequest, Result, Settings};

use super::pairs::expect_samples;

/// The settings of every divergence with a critic.
pub(super) const HIDDEN: Key = Key::integer("hidden", 256, 1, 8192, "units of each hidden layer of the critic");
pub(super) const LAYERS: Key = Key::integer("layers", 3, 1, 16, "hidden layers of the critic; the WAE code takes four of 512");
pub(super) const LOG_DENSITY: Key =
    Key::choice("log_density", &["none", "normal"], "whether the critic's logit holds log N(z; 0, 1), for a standard normal prior alone");

/// A multilayer perceptron with ReLU from `[N, d]` to `[N]`.
#[derive(Debug)]
pub(super) struct Critic {
    parameters: Parameters,
    layers: Vec<(Var, Var)>,
    normal: bool,
}

impl Critic {
    pub(super) fn of(settings: &Settings, request: &PartRequest) -> Result<Self> {
        let parameters = Parameters::new(request.seed, request.dtype, &request.device);
        let (hidden, depth) = (settings.integer(HIDDEN.name)?, settings.integer(LAYERS.name)?);
        let mut layers = Vec::with_capacity(depth + 1);
        for layer in 0..=depth {
            let inputs = if layer == 0 { request.code } else { hidden };
            let outputs = if layer == depth { 1 } else { hidden };
            let bound = (inputs as f64).powf(-0.5);
            let name = |part: &str| format!("divergence.discriminator.{layer}.{part}");
            let weight = parameters.weight(&name("weight"), &[outputs, inputs], Init::Uniform(-bound, bound))?;
            layers.push((weight, parameters.weight(&name("bias"), &[outputs], Init::Uniform(-bound, bound))?));
        }
        Ok(Self { parameters, layers, normal: settings.choice(LOG_DENSITY.name)? == "normal" })
    }

    pub(super) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// log p(z) / q(z) as far as it is known, `[N]`; differentiable in the codes alone.
    pub(super) fn log_ratio(&self, codes: &Tensor) -> Result<Tensor> {
        self.logits(codes, |var| var.as_detached_tensor())
    }

    /// What the critic minimises; differentiable in its parameters alone.
    pub(super) fn loss(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        expect_samples(q, p)?;
        let logits = |sample: &Tensor| self.logits(&sample.detach(), |var| var.as_tensor().clone());
        Ok((softplus(&logits(p)?.neg()?)?.mean_all()? + softplus(&logits(q)?)?.mean_all()?)?)
    }

    fn logits(&self, codes: &Tensor, read: impl Fn(&Var) -> Tensor) -> Result<Tensor> {
        let mut x = codes.clone();
        for (index, (weight, bias)) in self.layers.iter().enumerate() {
            let inner = if index == 0 { x } else { x.relu()? };
            x = inner.matmul(&read(weight).t()?)?.broadcast_add(&read(bias))?;
        }
        let learnt = x.squeeze(1)?;
        if !self.normal {
            return Ok(learnt);
        }
        let constant = -0.5 * codes.dim(1)? as f64 * TAU.ln();
        Ok((learnt + codes.sqr()?.sum(D::Minus1)?.affine(-0.5, constant)?)?)
    }
}

/// ln(1 + exp x), finite for any x.
pub(super) fn softplus(x: &Tensor) -> Result<Tensor> {
    Ok((x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?)
}
