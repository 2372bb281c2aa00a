//! Cells as comma-separated values (RFC 4180).

use vimae_spec::{Cell, Certainty, Doubt, Protocol, shown_unit};

/// A column: its name and its value in a cell.
type Column = (&'static str, fn(&Cell) -> String);

const COLUMNS: [Column; 26] = [
    ("target", |c| c.target.clone()),
    ("dataset", |c| c.dataset.clone()),
    ("model", |c| c.model.clone()),
    ("method", |c| c.method.clone()),
    ("seed", |c| c.seed.to_string()),
    ("entry", |c| c.measurement.entry.clone()),
    ("metric", |c| c.measurement.metric.clone()),
    ("protocol", |c| c.measurement.protocol.to_string()),
    ("value", |c| shown(c.measurement.value)),
    ("standard_error", |c| shown(c.measurement.standard_error)),
    ("unit", |c| unit(&c.measurement.protocol, &c.measurement.unit)),
    ("n", |c| c.measurement.n.to_string()),
    ("higher_is_better", |c| shown(c.measurement.direction.higher_is_better())),
    ("slice", |c| shown(c.measurement.slice.as_ref())),
    ("paper_dataset", |c| shown(c.paper_dataset.as_ref())),
    ("paper", |c| shown(c.paper)),
    ("paper_certainty", |c| shown(c.paper_certainty.map(certainty))),
    ("tolerance", |c| shown(c.tolerance)),
    ("spec_sha256", |c| c.spec_sha256.clone()),
    ("data_sha256", |c| c.data_sha256.clone()),
    ("weights_sha256", |c| c.weights_sha256.clone()),
    ("git_commit", |c| c.git_commit.clone()),
    ("device", |c| c.device.clone()),
    ("seconds", |c| c.seconds.to_string()),
    ("note", |c| shown(c.measurement.note.as_ref())),
    ("doubts", |c| doubts(&c.measurement.doubts)),
];

/// A line of names, then a line a cell; numbers without a digit lost, nothing for what is absent.
pub(super) fn text<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let mut text = line(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    for cell in cells {
        text += &line(COLUMNS.iter().map(|(_, of)| of(cell)));
    }
    text
}

pub(super) fn line(fields: impl Iterator<Item = String>) -> String {
    fields.map(|field| quoted(&field)).collect::<Vec<_>>().join(",") + "\r\n"
}

/// In quotes where a reader would take a part of it for the end of the field.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

/// Why a value should not be relied on.
pub(super) fn doubts(doubts: &[Doubt]) -> String {
    doubts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The unit, that of a pure number as records have it.
pub(super) fn unit(protocol: &Protocol, unit: &str) -> String {
    shown_unit(protocol, unit).unwrap_or(unit).to_owned()
}

pub(super) fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Printed => "printed",
        Certainty::Recovered => "recovered",
    }
}
