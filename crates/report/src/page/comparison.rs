//! A table or figure: ours beside the paper's.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};
use vimae_spec::{SummaryRow, behind_number, shown_unit, unit_of_difference};

use super::{
    below::below,
    input::NotCovered,
    links::Links,
    matrix,
    notes::{folded, merged},
    others,
    words::{anchor, distinct, doubt, mark, spread, verdict},
};
use crate::{
    Result,
    collapsed::Collapsed,
    compare::{Comparison, Entry, Target, heading},
    method,
    number::{Column, NONE, as_printed, plural},
    plot::{Dot, Dots},
    spread::column_of,
};

/// Methods of a table and its plot at once; more unfold.
const METHODS: usize = 40;

pub(super) fn section(target: &Target<'_>, not_covered: &[NotCovered], links: &Links<'_>, collapsed: &Collapsed<'_>) -> Result<Markup> {
    let (measured, missing): (Vec<_>, Vec<_>) = target.comparisons.iter().partition(|c| c.entries.iter().any(|entry| entry.ours.is_some()));
    Ok(html! {
        article id=(anchor(&[target.name])) {
            h3 { (heading(target.name)) @if let Some(paper) = target.paper { span.title { (paper.title) } } @if let Some(id) = links.images(target.name) { a.title href={ "#" (id) } { "images" } } }
            @if let Some(note) = target.paper.and_then(|paper| paper.note.as_ref()) { p.quiet { (method::labelled(note)) } }
            (not_measured(target.name, not_covered))
            @if !measured.is_empty() { (matrix::table(&measured, collapsed)) details {
                summary { "Plots, differences and seeds" }
                @for comparison in &measured { (compared(target, comparison, links, collapsed)?) }
            } }
            (unmeasured(target, &missing, links, collapsed)?)
            @if target.comparisons.is_empty() && target.others.is_empty() { (without_values(target, not_covered)) }
            (rest(target, if target.comparisons.is_empty() { "Values" } else { "Other protocols and metrics" }, links, collapsed))
        }
    })
}

/// The paper's quantities without a value of ours; those that it prints no number of either have nothing to unfold.
fn unmeasured(target: &Target<'_>, missing: &[&Comparison<'_>], links: &Links<'_>, collapsed: &Collapsed<'_>) -> Result<Markup> {
    let labels = html! { "Not measured here: " (distinct(missing.iter().map(|comparison| comparison.row.label.as_str())).join("; ")) };
    let printed: Vec<_> = missing.iter().filter(|comparison| !comparison.entries.is_empty()).collect();
    Ok(html! {
        @if !printed.is_empty() { details {
            summary { (labels) }
            @for comparison in printed { (compared(target, comparison, links, collapsed)?) }
        } } @else if !missing.is_empty() { p.quiet { (labels) } }
    })
}

/// What of the target was not measured for want of its data, and the command that brings it.
fn not_measured(target: &str, not_covered: &[NotCovered]) -> Markup {
    let missing = not_covered.iter().filter(|missing| missing.target == target);
    let missing: BTreeSet<(&str, &str)> =
        missing.filter_map(|missing| Some((missing.reason.as_str(), missing.command.as_deref()?))).collect();
    html! { @for (reason, command) in missing {
        p.missing { "Not measured: " (reason) ". " code { (command) } " brings it; then repeat the reproduction." }
    } }
}

/// Values of an experiment that stands for no table or figure; `titled`: below its title, where there are several.
pub(super) fn without_paper(target: &Target<'_>, titled: bool, links: &Links<'_>, collapsed: &Collapsed<'_>) -> Markup {
    html! {
        article id=(anchor(&[target.name])) {
            @if titled { h3 { (links.title(target.name).unwrap_or(target.name)) span.title { code { (target.name) } } } }
            @if target.others.is_empty() { p.missing { "No value was measured." } }
            @else { details { summary { "Method by method" } (others::table(&target.others, links, collapsed)) } }
        }
    }
}

/// The values that no number of the paper stands beside.
fn rest(target: &Target<'_>, title: &str, links: &Links<'_>, collapsed: &Collapsed<'_>) -> Markup {
    html! {
        @if !target.others.is_empty() {
            details { summary { (title) " (" (others::count(&target.others)) ")" } (others::table(&target.others, links, collapsed)) }
        }
    }
}

/// What stands under a figure of images alone, or under a target that nothing was measured for.
fn without_values(target: &Target<'_>, not_covered: &[NotCovered]) -> Markup {
    let said = not_covered.iter().any(|missing| missing.target == target.name && missing.command.is_some());
    match target.paper.is_some_and(|paper| paper.rows.is_empty()) {
        true => html! { p.quiet { "The paper prints no number here; ours are among the " a href="#images" { "images" } "." } },
        false => html! { @if !said { p.missing { "No value was measured." } } },
    }
}

/// The protocols of the values shown, in order.
fn protocols(comparison: &Comparison<'_>) -> Markup {
    let mut names: Vec<String> = comparison.entries.iter().filter_map(|entry| Some(entry.ours?.protocol.to_string())).collect();
    names.dedup();
    let none = || comparison.row.protocols.first().cloned().into_iter().collect();
    let names = if names.is_empty() { none() } else { names };
    html! { @for (i, name) in names.iter().enumerate() { @if i > 0 { " and " } code { (name) } } }
}

