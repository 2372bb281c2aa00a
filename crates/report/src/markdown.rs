//! Blocks for READMEs.

use vimae_spec::{Certainty, Paper, SummaryRow};

use crate::{
    compare::{self, Entry},
    method,
    number::{Column, NONE},
    spread::{Spread, column_of},
};

/// A Markdown table of one target: a row a method, a column a quantity, each with ours and the paper's in brackets. `?` behind
/// ours: do not rely on it; `†` behind the paper's: a digit may be wrong.
///
/// Empty where the paper has no numbers for the target.
pub fn markdown_table(target: &str, paper: &Paper, summary: &[SummaryRow]) -> String {
    let targets = compare::targets(paper, summary, [target]);
    let Some(target) = targets.iter().find(|t| t.name == target).filter(|t| !t.comparisons.is_empty()) else { return String::new() };
    let methods = method::sorted(target.comparisons.iter().flat_map(|c| &c.entries).map(|entry| entry.method));
    let heads = target.comparisons.iter().map(|c| format!("{}, {}", c.row.label, c.dataset));
    let mut lines = vec![line(["method".to_owned()].into_iter().chain(heads)), line((0..=target.comparisons.len()).map(|_| "---".into()))];
    for method in methods {
        let values = target.comparisons.iter().map(|comparison| {
            let column = column_of(comparison.entries.iter().filter_map(|entry| entry.ours));
            let entry = comparison.entries.iter().find(|entry| entry.method == method);
            entry.map_or_else(|| NONE.into(), |entry| cell(entry, column, comparison.certainty))
        });
        lines.push(line([method::label(method)].into_iter().chain(values)));
    }
    lines.concat()
}

fn cell(entry: &Entry<'_>, column: Column, certainty: Certainty) -> String {
    let mark = if certainty == Certainty::Recovered { "†" } else { "" };
    let number = |value: f64| column.show(Some(value));
    let mean = entry.ours.and_then(|row| row.mean);
    let spread = entry.ours.and_then(Spread::of_row).map_or_else(String::new, |spread| spread.text(Spread::PLAIN, number));
    let doubt = if entry.ours.is_some_and(|row| !row.doubts.is_empty()) { " ?" } else { "" };
    let paper = entry.paper.map_or_else(String::new, |paper| format!(" ({paper}{mark})"));
    format!("{}{spread}{doubt}{paper}", column.show(mean))
}

/// A row; what would end a cell or begin an element is escaped.
pub(crate) fn line(cells: impl Iterator<Item = String>) -> String {
    let escaped = cells.map(|cell| cell.replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " "));
    format!("| {} |\n", escaped.collect::<Vec<_>>().join(" | "))
}
