//! What the trainer is told of a run's `[training]`.

use vimae_ops::AdamConfig;
use vimae_spec::{Training, sha256_hex};
use vimae_trainer::Plan;

/// How long and by what optimiser a run trains. `determined_by` is all that its weights follow from.
pub(crate) fn training_plan(training: &Training, seed: u64, determined_by: &str) -> Plan {
    let &Training { epochs, checkpoint_epochs, rollbacks, learning_rate, beta1, beta2, epsilon, critic_learning_rate, .. } = training;
    let &Training { schedule, fall, fall_epochs, warmup_epochs, rate_warmup_epochs, free_nats, clip_norm, .. } = training;
    let &Training { early_stopping_epochs, pretraining_steps, .. } = training;
    Plan {
        epochs,
        checkpoint_epochs,
        rollbacks,
        critic_learning_rate,
        course: vimae_trainer::Course {
            schedule,
            fall: (fall, fall_epochs),
            warmup_epochs,
            rate_warmup_epochs,
            free_nats,
            clip_norm,
            early_stopping_epochs,
            pretraining_steps,
        },
        adam: AdamConfig { learning_rate, beta1, beta2, epsilon },
        seed,
        training_sha256: sha256_hex(determined_by.as_bytes()),
    }
}