fn compared(target: &Target<'_>, comparison: &Comparison<'_>, links: &Links<'_>, collapsed: &Collapsed<'_>) -> Result<Markup> {
    let row = comparison.row;
    let (first, more) = comparison.entries.split_at(comparison.entries.len().min(METHODS));
    let ours = || comparison.entries.iter().filter_map(|entry| entry.ours);
    let unit = ours().find_map(|row| shown_unit(&row.protocol, &row.unit));
    let unit_off = ours().find_map(|row| unit_of_difference(&row.protocol, &row.unit));
    let better = ours().find_map(|row| row.direction.higher_is_better());
    let tolerance = format!("± {}{}", row.tolerance, behind_number(unit_off));
    Ok(html! {
        section.quantity {
            h4 {
                (row.label) @if comparison.mixed().is_some() { " ‡" } @if let Some(unit) = unit { span.unit { (unit) } }
                @if let Some(higher) = better { span.unit { (if higher { "higher is better" } else { "lower is better" }) } }
            }
            p.quiet {
                code { (row.metric) } " by " (protocols(comparison)) " on " (comparison.dataset)
                @if let Some(model) = ours().map(|row| row.model.as_str()).find(|model| !model.is_empty()) { " (" (model) ")" }
                "; tolerance " (tolerance)
            }
            div.beside {
                (table(target, comparison, first, links))
                div.plot { (plot(comparison, first, unit)?) }
            }
            @if !more.is_empty() { details {
                summary { (plural(more.len(), "more method")) }
                (table(target, comparison, more, links))
            } }
            (below(&[comparison], false, collapsed))
        }
    })
}

fn table(target: &Target<'_>, comparison: &Comparison<'_>, entries: &[Entry<'_>], links: &Links<'_>) -> Markup {
    let ours = || comparison.entries.iter().filter_map(|entry| entry.ours);
    let column = column_of(ours());
    let papers = as_printed(&entries.iter().map(|entry| entry.paper).collect::<Vec<_>>());
    html! {
        div {
            div.scroll { table.sortable {
                thead { tr {
                    th { "Method" } th.number { "Ours" } th.number { "Paper" } th.number { "Difference" } th { "Verdict" } th { "Seeds" }
                } }
                tbody { @for (entry, paper) in entries.iter().zip(&papers) {
                    @let mean = entry.ours.and_then(|row| row.mean);
                    @let id = anchor(&[target.name, comparison.dataset, &comparison.row.label, entry.method]);
                    tr id=(id) {
                        th scope="row" { a.self href={ "#" (id) } { (method::label(entry.method)) } (without_value(entry)) }
                        td.number data-value=[mean] title=[interval(column, entry.ours)] {
                            (column.show(mean)) @if let Some(row) = entry.ours { (spread(column, row)) (doubt(row.warning())) }
                        }
                        td.number data-value=[entry.paper] { (paper) @if entry.paper.is_some() { (mark(comparison.certainty)) } }
                        td.number { (column.signed(difference(entry))) }
                        td { (verdict(entry.ours.and_then(|row| row.verdict))) }
                        td { @match entry.ours { Some(row) => (links.seeds(row)), None => (NONE) } }
                    }
                } }
            } }
            (notes(entries, links))
        }
    }
}

/// The summary's own difference; where it has none, the same from what the table shows.
fn difference(entry: &Entry<'_>) -> Option<f64> {
    let ours = entry.ours?;
    ours.difference.or_else(|| Some(ours.mean? - entry.paper?))
}

/// Why there is no value.
fn without_value(entry: &Entry<'_>) -> Markup {
    let note = match entry.ours {
        None => Some("no value by this protocol"),
        Some(row) if row.mean.is_some_and(f64::is_finite) => None,
        Some(row) => row.note.as_deref().or(Some("no value")),
    };
    html! { @if let Some(note) = note { small { (note) } } }
}

/// What is said beside values; folded, since it would move the rows apart.
fn notes(entries: &[Entry<'_>], links: &Links<'_>) -> Markup {
    let with_value = entries.iter().filter_map(|entry| entry.ours).filter(|row| row.mean.is_some_and(f64::is_finite));
    folded(&merged(&with_value.collect::<Vec<_>>(), links))
}

/// Both ends of an interval, for whom its half is not enough.
fn interval(column: Column, row: Option<&SummaryRow>) -> Option<String> {
    let [low, high] = row?.interval?;
    Some(format!("95 % interval {} … {}", column.show(Some(low)), column.show(Some(high))))
}

fn plot(comparison: &Comparison<'_>, entries: &[Entry<'_>], unit: Option<&str>) -> Result<Markup> {
    let dot = |entry: &Entry<'_>| Dot {
        name: method::label(entry.method),
        value: entry.ours.and_then(|row| row.mean),
        interval: entry.ours.and_then(|row| row.interval),
        paper: entry.paper,
    };
    let rows: Vec<Dot> = entries.iter().map(dot).collect();
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
