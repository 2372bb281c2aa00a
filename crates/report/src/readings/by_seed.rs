//! One value a seed.

use std::collections::BTreeMap;

/// Values by seed.
pub(super) type BySeed = BTreeMap<u64, f64>;

/// Their mean; NaN of none.
pub(super) fn mean(values: &BySeed) -> f64 {
    values.values().sum::<f64>() / values.len() as f64
}
