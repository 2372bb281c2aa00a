//! Methods against headline metrics, before everything else that an experiment of one's own has.

use maud::{Markup, html};
use vimae_spec::Doubt;

use super::{input::ExperimentView, words::doubt};
use crate::{
    headline_table::{HeadlineColumn, HeadlineRow, HeadlineTable, HeadlineValue, MeanInterval, WHY_APART},
    number::{Column, plural},
    observation::Observation,
};

/// Methods shown at once; more unfold.
const METHODS: usize = 25;

/// The table of an experiment's runs.
pub(super) fn of(experiment: &ExperimentView, interval: MeanInterval) -> HeadlineTable {
    HeadlineTable::of(experiment.runs.iter().flat_map(Observation::of_view), interval)
}

/// The table with what its values are below it.
pub(super) fn section(table: &HeadlineTable) -> Markup {
    if table.columns.is_empty() {
        return html! { @if !table.rows.is_empty() { p.missing { "No headline metric was measured." } } };
    }
    let (shown, more) = table.rows.split_at(table.rows.len().min(METHODS));
    html! {
        (rows(table, shown))
        @if !more.is_empty() { details { summary { (plural(more.len(), "more method")) } (rows(table, more)) } }
        p.quiet { (table.legend(true)) }
        @if table.keeps_apart() { p.quiet { (WHY_APART) } }
        details.notes { summary { "What was measured" } ul {
            @for column in &table.columns { (explained(column)) }
            @for (row, column, note) in notes(table) { li { (row.method) ", " (column.headline.title) ": " (note) } }
        } }
    }
}

fn rows(table: &HeadlineTable, rows: &[HeadlineRow]) -> Markup {
    let several = table.several_datasets();
    let forms = table.forms();
    html! { div.scroll { table.sortable.stack.headlines {
        thead { tr {
            th { "Method" } @if several { th { "Data" } }
            @for column in &table.columns { th.number title=(column.about) { (column.heading()) } }
        } }
        tbody { @for row in rows { tr {
            th scope="row" { (row.method) }
            @if several { td data-label="Data" { (row.dataset) } }
            @for ((column, value), form) in table.columns.iter().zip(&row.values).zip(&forms) { (cell(column, value, *form)) }
        } } }
    } } }
}

fn cell(column: &HeadlineColumn, value: &HeadlineValue, form: Column) -> Markup {
    let spread = html! { (form.show(value.mean)) @if let Some(deviation) = HeadlineTable::deviation(value) { span.half { " ± " (form.show(Some(deviation))) } } @if let Some(most) = HeadlineTable::of_most(value) { " " (most) } (doubt(value.warning())) @if let Some(of) = HeadlineTable::of_seeds(value) { small { (of) " seeds" } } };
    html! { td.number data-value=[value.mean] data-label=(column.heading()) title=[value.remarks()] {
        @if value.best { strong { (spread) } } @else { (spread) }
        @if let Some([low, high]) = value.interval { small { "[" (form.show(Some(low))) ", " (form.show(Some(high))) "]" } }
    } }
}

fn explained(column: &HeadlineColumn) -> Markup {
    html! { li {
        (column.headline.title) @if let Some(kind) = &column.kind { ", " (kind) } ": " (column.about) " ("
        @for (place, protocol) in column.protocols.iter().enumerate() { @if place > 0 { " or " } code { (protocol) } }
        ")."
    } }
}

/// Why a value is missing, or should not be relied on.
fn notes(table: &HeadlineTable) -> impl Iterator<Item = (&HeadlineRow, &HeadlineColumn, String)> {
    let of_row = |row| {
        let row: &HeadlineRow = row;
        table.columns.iter().zip(&row.values).map(move |(column, value)| (row, column, value))
    };
    table.rows.iter().flat_map(of_row).filter_map(|(row, column, value)| {
        let note = value.note().filter(|_| value.mean.is_none());
        Some((row, column, Doubt::remarks_of_mean(&value.doubts, value.seeds, note)?))
    })
}
