//! One training step: noise, encoder, code, decoder, loss.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};
use vimae_core::{AutoEncoder, Code, Divergence, Head, Loss, Mode, Objective, Parameters, Pass, Prior, Purpose, RateRule, Result, Streams};

/// The parts of a run that every step uses.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// The network, with its encoder's noise.
    pub model: &'a dyn AutoEncoder,
    /// What is minimised.
    pub objective: &'a dyn Objective,
    /// The prior on codes.
    pub prior: &'a dyn Prior,
    /// The divergence of codes from the prior, for an objective that takes one.
    pub divergence: Option<&'a dyn Divergence>,
    /// The number of images that batches are drawn from. With `None`, an objective that depends on it uses the batch size.
    pub population: Option<usize>,
    /// How the rate enters the loss beside its own weight.
    pub rate_rule: RateRule,
}

/// The random numbers of one step.
#[derive(Debug, Clone)]
pub struct Draws {
    /// What the encoder sees in the images' place, where its input is corrupted.
    pub corrupted: Option<Tensor>,
    /// Standard normal noise of the code, `[K N, d]` for an objective with `K` samples per image.
    pub code: Option<Tensor>,
    /// Codes from the prior, `[N, d]`.
    pub prior: Tensor,
}

/// The results of one step.
pub struct Stepped {
    /// The loss with its terms.
    pub loss: Loss,
    /// The encoder's output for each row of `z`.
    pub code: Code,
    /// The codes that were decoded, `[K N, d]`.
    pub z: Tensor,
}

impl Draws {
    /// Draws the random numbers for `images` `[N, C, H, W]` at `step`. They are a function of the streams' seed, the step
    /// and the prior's parameters.
    ///
    /// # Errors
    /// Returns an error if the device fails.
    pub fn at(line: &Line<'_>, images: &Tensor, streams: &Streams, step: u64) -> Result<Self> {
        let (n, d) = (images.dim(0)?, line.model.code_size());
        let tensor = |values: Vec<f32>| {
            let rows = values.len() / d;
            Tensor::from_vec(values, (rows, d), images.device())?.to_dtype(images.dtype())
        };
        let code = match line.model.head() {
            Head::Gaussian => Some(tensor(streams.normal(Purpose::CodeNoise, step, line.objective.samples() * n * d))?),
            Head::Deterministic => None,
        };
        let corruption = line.model.noise().and_then(|noise| noise.pixels());
        let corrupted = corruption.map(|noise| noise.apply(images, streams, Purpose::PixelNoise, step)).transpose()?;
        let prior = tensor(line.prior.draw(streams, Purpose::PriorSample, step, n, d)?)?;
        Ok(Self { corrupted, code, prior })
    }
}

impl<'a> Line<'a> {
    /// A line without a divergence and without the number of images.
    pub fn new(model: &'a dyn AutoEncoder, objective: &'a dyn Objective, prior: &'a dyn Prior) -> Self {
        Self { model, objective, prior, divergence: None, population: None, rate_rule: RateRule::default() }
    }

