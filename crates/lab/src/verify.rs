//! Numbers recomputed from what a run stored.

use candle_core::Device;
use vimae_checkpoint::load_weights;

use crate::{Result, RunFolder, Shelf, measure::measure, resolve::Parts, run::read_record};

/// One recorded value beside its recomputation.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What it is.
    pub what: String,
    /// As recorded.
    pub recorded: String,
    /// As computed now.
    pub now: String,
    /// Whether the two are the same.
    pub agrees: bool,
}

/// Loads a finished run's weights and data, compares their digests with the record, and measures everything
/// again on the CPU.
///
/// # Errors
/// Where a file of the run is absent or damaged, or the data cannot be had.
pub fn verify(folder: &RunFolder, shelf: &mut Shelf) -> Result<Vec<Check>> {
    let record = read_record(&folder.record())?;
    let parts = Parts::of(&record.spec, shelf, &Device::Cpu)?;
    let (weights, weights_sha256) = load_weights(&folder.model())?;
    parts.line()?.load(&weights)?;
    let mut checks = vec![
        text("spec", &record.spec_sha256, &record.spec.sha256()),
        text("data", &record.data_sha256, parts.dataset.sha256()),
        text("weights", &record.weights_sha256, &weights_sha256),
    ];
    let now = measure(&parts, &record.spec.evaluation, record.spec.seed, &mut |_, _, _| {})?.measurements;
    for recorded in &record.measurements {
        let again = now.iter().find(|m| m.metric == recorded.metric && m.protocol == recorded.protocol);
        let shown = |value: Option<f64>| value.map_or("none".into(), |v| v.to_string());
        checks.push(Check {
            what: format!("{} {}", recorded.metric, recorded.protocol),
            recorded: shown(recorded.value),
            now: again.map_or("not measured".into(), |m| shown(m.value)),
            agrees: again.is_some_and(|m| same(m.value, recorded.value)),
        });
    }
    Ok(checks)
}

fn text(what: &str, recorded: &str, now: &str) -> Check {
    Check { what: what.into(), recorded: recorded.into(), now: now.into(), agrees: recorded == now }
}

/// Equal but for what another processor's instructions may change in the last digits.
fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-4 * a.abs().max(b.abs()).max(1e-3),
        (a, b) => a == b,
    }
}
