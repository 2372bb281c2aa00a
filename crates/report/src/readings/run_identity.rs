//! What runs of a search may differ in: the weight of the distortion and the seed. Runs that differ in more are other networks, and
//! are not put together.

use std::collections::BTreeMap;

use vimae_spec::RunSpec;

/// Metric and protocol of a rate in closed form.
pub(super) const RATE: (&str, &str) = ("rate", "rate.gaussian");
/// The setting that is searched.
const WEIGHT: &str = "recon_weight";

/// The weight of the distortion that a run states.
pub(super) fn weight_of(spec: &RunSpec) -> Option<f64> {
    spec.objective.settings.get(WEIGHT).and_then(serde_json::Value::as_f64).filter(|weight| *weight > 0.0)
}

/// The networks seen so far, one for each key.
#[derive(Debug, Default)]
pub(super) struct Networks<K>(BTreeMap<K, String>);

impl<K: Ord> Networks<K> {
    /// Whether the run trains as those of the same key before it, but for its seed and its weight of the distortion.
    pub(super) fn is_one(&mut self, key: K, spec: &RunSpec) -> bool {
        let mut spec = spec.clone();
        spec.seed = 0;
        spec.objective.settings.remove(WEIGHT);
        let own = spec.training_sha256();
        *self.0.entry(key).or_insert_with(|| own.clone()) == own
    }
}
