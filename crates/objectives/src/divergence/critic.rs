//! A small network that tells draws of the prior from codes, and with it the log density ratio.
//!
//! At its best the logit T(z) of "from the prior" is log p(z) / q(z) (Goodfellow et al., "Generative Adversarial
//! Nets", 2014; Mescheder et al., "Adversarial Variational Bayes", 2017). It minimises
//! `mean softplus(-T(p)) + mean softplus(T(q))`, the cross entropy of the two samples.
//!
//! With `log_density = "normal"` the known log p(z) of a standard normal prior is added to the network's output, which
//! then has but -log q(z) to learn (Tolstikhin et al., "Wasserstein Auto-Encoders", 2018, the code).

use std::f64::consts::TAU;

use candle_core::{D, Tensor};
use vimae_core::{Init, Parameters, PartRequest, Perceptron, Prior, Result, numerics::softplus_each};

use super::pairs::expect_samples;

vimae_core::settings! {
    /// The settings of every divergence with a critic.
    pub(super) struct CriticSettings {
        /// units of each hidden layer of the critic
        hidden: usize = 256, from 1, to 8192;
        /// hidden layers of the critic; the WAE code takes four of 512
        layers: usize = 3, from 1, to 16;
        /// whether the critic's logit includes log N(z; 0, 1); for a standard normal prior only
        log_density: Known = Known::None;
    }
}

vimae_core::settings! {
    enum Known { None, Normal }
}

/// A multilayer perceptron with ReLU from `[N, d]` to `[N]`.
#[derive(Debug)]
pub(super) struct Critic {
    parameters: Parameters,
    network: Perceptron,
    normal: bool,
}

impl Critic {
    pub(super) fn of(settings: &CriticSettings, request: &PartRequest) -> Result<Self> {
        let parameters = Parameters::new(request.seed, request.dtype, &request.device);
        let init = |inputs: usize| {
            let bound = (inputs as f64).powf(-0.5);
            [Init::Uniform(-bound, bound); 2]
        };
        let network =
            Perceptron::new(&parameters, "divergence.discriminator", request.code, &vec![settings.hidden; settings.layers], init)?;
        Ok(Self { parameters, network, normal: settings.log_density == Known::Normal })
    }

    pub(super) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Why a critic that knows a density makes no sense with this prior.
    pub(super) fn refuses(&self, prior: &dyn Prior) -> Option<String> {
        (self.normal && !is_standard_normal(prior))
            .then(|| "its critic starts from the density of a standard normal prior, which this one is not; leave log_density out".into())
    }

    /// log p(z) / q(z) as far as it is known, `[N]`; differentiable in the codes alone.
    pub(super) fn log_ratio(&self, codes: &Tensor) -> Result<Tensor> {
        self.add_known(codes, self.network.forward(codes, true, layer)?)
    }

    /// What the critic minimises; differentiable in its parameters alone.
    pub(super) fn loss(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        expect_samples(q, p)?;
        let (q, p) = (q.detach(), p.detach());
        let logits = |sample: &Tensor| self.add_known(sample, self.network.forward(sample, false, layer)?);
        Ok((softplus_each(&logits(&p)?.neg()?)?.mean_all()? + softplus_each(&logits(&q)?)?.mean_all()?)?)
    }

    /// The logits of `codes`: what the network gives for them, and what is known without it.
    fn add_known(&self, codes: &Tensor, learnt: Tensor) -> Result<Tensor> {
        if !self.normal {
            return Ok(learnt);
        }
        let constant = -0.5 * codes.dim(1)? as f64 * TAU.ln();
        Ok((learnt + codes.sqr()?.sum(D::Minus1)?.affine(-0.5, constant)?)?)
    }
}

