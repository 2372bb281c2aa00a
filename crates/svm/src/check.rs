//! Checks of points, labels and settings.

use ndarray::ArrayView2;

use crate::{Error, Result};

/// The classes among `labels`, in order.
pub(crate) fn classes(features: ArrayView2<'_, f64>, labels: &[u32]) -> Result<Vec<u32>> {
    if features.nrows() != labels.len() {
        return Err(Error::Count { points: features.nrows(), labels: labels.len() });
    }
    finite("labelled points", features)?;
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    match classes.len() {
        0 | 1 => Err(Error::Classes { classes: classes.len() }),
        _ => Ok(classes),
    }
}

/// Checks that all features are finite.
pub(crate) fn finite(what: &'static str, features: ArrayView2<'_, f64>) -> Result<()> {
    match features.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), value)) => Err(Error::NotFinite { what, row, column, value: *value }),
        None => Ok(()),
    }
}

/// Checks that a setting is a finite number above 0.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(Error::Setting { name, value, allowed: "a finite number above 0" }) }
}
