//! What the paper's text claims of its numbers, and what ours decide of it.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vimae_spec::{ClaimVerdict, Comparisons, Decision, PaperClaim, SummaryRow};

use super::{
    input::PageInput,
    links::Links,
    words::{UNDECIDED, anchor},
};
use crate::{
    compare::{heading, rank},
    method,
    number::{NONE, plural, probability},
};

/// The claims that our values bear on, in the order of the paper's tables and figures.
pub(super) fn decided(comparisons: Option<&Comparisons>) -> Vec<&ClaimVerdict> {
    let mut decided: Vec<_> = comparisons.iter().flat_map(|c| &c.claims).collect();
    decided.sort_by_key(|verdict| rank(&verdict.target));
    decided
}

pub(super) fn section(input: &PageInput<'_>, decided: &[&ClaimVerdict], links: &Links<'_>) -> Markup {
    let mut open: BTreeMap<(usize, u64, &str), usize> = BTreeMap::new();
    for (target, about) in &input.paper.0 {
        let met = |claim: &PaperClaim| decided.iter().any(|verdict| verdict.target == *target && verdict.claim == claim.name);
        let unmet = about.claims.iter().filter(|claim| !met(claim)).count();
        if unmet > 0 {
            open.insert(rank(target), unmet);
        }
    }
    html! { @if !decided.is_empty() || !open.is_empty() {
        h3 { "What the paper claims" }
        @if !decided.is_empty() {
            p.quiet {
                "A claim holds where paired t tests over five seeds or more tell its method from every rival: the largest p counts, corrected by Holm over \
                 the claims of a table, at 2.5 %. It does not hold where a rival is better by the same standard, and is undecided otherwise: \
                 also where the images are not the paper's, or a part of them. Each p is of the test that decides: for the claim, or for a rival \
                 where it does not hold."
            }
            div.scroll { table.sortable.stack.claims {
                thead { tr { th { "Claim" } th { "Here" } th.number { "True on" } th { "Seeds" } th { "Of" } th { "Ours on" } th.number { "p" } } }
                tbody { @for verdict in decided { (row(verdict, input.summary, links)) } }
            } }
        }
        @if !open.is_empty() { p.quiet {
            "Not decided here, for want of values: "
            @for (at, ((_, _, target), claims)) in open.iter().enumerate() { @if at > 0 { ", " } (plural(*claims, "claim")) " of " (heading(target)) }
            "."
        } }
    } }
}

fn row(verdict: &ClaimVerdict, summary: &[SummaryRow], links: &Links<'_>) -> Markup {
    let stands_for = verdict.paper_dataset.as_deref().unwrap_or(&verdict.dataset);
    let id = anchor(&["claim", &verdict.target, &verdict.dataset, stands_for, &verdict.claim]);
    let metric = PaperClaim::metric_of(&verdict.claim);
    let same = |row: &&SummaryRow| {
        row.target == verdict.target && row.metric == metric && row.dataset == verdict.dataset && row.paper_dataset == verdict.paper_dataset
    };
    let against = verdict.decision == Decision::Fails;
    let p = if against { verdict.p_against_holm } else { verdict.p_holm };
    let share = verdict.held as f64 / verdict.seeds.max(1) as f64;
    html! { tr id=(id) {
        th.claim scope="row" {
            a.self href={ "#" (id) } { (verdict.text) }
            @if !verdict.reasons().is_empty() { small { (method::labelled(verdict.reasons())) } }
        }
        td data-label="Here" { (shown(verdict.decision)) }
        td.number data-label="True on" data-value=(share) {
            (verdict.held) " of " (plural(verdict.seeds, "seed")) @if let Some(interval) = verdict.share_in_words() { small { (interval) } }
        }
        td data-label="Seeds" { span { @if let Some(row) = summary.iter().find(same) { (links.seeds(row)) } @else { (NONE) } } }
        td.name data-label="Of" { a href={ "#" (anchor(&[&verdict.target])) } { (heading(&verdict.target)) } }
        td data-label="Ours on" { (verdict.dataset) @if stands_for != verdict.dataset { " for " (stands_for) } }
        td.number data-label="p" data-value=[p] { (p.map_or_else(|| NONE.into(), probability)) @if against { small { "for a rival" } } }
    } }
}

fn shown(decision: Decision) -> Markup {
    match decision {
        Decision::Holds => html! { span.inside { "✓ holds" } },
        Decision::Fails => html! { span.outside { "✗ does not hold" } },
        Decision::Undecided => html! { span.outside { (UNDECIDED) " undecided" } },
    }
}
