//! A value as recorded beside what it is now.

use vimae_spec::Measurement;

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

/// A measurement as recorded and as it is now, of which one at least is there.
pub(super) fn measured(of: &str, recorded: Option<&Measurement>, now: Option<&Measurement>) -> Check {
    let named = recorded.or(now);
    Check {
        what: named.map_or_else(|| of.to_owned(), |m| format!("{of}{} {}", m.metric, m.protocol)),
        recorded: recorded.map_or("not in the record".into(), shown),
        now: now.map_or("not measured".into(), shown),
        agrees: recorded.zip(now).is_some_and(|(recorded, now)| agree(now, recorded)),
    }
}

/// A value with its standard error and the number of what it was measured on.
fn shown(m: &Measurement) -> String {
    let value = m.value.map_or("none".into(), |value| value.to_string());
    let error = m.standard_error.map_or_else(String::new, |error| format!(" +- {error}"));
    format!("{value}{error}, n = {}", m.n)
}

/// Whether all that is recorded of a value is the same now.
fn agree(a: &Measurement, b: &Measurement) -> bool {
    let numbers = same(a.value, b.value) && same(a.standard_error, b.standard_error) && a.n == b.n;
    numbers && a.unit == b.unit && a.direction == b.direction && a.entry == b.entry
}

pub(super) fn number(what: &str, recorded: u64, now: u64) -> Check {
    text(what, &recorded.to_string(), &now.to_string())
}

pub(super) fn text(what: &str, recorded: &str, now: &str) -> Check {
    Check { what: what.into(), recorded: recorded.into(), now: now.into(), agrees: recorded == now }
}

/// Equal but for what another processor's instructions may change in the last digits.
pub(super) fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-4 * a.abs().max(b.abs()).max(1e-3),
        (a, b) => a == b,
    }
}
