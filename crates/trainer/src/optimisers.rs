//! The optimisers of a run: one for the loss, and one for the divergence's critic.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor, Var, backprop::GradStore};
use vimae_ops::{Adam, AdamConfig};

use crate::{Line, Result, Stepped, step::Draws};

/// The prefix of the second optimiser's state in a checkpoint.
const CRITIC: &str = "critic.";

/// Adam for the network and the prior, and a second Adam for the critic if the divergence has one.
pub(crate) struct Optimisers {
    main: Adam,
    critic: Option<Adam>,
    /// The learning rates of both, before a schedule.
    rates: [f64; 2],
    clip_norm: Option<f64>,
}

impl Optimisers {
    pub(crate) fn new(line: &Line<'_>, adam: AdamConfig, critic_learning_rate: f64, clip_norm: Option<f64>) -> Result<Self> {
        let critic = line.critic_weights();
        let critic = match critic.is_empty() {
            true => None,
            false => Some(Adam::named(critic, AdamConfig { learning_rate: critic_learning_rate, ..adam })?),
        };
        let rates = [adam.learning_rate, critic_learning_rate];
        Ok(Self { main: Adam::named(line.weights(), adam)?, critic, rates, clip_norm })
    }

    /// Sets the learning rates from the next step on, to this share of what they were made with.
    pub(crate) fn set_share(&mut self, share: f64) {
        let [main, critic] = self.rates;
        self.main.set_learning_rate(main * share);
        if let Some(adam) = &mut self.critic {
            adam.set_learning_rate(critic * share);
        }
    }

    /// Updates the network and the prior by the gradient of the loss, then the critic by the gradient of its own loss on
    /// the same codes. Returns the critic's loss.
    pub(crate) fn step(&mut self, line: &Line<'_>, stepped: &Stepped, draws: &Draws) -> Result<Option<Tensor>> {
        let mut gradients = vimae_ops::backward(&stepped.loss.total)?;
        if let Some(most) = self.clip_norm {
            clip(&mut gradients, &line.weights(), most)?;
        }
        self.main.step(&gradients)?;
        let Some(critic) = &mut self.critic else { return Ok(None) };
        let loss = line.critic_loss(&stepped.z, draws)?;
        if let Some(loss) = &loss {
            critic.step(&loss.backward()?)?;
        }
        Ok(loss)
    }

    pub(crate) fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut state = self.main.state()?;
        if let Some(critic) = &self.critic {
            state.extend(critic.state()?.into_iter().map(|(name, tensor)| (format!("{CRITIC}{name}"), tensor)));
        }
        Ok(state)
    }

    pub(crate) fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let (mut main, mut critic) = (BTreeMap::new(), BTreeMap::new());
        for (name, tensor) in state {
            match name.strip_prefix(CRITIC).filter(|_| self.critic.is_some()) {
                Some(name) => critic.insert(name.to_owned(), tensor.clone()),
                None => main.insert(name.clone(), tensor.clone()),
            };
        }
        self.main.load_state(&main)?;
        if let Some(adam) = &mut self.critic {
            adam.load_state(&critic)?;
        }
        Ok(())
    }
}

/// Scales all gradients down together where their common norm is above `most` (Pascanu et al. 2013).
fn clip(gradients: &mut GradStore, weights: &[(String, Var)], most: f64) -> Result<()> {
    let mut squares = 0.0;
    for (_, var) in weights {
        if let Some(gradient) = gradients.get(var) {
            squares += gradient.sqr()?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        }
    }
    let norm = squares.sqrt();
    // A norm that is not finite stays: what diverged is found by its terms.
    if norm.is_finite() && norm > most {
        for (_, var) in weights {
            if let Some(gradient) = gradients.remove(var) {
                gradients.insert(var, (gradient * (most / norm))?);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn gradients_above_the_norm_are_scaled_together_and_others_left() {
        let vars = [("a", [3.0_f64, 0.0]), ("b", [0.0, 4.0])].map(|(name, v)| (name.to_owned(), Var::new(&v, &Device::Cpu).unwrap()));
        // The gradient of half the squares is the variable itself: a norm of 5.
        let gradients = |most: f64| {
            let total = vars.iter().map(|(_, v)| (v.sqr().unwrap().sum_all().unwrap() * 0.5).unwrap()).reduce(|a, b| (a + b).unwrap());
            let mut gradients = total.unwrap().backward().unwrap();
            clip(&mut gradients, &vars, most).unwrap();
            vars.each_ref().map(|(_, v)| gradients.get(v).unwrap().to_vec1::<f64>().unwrap())
        };
        assert_eq!(gradients(5.5), [[3.0, 0.0], [0.0, 4.0]]);
        let clipped = gradients(1.0).concat();
        assert!(clipped.iter().zip([0.6, 0.0, 0.0, 0.8]).all(|(found, expected)| (found - expected).abs() < 1e-12), "{clipped:?}");
    }
}
