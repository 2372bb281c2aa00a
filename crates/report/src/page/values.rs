//! Every value of every run.

use maud::{Markup, html};
use vimae_spec::{Cell, Doubt, Kind, Measurement, shown_unit};

use super::{
    below::marks,
    links::Links,
    notes::readable,
    words::{digest, doubt, mark, parted, short},
};
use crate::{
    compare::heading,
    method,
    number::{Column, NONE, count, plural, probability},
};

/// Rows at most: a page of more would open slowly, and `results.json` has them all.
const MOST_ROWS: usize = 20_000;

pub(super) fn section(cells: &[Cell], links: &Links<'_>) -> Markup {
    let shown = cells.iter().take(MOST_ROWS);
    let noted = shown.clone().any(|cell| cell.measurement.remarks().is_some());
    html! {
        section id="values" {
            h2 { "All values" }
            @if cells.is_empty() { p.missing { "There are no values." } } @else {
                p.quiet { "Unfold them here, or read " code { "results.json" } " beside this page." }
                @if cells.len() > MOST_ROWS { p.missing {
                    "The first " (count(MOST_ROWS as u64)) " of " (count(cells.len() as u64)) " values are here."
                } }
                details {
                    summary { (plural(cells.len().min(MOST_ROWS), "value")) ", seed by seed" }
                    div.scroll { table.sortable {
                        thead { tr {
                            th { "Target" } th { "Data" } th { "Network" } th { "Method" } th.number { "Seed" } th { "Metric" } th { "Protocol" } th.number { "Value" }
                            th { "Unit" } th.number { "n" } th.number { "Paper" } th.number { "Tolerance" } th { "Run" } @if noted { th { "Note" } }
                        } }
                        tbody { @for (index, cell) in shown.clone().enumerate() { (row(index, cell, links, noted)) } }
                    } }
                    (marks(&[], shown.clone().filter_map(|cell| cell.paper_certainty), shown.map(|cell| (cell.measurement.doubts.as_slice(), 1))))
                }
            }
        }
    }
}

/// One value as a column of its own would show it.
fn written(measurement: &Measurement) -> String {
    match measurement.value {
        Some(p) if measurement.kind == Kind::PValue => probability(p),
        value => Column::of(value).show(value),
    }
}

fn row(index: usize, cell: &Cell, links: &Links<'_>, noted: bool) -> Markup {
    let id = links.cell(index);
    let method = method::label(&cell.method);
    html! { tr id=[id] {
        td { (heading(&cell.target)) } td { (cell.dataset) } td { (cell.model) }
        th scope="row" { @match id { Some(id) => { a.self href={ "#" (id) } { (method) } } None => (method) } }
        td.number { (cell.seed) }
        td { (parted(&cell.measurement.metric)) } td.protocol { (parted(&cell.measurement.protocol.to_string())) }
        td.number data-value=[cell.measurement.value] { (written(&cell.measurement)) (doubt(Doubt::warning(&cell.measurement.doubts))) }
        td { (shown_unit(&cell.measurement.protocol, &cell.measurement.unit).unwrap_or("")) } td.number { (cell.measurement.n) }
        td.number data-value=[cell.paper] {
            (cell.paper.map_or_else(|| NONE.into(), |v| v.to_string())) @if let Some(certainty) = cell.paper_certainty { (mark(certainty)) }
        }
        td.number { (cell.tolerance.map_or_else(|| NONE.into(), |v| format!("± {v}"))) }
        td { @match links.spec(&cell.spec_sha256) { Some(run) => { a href={ "#" (run) } { (short(&cell.spec_sha256)) } } None => (digest(&cell.spec_sha256)) } }
        @if noted { td.note { (readable(&cell.measurement.entry, cell.measurement.remarks().unwrap_or_default())) } }
    } }
}
