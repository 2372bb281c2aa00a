//! An objective with the term that a strategy adds.

use candle_core::Tensor;
use vimae_core::{Divergence, EncoderNoise, Loss, Objective, Pass, Result};

use crate::Memory;

/// `inner` with the penalty of `memory`; without one its loss has the same bits.
pub(crate) struct Penalised<'a> {
    pub(crate) inner: &'a dyn Objective,
    pub(crate) memory: &'a dyn Memory,
    /// Images at the end of a step that are replayed.
    pub(crate) replayed: usize,
}

impl Objective for Penalised<'_> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn equation(&self) -> &'static str {
        self.inner.equation()
    }

    fn default_noise(&self) -> &'static str {
        self.inner.default_noise()
    }

    fn needs_rate(&self) -> bool {
        self.inner.needs_rate()
    }

    fn refuses(&self, noise: &dyn EncoderNoise) -> Option<String> {
        self.inner.refuses(noise)
    }

    fn default_prior(&self) -> &'static str {
        self.inner.default_prior()
    }

    fn default_divergence(&self) -> Option<&'static str> {
        self.inner.default_divergence()
    }

    fn refuses_divergence(&self, divergence: &dyn Divergence) -> Option<String> {
        self.inner.refuses_divergence(divergence)
    }

    fn samples(&self) -> usize {
        self.inner.samples()
    }

    fn takes_rate_rule(&self) -> bool {
        self.inner.takes_rate_rule()
    }

    fn ex_post(&self) -> Option<usize> {
        self.inner.ex_post()
    }

    fn loss(&self, pass: &Pass<'_>) -> Result<Loss> {
        let mut loss = self.inner.loss(pass)?;
        if let Some((name, penalty)) = self.memory.penalty(pass, self.replayed)? {
            loss.total = Tensor::add(&loss.total, &penalty)?;
            loss.terms.push((name, penalty));
        }
        Ok(loss)
    }
}
