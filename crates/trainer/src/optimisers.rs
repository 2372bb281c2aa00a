//! The optimisers of a run: one for the loss, and one for the divergence's critic.

use std::collections::BTreeMap;

use candle_core::Tensor;
use vimae_ops::{Adam, AdamConfig};

use crate::{Line, Result, Stepped, step::Draws};

/// The prefix of the second optimiser's state in a checkpoint.
const CRITIC: &str = "critic.";

/// Adam for the network and the prior, and a second Adam for the critic if the divergence has one.
pub(crate) struct Optimisers {
    main: Adam,
    critic: Option<Adam>,
}

impl Optimisers {
    pub(crate) fn new(line: &Line<'_>, adam: AdamConfig, critic_learning_rate: f64) -> Result<Self> {
        let critic = line.critic_weights();
        let critic = match critic.is_empty() {
            true => None,
            false => Some(Adam::named(critic, AdamConfig { learning_rate: critic_learning_rate, ..adam })?),
        };
        Ok(Self { main: Adam::named(line.weights(), adam)?, critic })
    }

    /// Updates the network and the prior by the gradient of the loss, then the critic by the gradient of its own loss on
    /// the same codes. Returns the critic's loss.
    pub(crate) fn step(&mut self, line: &Line<'_>, stepped: &Stepped, draws: &Draws) -> Result<Option<Tensor>> {
        self.main.step(&stepped.loss.total.backward()?)?;
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
