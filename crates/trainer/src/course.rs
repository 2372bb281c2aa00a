//! What changes over a run: learning rate, weight of the rate, gradients, and when it begins and ends.

use vimae_core::RateRule;
use vimae_spec::{Schedule, warm_up};

/// How learning rate, rate and gradients change over a run, and what ends it early. By default nothing does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// How the learning rate falls.
    pub schedule: Schedule,
    /// What the schedule `step` multiplies the learning rate by, and after how many epochs each time.
    pub fall: (f64, u64),
    /// Epochs over which the learning rate rises.
    pub warmup_epochs: u64,
    /// Epochs over which the weight of the rate rises.
    pub rate_warmup_epochs: u64,
    /// Nats of each dimension that are free ([`RateRule`]).
    pub free_nats: f64,
    /// The largest norm of the gradients.
    pub clip_norm: Option<f64>,
    /// Epochs without a lower [`held_out_loss`](crate::Sights::held_out_loss) at a checkpoint that end the run with the weights of its
    /// least; 0 for none.
    pub early_stopping_epochs: u64,
    /// Steps, at most, in which the encoder alone first comes to the prior's mean and covariance; 0 for none.
    pub pretraining_steps: u64,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            schedule: Schedule::Constant,
            fall: (0.1, 30),
            warmup_epochs: 0,
            rate_warmup_epochs: 0,
            free_nats: 0.0,
            clip_norm: None,
            early_stopping_epochs: 0,
            pretraining_steps: 0,
        }
    }
}

impl Course {
    /// The share of the learning rate at `step` of `steps`.
    pub(crate) fn share(&self, step: u64, (per_epoch, steps): (u64, u64)) -> f64 {
        self.schedule.share(step, (per_epoch, steps), self.fall) * warm_up(step, per_epoch, self.warmup_epochs)
    }

    pub(crate) fn rate_rule(&self, step: u64, per_epoch: u64) -> RateRule {
        RateRule { weight: warm_up(step, per_epoch, self.rate_warmup_epochs), free_nats: self.free_nats }
    }
}
