//! Every value of every run.

use maud::{Markup, html};
use vimae_spec::Cell;

use super::{
    anchor,
    comparison::{mark, verdict},
    digest, unit,
};
use crate::{
    compare::heading,
    method,
    number::{Column, NONE, plural},
};

pub(super) fn section(cells: &[Cell]) -> Markup {
    html! {
        section id="values" {
            h2 { "All values" }
            @if cells.is_empty() { p.missing { "There are no values." } } @else {
                details {
                    summary { (plural(cells.len(), "value")) ", seed by seed" }
                    div.scroll { table.sortable {
                        thead { tr {
                            th { "Target" } th { "Data" } th { "Network" } th { "Method" } th.number { "Seed" } th { "Metric" } th { "Protocol" } th.number { "Value" }
                            th { "Unit" } th.number { "n" } th.number { "Paper" } th { "Verdict" } th { "Specification" } th { "Note" }
                        } }
                        tbody { @for cell in cells { (row(cell)) } }
                    } }
                }
            }
        }
    }
}

fn row(cell: &Cell) -> Markup {
    let seed = cell.seed.to_string();
    let id = anchor(&["value", &cell.target, &cell.dataset, &cell.method, &seed, &cell.metric, &cell.protocol]);
    html! { tr id=(id) {
        td { (heading(&cell.target)) } td { (cell.dataset) } td { (cell.model) } th scope="row" { a.self href={ "#" (id) } { (method::label(&cell.method)) } } td.number { (seed) }
        td { code { (cell.metric) } } td.protocol { code { (cell.protocol) } }
        td.number data-value=[cell.value] { (Column::of(cell.value).show(cell.value)) }
        td { (unit(&cell.unit).unwrap_or("")) } td.number { (cell.n) }
        td.number data-value=[cell.paper] {
            (cell.paper.map_or_else(|| NONE.into(), |v| v.to_string())) @if let Some(certainty) = cell.paper_certainty { (mark(certainty)) }
        }
        td { (verdict(cell.inside_tolerance)) }
        td { (digest(&cell.spec_sha256)) }
        td.note { (cell.note.as_deref().unwrap_or("")) }
    } }
}
