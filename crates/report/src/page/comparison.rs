//! A table or figure: ours beside the paper's.

use maud::{Markup, PreEscaped, html};
use vimae_spec::{Certainty, SummaryRow};

use super::{anchor, others, unit};
use crate::{
    Result,
    compare::{Comparison, Entry, Target, heading},
    method,
    number::{Column, NONE, as_printed},
    plot::{Dot, Dots},
};

/// Values without a number of the paper that are shown at once; more unfold.
const SHOWN: usize = 20;

pub(super) fn section(target: &Target<'_>) -> Result<Markup> {
    let recovered = target.comparisons.iter().any(|c| c.certainty == Certainty::Recovered);
    Ok(html! {
        article id=(anchor(&[target.name])) {
            h3 { (heading(target.name)) @if let Some(paper) = target.paper { span.title { (paper.title) } } }
            @if let Some(note) = target.paper.and_then(|paper| paper.note.as_ref()) { p.quiet { (note) } }
            @if recovered { p.quiet { "† read from a table that had to be put back in order; a digit of the paper's value may be wrong." } }
            @for comparison in &target.comparisons { (compared(target, comparison)?) }
            @if target.comparisons.is_empty() && target.others.is_empty() { (without_values(target)) }
            @if target.comparisons.is_empty() && target.others.len() <= SHOWN { (others::table(&target.others)) }
            @else if !target.others.is_empty() {
                details { summary { @if target.comparisons.is_empty() { "Values" } @else { "Other protocols and metrics" } " (" (target.others.len()) ")" } (others::table(&target.others)) }
            }
        }
    })
}

/// What stands under a figure of pictures alone, or under a target that nothing was measured for.
fn without_values(target: &Target<'_>) -> Markup {
    match target.paper.is_some_and(|paper| paper.rows.is_empty()) {
        true => html! { p.quiet { "The paper prints no number here; ours are among the " a href="#pictures" { "pictures" } "." } },
        false => html! { p.missing { "No value was measured." } },
    }
}

/// The protocols of the values shown, in order.
fn protocols(comparison: &Comparison<'_>) -> Markup {
    let mut names: Vec<&str> = comparison.entries.iter().filter_map(|entry| Some(entry.ours?.protocol.as_str())).collect();
    names.dedup();
    let none = || comparison.row.protocols.first().map(String::as_str).into_iter().collect();
    let names = if names.is_empty() { none() } else { names };
    html! { @for (i, name) in names.iter().enumerate() { @if i > 0 { " and " } code { (name) } } }
}

fn compared(target: &Target<'_>, comparison: &Comparison<'_>) -> Result<Markup> {
    let row = comparison.row;
    let ours = || comparison.entries.iter().filter_map(|entry| entry.ours);
    let unit = ours().find_map(|row| unit(&row.unit));
    let better = ours().find_map(|row| row.higher_is_better);
    Ok(html! {
        section.quantity {
            h4 { (row.label) @if let Some(unit) = unit { span.unit { (unit) } } }
            p.quiet {
                code { (row.metric) } " by " (protocols(comparison)) " on " (comparison.dataset)
                @if let Some(model) = ours().map(|row| row.model.as_str()).find(|model| !model.is_empty()) { " (" (model) ")" }
                @match better { Some(true) => "; higher is better", Some(false) => "; lower is better", None => "" }
            }
            div.beside {
                (table(target, comparison))
                div.plot { (plot(comparison, unit)?) }
            }
        }
    })
}

fn table(target: &Target<'_>, comparison: &Comparison<'_>) -> Markup {
    let entries = &comparison.entries;
    let ours = || entries.iter().filter_map(|entry| entry.ours);
    let column = Column::of(ours().flat_map(|row| row.mean.into_iter().chain(row.interval.into_iter().flatten())));
    let papers = as_printed(&entries.iter().map(|entry| entry.paper).collect::<Vec<_>>());
    html! {
        div.scroll { table.sortable {
            thead { tr {
                th { "Method" } th.number { "Ours" } th.number { "Paper" } th.number { "Difference" } th { "Verdict" }
                th.number { "95 % interval" } th.number { "Seeds" }
            } }
            tbody { @for (entry, paper) in entries.iter().zip(&papers) {
                @let mean = entry.ours.and_then(|row| row.mean);
                @let id = anchor(&[target.name, comparison.dataset, &comparison.row.label, entry.method]);
                tr id=(id) {
                    th scope="row" { a.self href={ "#" (id) } { (method::label(entry.method)) } (note(entry)) }
                    td.number data-value=[mean] { (column.show(mean)) }
                    td.number data-value=[entry.paper] { (paper) @if entry.paper.is_some() { (mark(comparison.certainty)) } }
                    td.number { (column.signed(difference(entry))) }
                    td { (verdict(entry.ours.and_then(|row| row.inside))) }
                    td.number { (interval(column, entry.ours)) }
                    td.number { (entry.ours.map_or(0, |row| row.seeds)) }
                }
            } }
        } }
    }
}

/// The summary's own difference; where it has none, the same from what the table shows.
fn difference(entry: &Entry<'_>) -> Option<f64> {
    let ours = entry.ours?;
    ours.difference.or_else(|| Some(ours.mean? - entry.paper?))
}

fn note(entry: &Entry<'_>) -> Markup {
    let note = match entry.ours {
        None => Some("not run"),
        Some(row) => row.note.as_deref().or((row.mean.is_none()).then_some("no value")),
    };
    html! { @if let Some(note) = note { small { (note) } } }
}

pub(super) fn interval(column: Column, row: Option<&SummaryRow>) -> String {
    match row.and_then(|row| row.interval) {
        Some([low, high]) => format!("{} … {}", column.show(Some(low)), column.show(Some(high))),
        None => NONE.into(),
    }
}

pub(super) fn mark(certainty: Certainty) -> Markup {
    match certainty {
        Certainty::Printed => html! { span.mark {} },
        Certainty::Recovered => html! { span.mark title="a digit may be wrong" { "†" } },
    }
}

pub(super) fn verdict(inside: Option<bool>) -> Markup {
    match inside {
        Some(true) => html! { span.inside { "✓ inside" } },
        Some(false) => html! { span.outside { "outside" } },
        None => html! { (NONE) },
    }
}

fn plot(comparison: &Comparison<'_>, unit: Option<&str>) -> Result<Markup> {
    let dot = |entry: &Entry<'_>| Dot {
        name: method::label(entry.method),
        value: entry.ours.and_then(|row| row.mean),
        interval: entry.ours.and_then(|row| row.interval),
        paper: entry.paper,
    };
    let rows: Vec<Dot> = comparison.entries.iter().map(dot).collect();
    if rows.iter().all(|row| row.value.or(row.paper).is_none()) {
        return Ok(html! {});
    }
    let name = &comparison.row.label;
    let x = unit.map_or_else(|| name.clone(), |unit| format!("{name} ({unit})"));
    let title = format!("{name} of each method, ours beside the paper's");
    match (Dots { title: &title, x: &x, rows: &rows }).svg() {
        Err(crate::Error::Empty { .. }) => Ok(html! {}),
        drawn => Ok(PreEscaped(drawn?)),
    }
}
