//! Values by other protocols, and of experiments that the paper has not.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vimae_spec::{Protocol, SummaryRow, shown_unit};

use super::{
    below::below_rows,
    links::{Links, of_mean},
    notes::Notes,
    words::{doubt, mark, parted, spread},
};
use crate::{collapsed::Collapsed, method, number::NONE, spread::column_of};

/// Methods that stand side by side at most; more go below one another.
const MOST_COLUMNS: usize = 10;

/// All rows; one column a method where there are not too many.
pub(super) fn table(rows: &[&SummaryRow], links: &Links<'_>, collapsed: &Collapsed<'_>) -> Markup {
    let methods = method::distinct(rows.iter().map(|row| row.method.as_str()));
    html! { @if !rows.is_empty() {
        div.scroll { @if methods.len() <= MOST_COLUMNS { (side_by_side(rows, &methods, links)) } @else { (one_below_another(rows, links)) } }
        (below_rows(rows, collapsed))
    } }
}

/// How many rows [`table`] has of these.
pub(super) fn count(rows: &[&SummaryRow]) -> usize {
    let methods = method::distinct(rows.iter().map(|row| row.method.as_str()));
    if methods.len() <= MOST_COLUMNS { quantities(rows).len() } else { rows.len() }
}

/// Metric, protocol, data set, unit, and the data set of the paper that it stands for.
type Quantity<'a> = (&'a str, &'a Protocol, &'a str, &'a str, Option<&'a str>);

fn quantities<'a>(rows: &[&'a SummaryRow]) -> BTreeMap<Quantity<'a>, Vec<&'a SummaryRow>> {
    let mut quantities: BTreeMap<Quantity<'a>, Vec<&SummaryRow>> = BTreeMap::new();
    for row in rows {
        quantities.entry((&row.metric, &row.protocol, &row.dataset, &row.unit, stands_for(row))).or_default().push(row);
    }
    quantities
}

fn side_by_side(rows: &[&SummaryRow], methods: &[&str], links: &Links<'_>) -> Markup {
    html! { table.sortable.quantities {
        thead { tr {
            th { "Metric" } th { "Protocol" } th { "Data" } th { "Unit" }
            @for method in methods { th.number { (method::label(method)) } }
        } }
        tbody { @for ((metric, protocol, dataset, unit, instead), rows) in quantities(rows) {
            @let column = column_of(rows.iter().copied());
            @let notes = Notes::of(&rows, links);
            tr {
                th scope="row" { (parted(metric)) } td.protocol { (parted(&protocol.to_string())) (notes.beside()) }
                td { (dataset) @if let Some(instead) = instead { " for " (instead) } } td { (shown_unit(protocol, unit).unwrap_or("")) }
                @for method in methods {
                    @match rows.iter().find(|row| row.method == *method) {
                        Some(row) => {
                            @let id = of_mean(row);
                            td.number id=(id) data-value=[row.mean] { a.self href={ "#" (id) } { (column.show(row.mean)) } (spread(column, row)) (doubt(row.warning())) (paper(row)) }
                        }
                        None => { td.number { (NONE) } }
                    }
                }
            }
            (notes.below(4 + methods.len()))
        } }
    } }
}

/// The data set of the paper that a smaller one stands for.
fn stands_for(row: &SummaryRow) -> Option<&str> {
    row.paper_dataset.as_deref().filter(|paper| *paper != row.dataset)
}

fn one_below_another(rows: &[&SummaryRow], links: &Links<'_>) -> Markup {
    html! { table.sortable.quantities {
        thead { tr {
            th { "Metric" } th { "Protocol" } th { "Data" } th { "Method" } th.number { "Ours" } th { "Unit" } th { "Seeds" }
        } }
        tbody { @for row in rows {
            @let column = column_of([*row]);
            @let id = of_mean(row);
            @let notes = Notes::of(&[*row], links);
            tr id=(id) {
                td { (parted(&row.metric)) } td.protocol { (parted(&row.protocol.to_string())) (notes.beside()) }
                td { (row.dataset) @if let Some(instead) = stands_for(row) { " for " (instead) } }
                th scope="row" { a.self href={ "#" (id) } { (method::label(&row.method)) } }
                td.number data-value=[row.mean] { (column.show(row.mean)) (spread(column, row)) (doubt(row.warning())) (paper(row)) }
                td { (shown_unit(&row.protocol, &row.unit).unwrap_or("")) } td { (links.seeds(row)) }
            }
            (notes.below(7))
        } }
    } }
}

fn paper(row: &SummaryRow) -> Markup {
    html! { @if let Some(value) = row.paper { small { "paper " (value) @if let Some(certainty) = row.paper_certainty { (mark(certainty)) } } } }
}
