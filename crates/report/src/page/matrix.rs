//! A table or figure at a glance: quantities against methods, ours above the paper's.

use maud::{Markup, html};
use vimae_spec::{Certainty, shown_unit};

use super::{
    below::below,
    words::{doubt, mark, sign, spread},
};
use crate::{
    collapsed::Collapsed,
    compare::{Comparison, Entry},
    method,
    number::{Column, NONE, plural},
    spread::column_of,
};

/// Methods side by side at most; more are below the table.
const METHODS: usize = 10;

/// The comparisons with a value of ours; methods stand in the paper's order.
pub(super) fn table(comparisons: &[&Comparison<'_>], collapsed: &Collapsed<'_>) -> Markup {
    let mut methods = method::sorted(comparisons.iter().flat_map(|c| &c.entries).map(|entry| entry.method));
    let more = methods.len().saturating_sub(METHODS);
    methods.truncate(METHODS);
    html! {
      div.scroll { table.stack.matrix {
        thead { tr { th { "Quantity" } @for method in &methods { th.number { (method::label(method)) } } } }
        tbody { @for comparison in comparisons { (row(comparison, &methods)) } }
      } }
      @if more > 0 { p.quiet { (plural(more, "more method")) " below." } }
      (below(comparisons, true, collapsed))
    }
}

fn row(comparison: &Comparison<'_>, methods: &[&str]) -> Markup {
    let ours = || comparison.entries.iter().filter_map(|entry| entry.ours);
    let column = column_of(ours());
    let unit = ours().find_map(|row| shown_unit(&row.protocol, &row.unit));
    html! { tr {
        th scope="row" { (comparison.row.label) @if comparison.mixed().is_some() { " ‡" } small { (comparison.dataset) @if let Some(unit) = unit { ", " (unit) } } }
        @for method in methods {
            @let entry = comparison.entries.iter().find(|entry| entry.method == *method);
            td.number data-label=(method::label(method)) {
                @match entry { Some(entry) => (value(entry, column, comparison.certainty)), None => (NONE) }
            }
        }
    } }
}

fn value(entry: &Entry<'_>, column: Column, certainty: Certainty) -> Markup {
    let verdict = entry.ours.and_then(|row| row.verdict);
    html! {
        (column.show(entry.ours.and_then(|row| row.mean))) @if let Some(row) = entry.ours { (spread(column, row)) (doubt(row.warning())) }
        @if let Some(paper) = entry.paper {
            small { "paper " (paper) (mark(certainty)) @if let Some(verdict) = verdict { (sign(verdict)) } }
        }
    }
}