/// Whether the density is that of independent standard normals, by its values at a few points.
fn is_standard_normal(prior: &dyn Prior) -> bool {
    let standard = |x: f64| -0.5 * (x * x + TAU.ln());
    prior.marginal().is_some_and(|law| [-2.0, 0.0, 0.5, 3.0].iter().all(|&x| (law.log_density(x) - standard(x)).abs() < 1e-9))
}

/// A layer of candle's own operations, which every device has.
fn layer(x: &Tensor, [weight, bias]: [&Tensor; 2], relu: bool) -> Result<Tensor> {
    let x = x.matmul(&weight.t()?)?.broadcast_add(bias)?;
    if relu { super::relu::relu(&x) } else { Ok(x) }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use serde_json::json;
    use vimae_core::{Divergence, ImageShape, PixelRange, Purpose, Streams};

    use super::*;
    use crate::divergence::DIVERGENCES;

    const SHIFT: f64 = 1.5;

    fn build(name: &str, settings: serde_json::Value) -> Box<dyn Divergence> {
        let image = ImageShape { channels: 1, height: 4, width: 4 };
        let request = PartRequest { code: 2, image, range: PixelRange::Unit, seed: 1, dtype: DType::F64, device: Device::Cpu };
        DIVERGENCES.build(name, settings.as_object().unwrap(), &request).unwrap()
    }

    /// Draws of N((shift, 0), 1).
    fn sample(step: u64, n: usize, shift: f64) -> Tensor {
        let values = Streams::new(2).normal(Purpose::Evaluation, step, n * 2).into_iter().map(f64::from).collect();
        let shift = Tensor::new(&[[shift, 0.0]], &Device::Cpu).unwrap();
        Tensor::from_vec(values, (n, 2), &Device::Cpu).unwrap().broadcast_add(&shift).unwrap()
    }

    /// Trains the critic by plain gradient descent, then takes the estimate on draws that it has not seen.
    fn trained(divergence: &dyn Divergence) -> f64 {
        for step in 0..250 {
            let loss = divergence.critic_loss(&sample(2 * step, 100, SHIFT), &sample(2 * step + 1, 100, 0.0)).unwrap().unwrap();
            let gradients = loss.backward().unwrap();
            for (_, var) in divergence.parameters().unwrap().weights() {
                var.set(&(var.as_tensor() - (gradients.get(&var).unwrap() * 0.25).unwrap()).unwrap()).unwrap();
            }
        }
        divergence.estimate(&sample(9_000, 20_000, SHIFT), &sample(9_001, 20_000, 0.0)).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn a_trained_critic_knows_the_divergence_of_two_gaussians() {
        for log_density in ["none", "normal"] {
            let small = |loss: &[(&str, &str)]| {
                let mut settings = json!({ "hidden": 16, "layers": 1, "log_density": log_density });
                loss.iter().for_each(|(key, value)| settings[*key] = json!(value));
                settings
            };
            let kl = trained(build("adversarial_kl", small(&[])).as_ref());
            let exact = 0.5 * SHIFT * SHIFT;
            assert!((kl / exact - 1.0).abs() < 0.15, "{log_density}: KL {kl}, exact {exact}");
            let js = trained(build("adversarial_js", small(&[("loss", "divergence")])).as_ref());
            let exact = jensen_shannon();
            // A lower bound, but for the draws.
            assert!(js < exact + 0.01 && js > 0.9 * exact, "{log_density}: JS {js}, exact {exact}");
        }
    }

    /// JS of N(SHIFT, 1) and N(0, 1) by integration.
    fn jensen_shannon() -> f64 {
        let density = |x: f64| (-0.5 * x * x).exp() / TAU.sqrt();
        let term = |a: f64, b: f64| if a > 0.0 { 0.5 * a * (2.0 * a / (a + b)).ln() } else { 0.0 };
        (-12_000..12_000)
            .map(|i| f64::from(i) * 1e-3)
            .map(|x| (density(x), density(x - SHIFT)))
            .map(|(p, q)| (term(p, q) + term(q, p)) * 1e-3)
            .sum()
    }
}
