//! KL(q || p) by a critic that knows the log density ratio.
//!
//! `mean -T(q)`, T the critic's logit for "from the prior", at its best log p / q. In nats, not symmetric, neither a bound
//! nor unbiased: as good as the critic, which must tell the samples apart to see a large divergence.

use candle_core::Tensor;
use vimae_core::{Divergence, Entry, Parameters, Prior, Result, settings::Schema};

use super::{
    BuildDivergence,
    critic::{Critic, CriticSettings},
    pairs::expect_samples,
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "adversarial_kl",
    summary: "KL(q || p) by the density ratio that a trained critic learns",
    source: "Mescheder, Nowozin & Geiger, Adversarial Variational Bayes, 2017",
    settings: Schema::of::<CriticSettings>,
    build: |settings, request| Ok(Box::new(AdversarialKl { critic: Critic::of(&settings.read()?, request)? })),
};

/// The divergence by its critic.
#[derive(Debug)]
pub struct AdversarialKl {
    critic: Critic,
}

impl Divergence for AdversarialKl {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        expect_samples(q, p)?;
        Ok(self.critic.log_ratio(q)?.mean_all()?.neg()?)
    }

    fn refuses(&self, prior: &dyn Prior) -> Option<String> {
        self.critic.refuses(prior)
    }

    fn parameters(&self) -> Option<&Parameters> {
        Some(self.critic.parameters())
    }

    fn critic_loss(&self, q: &Tensor, p: &Tensor) -> Result<Option<Tensor>> {
        self.critic.loss(q, p).map(Some)
    }
}
