//! What an evaluation takes, before it starts.

use std::collections::BTreeSet;

use vimae_core::{EvalCost, Input, Metric, Workload};

use crate::context::HELD_OUT;

/// What these metrics and, where they are wanted, the figures take. What several of them use is counted once.
pub fn cost(metrics: &[Box<dyn Metric>], figures: bool, workload: &Workload<'_>) -> EvalCost {
    let mut used: BTreeSet<Input> = metrics.iter().flat_map(|metric| metric.uses()).copied().collect();
    if figures {
        used.extend(crate::figures::USES);
    }
    let mut all = used.clone();
    // Inputs are made from others at one remove.
    all.extend(used.iter().flat_map(|input| input.needs()));
    let mut cost = EvalCost { memory_bytes: (4 * workload.test * workload.pixels) as f64, ..EvalCost::default() };
    for input in all {
        cost += making(input, workload);
    }
    for metric in metrics {
        cost += metric.cost(workload);
    }
    cost
}

/// What making one input takes.
fn making(input: Input, workload: &Workload<'_>) -> EvalCost {
    let images = |count: usize| (4 * count * workload.pixels) as f64;
    let evaluation = workload.evaluation;
    let (encoded, decoded, memory_bytes) = match input {
        Input::Codes => (workload.test, 0, 0.0),
        Input::TrainCodes => (workload.train, 0, 0.0),
        Input::NoisyCodes if workload.gaussian => (0, 0, 0.0),
        Input::NoisyCodes => (evaluation.noise_passes * evaluation.noise_images.min(workload.test), 0, 0.0),
        Input::Reconstructions => (0, workload.test, images(workload.test)),
        // Of a deterministic head they are the others.
        Input::SampledReconstructions if workload.gaussian => (0, workload.test, images(workload.test)),
        Input::Generated => (0, evaluation.prior_samples, images(evaluation.prior_samples)),
        Input::HeldOut => (0, 0, images(HELD_OUT.min(workload.held_out))),
        _ => (0, 0, 0.0),
    };
    EvalCost { encoded: encoded as f64, decoded: decoded as f64, memory_bytes, ..EvalCost::default() }
}
