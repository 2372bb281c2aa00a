//! The Jensen-Shannon divergence by a critic that tells codes from draws of the prior.
//!
//! With the critic's logit T for "from the prior": `ln 2 - (mean softplus(-T(p)) + mean softplus(T(q))) / 2`, a lower
//! bound of the divergence in nats that is met by the best critic, at most ln 2 (`loss = "divergence"`); or
//! `mean softplus(-T(q)) - ln 2`, whose gradient does not vanish where the critic is sure, the loss of the encoder
//! in the AAE and the WAE code (`loss = "non_saturating"`; their loss less a constant, so that it too is zero
//! for a critic that cannot tell). The first is symmetric as its critic is; neither is unbiased.

use std::f64::consts::LN_2;

use candle_core::Tensor;
use vimae_core::{Divergence, Entry, Parameters, Prior, Result, numerics::softplus_each, settings::Schema};

use super::{
    BuildDivergence,
    critic::{Critic, CriticSettings},
    pairs::expect_samples,
};

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "adversarial_js",
    summary: "The Jensen-Shannon divergence by a trained critic",
    source: "Makhzani et al., Adversarial Autoencoders, 2015; Tolstikhin et al., Wasserstein Auto-Encoders, 2018, WAE-GAN",
    settings: Schema::of::<Settings>,
    build: |settings, request| {
        let Settings { critic, loss } = settings.read()?;
        Ok(Box::new(AdversarialJs { critic: Critic::of(&critic, request)?, saturating: loss == Minimised::Divergence }))
    },
};

vimae_core::settings! {
    /// The critic, and the loss of the encoder.
    struct Settings {
        #[serde(flatten)]
        critic: CriticSettings = CriticSettings::default();
        /// what the encoder minimises: the non-saturating loss, or the divergence itself
        loss: Minimised = Minimised::NonSaturating;
    }
}

vimae_core::settings! {
    enum Minimised { NonSaturating, Divergence }
}

/// The divergence by its critic.
#[derive(Debug)]
pub struct AdversarialJs {
    critic: Critic,
    saturating: bool,
}

impl Divergence for AdversarialJs {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        expect_samples(q, p)?;
        let on_q = self.critic.log_ratio(q)?;
        if !self.saturating {
            return Ok((softplus_each(&on_q.neg()?)?.mean_all()? - LN_2)?);
        }
        let on_p = self.critic.log_ratio(p)?;
        let cross_entropy = (softplus_each(&on_p.neg()?)?.mean_all()? + softplus_each(&on_q)?.mean_all()?)?;
        Ok(cross_entropy.affine(-0.5, LN_2)?)
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
