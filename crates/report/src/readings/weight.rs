//! The weight of the distortion that a run states, and the measurement of its rate.

use vimae_spec::RunSpec;

/// Metric and protocol of a rate in closed form.
pub(super) const RATE: (&str, &str) = ("rate", "rate.gaussian");
/// The setting that is searched.
const WEIGHT: &str = "recon_weight";

/// The weight of the distortion where a run states it.
pub(super) fn weight_of(spec: &RunSpec) -> Option<f64> {
    spec.objective.settings.get(WEIGHT).and_then(serde_json::Value::as_f64).filter(|weight| *weight > 0.0)
}
