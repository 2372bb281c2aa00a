//! What the paper's text claims of its numbers, and on how many seeds ours agree.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vimae_spec::{Paper, PaperClaim, SummaryRow};

use super::{links::Links, words::anchor};
use crate::{
    compare::{Share, heading, rank},
    method,
    number::plural,
};

/// A claim and what became of it on one data set.
pub(super) struct Decided<'a> {
    target: &'a str,
    claim: &'a PaperClaim,
    row: &'a SummaryRow,
}

/// The claims that our values decide, in the order of the paper's tables and figures.
pub(super) fn decided<'a>(paper: &'a Paper, summary: &'a [SummaryRow]) -> Vec<Decided<'a>> {
    let rows = summary.iter().filter_map(|row| {
        let (target, about) = paper.0.get_key_value(&row.target)?;
        let claim = about.claims.iter().find(|claim| row.entry == PaperClaim::ENTRY && row.metric == claim.metric())?;
        Some(Decided { target, claim, row })
    });
    let mut decided: Vec<Decided<'_>> = rows.collect();
    decided.sort_by_key(|d| rank(d.target));
    decided
}

/// Those that hold on every seed.
pub(super) fn holding(decided: &[Decided<'_>]) -> Share {
    Share { of: decided.len(), count: decided.iter().filter(|d| d.row.mean == Some(1.0)).count() }
}

pub(super) fn section(paper: &Paper, decided: &[Decided<'_>], links: &Links<'_>) -> Markup {
    let mut open: BTreeMap<(usize, u64, &str), usize> = BTreeMap::new();
    for (target, about) in &paper.0 {
        let decided = |claim: &PaperClaim| decided.iter().any(|d| d.target == target && d.claim.name == claim.name);
        let undecided = about.claims.iter().filter(|claim| !decided(claim)).count();
        if undecided > 0 {
            open.insert(rank(target), undecided);
        }
    }
    html! { @if !decided.is_empty() || !open.is_empty() {
        h3 { "What the paper claims" }
        @if !decided.is_empty() { div.scroll { table.sortable {
            thead { tr { th { "Claim" } th { "Here" } th.number { "Holds on" } th { "Seeds" } th { "Of" } th { "Ours on" } th { "By how much" } } }
            tbody { @for one in decided { (row(one, links)) } }
        } } }
        @if !open.is_empty() { p.quiet {
            "Not decided here, for want of values: "
            @for (at, ((_, _, target), claims)) in open.iter().enumerate() { @if at > 0 { ", " } (plural(*claims, "claim")) " of " (heading(target)) }
            "."
        } }
    } }
}

fn row(Decided { target, claim, row }: &Decided<'_>, links: &Links<'_>) -> Markup {
    let id = anchor(&["claim", target, &row.dataset, &claim.name]);
    let holds = row.mean.map(|share| (share * row.seeds as f64).round());
    let prefix = format!("{}: ", claim.text);
    let note = row.note.as_deref().unwrap_or_default();
    html! { tr id=(id) {
        th.claim scope="row" { a.self href={ "#" (id) } { (claim.text) } }
        td { (verdict(row.mean)) }
        td.number data-value=[row.mean] { @if let Some(holds) = holds { (holds) " of " (plural(row.seeds, "seed")) } @else { "–" } }
        td { (links.seeds(row)) }
        td.name { a href={ "#" (anchor(&[target])) } { (heading(target)) } }
        td { (row.dataset) }
        td.note { (method::labelled(note.strip_prefix(&prefix).unwrap_or(note))) }
    } }
}

fn verdict(share: Option<f64>) -> Markup {
    match share {
        Some(1.0) => html! { span.inside { "✓ holds" } },
        Some(0.0) => html! { span.outside { "✗ does not hold" } },
        Some(_) => html! { span.outside { "on some seeds" } },
        None => html! { "–" },
    }
}