    /// The prior that the encoder makes as its weights are now, where it makes one; a step is taken [`under`](Self::under) it.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn bind(&self) -> Result<Option<Box<dyn Prior>>> {
        self.prior.bind(self.model)
    }

    /// The same line under another prior, where there is one.
    pub fn under<'b>(self, prior: Option<&'b dyn Prior>) -> Line<'b>
    where
        'a: 'b,
    {
        Line { prior: prior.unwrap_or(self.prior), ..self }
    }

    /// Computes the loss of one step on clean images `[N, C, H, W]`, with batch norm in training mode.
    ///
    /// # Errors
    /// Returns an error if shapes do not match.
    pub fn loss(&self, images: &Tensor, draws: &Draws) -> Result<Loss> {
        Ok(self.step(images, draws)?.loss)
    }

    /// Computes the loss of one step, and returns it with the codes behind it.
    ///
    /// # Errors
    /// Returns an error if shapes do not match.
    pub fn step(&self, images: &Tensor, draws: &Draws) -> Result<Stepped> {
        self.pass(images, draws, Mode::Train)
    }

    /// Computes the loss on clean images `[N, C, H, W]` with batch norm in evaluation mode, which changes nothing in the network.
    ///
    /// # Errors
    /// Returns an error if shapes do not match.
    pub fn validation_loss(&self, images: &Tensor, draws: &Draws) -> Result<Loss> {
        Ok(self.pass(images, draws, Mode::Evaluate)?.loss)
    }

    fn pass(&self, images: &Tensor, draws: &Draws, mode: Mode) -> Result<Stepped> {
        let mut code = self.model.encode(draws.corrupted.as_ref().unwrap_or(images), mode)?;
        let penalty = self.model.noise().map(|noise| noise.penalty(&code)).transpose()?.flatten();
        if self.objective.samples() > 1 {
            let blocks = |t: &Tensor| t.repeat((self.objective.samples(), 1));
            code = Code { mean: blocks(&code.mean)?, log_var: code.log_var.as_ref().map(blocks).transpose()? };
        }
        let z = draws.code.as_ref().map(|noise| code.sample(noise)).transpose()?.unwrap_or_else(|| code.mean.clone());
        let output = self.model.decode_output(&z, mode)?;
        let mut loss = self.objective.loss(&Pass {
            images,
            output: &output,
            likelihood: self.model.likelihood(),
            code: &code,
            z: &z,
            prior: self.prior,
            prior_sample: &draws.prior,
            divergence: self.divergence,
            parameters: self.model.parameters(),
            population: self.population.unwrap_or(images.dim(0)?),
            rate_rule: self.rate_rule,
        })?;
        if let Some(penalty) = penalty {
            loss.total = (&loss.total + &penalty)?;
            loss.terms.push(("noise_penalty", penalty));
        }
        Ok(Stepped { loss, code, z })
    }

    /// The loss of the divergence's critic on these codes and draws, or `None` without a critic. No gradient reaches the
    /// encoder.
    ///
    /// # Errors
    /// As [`Divergence::critic_loss`].
    pub fn critic_loss(&self, z: &Tensor, draws: &Draws) -> Result<Option<Tensor>> {
        match self.divergence {
            Some(divergence) => divergence.critic_loss(&z.detach(), &draws.prior.detach()),
            None => Ok(None),
        }
    }

    /// The weights that the loss trains: those of the network and of the prior.
    pub fn weights(&self) -> Vec<(String, Var)> {
        let mut weights = self.model.parameters().weights();
        weights.extend(self.prior.parameters().map(Parameters::weights).unwrap_or_default());
        weights
    }

    /// The weights of the divergence's critic.
    pub fn critic_weights(&self) -> Vec<(String, Var)> {
        self.divergence.and_then(|divergence| divergence.parameters()).map(Parameters::weights).unwrap_or_default()
    }

    /// The weights and running statistics of all parts, by name.
    pub fn all(&self) -> BTreeMap<String, Var> {
        self.sets().into_iter().flat_map(|(_, set)| set.all()).collect()
    }

    /// Sets the weights and running statistics of all parts.
    ///
    /// # Errors
    /// As [`Parameters::load`]. Parts before the one at fault have changed then.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        let sets = self.sets();
        for (prefix, set) in &sets {
            let mine = |name: &str| match prefix {
                Some(prefix) => name.starts_with(prefix),
                None => !sets.iter().filter_map(|(prefix, _)| *prefix).any(|prefix| name.starts_with(prefix)),
            };
            set.load(&tensors.iter().filter(|(name, _)| mine(name)).map(|(name, tensor)| (name.clone(), tensor.clone())).collect())?;
        }
        Ok(())
    }

    /// The parameters of each part, with the prefix of their names. The network has no prefix and takes all other names.
    fn sets(&self) -> Vec<(Option<&'static str>, &'a Parameters)> {
        let mut sets = vec![(None, self.model.parameters())];
        sets.extend(self.prior.parameters().map(|set| (Some("prior."), set)));
        sets.extend(self.divergence.and_then(|divergence| divergence.parameters()).map(|set| (Some("divergence."), set)));
        sets
    }
}
