//! What ran and how it stands beside the paper, before everything else.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{
    claims,
    input::{ExperimentView, PageInput},
    links::Links,
    words::anchor,
};
use crate::{
    compare::{Share, Target, heading},
    method,
    number::{count, duration, plural, together},
};

pub(super) fn section(input: &PageInput<'_>, targets: &[Target<'_>], links: &Links<'_>) -> Markup {
    let claims = claims::decided(input.paper, input.summary);
    let runs: usize = input.experiments.iter().map(|e| e.runs.len()).sum();
    let failed: usize = input.experiments.iter().map(|e| e.failed.len()).sum();
    let comparisons = || targets.iter().flat_map(|target| &target.comparisons);
    let inside: Share = comparisons().map(|c| c.inside()).sum();
    let order: Share = comparisons().map(|c| c.order()).sum();
    html! {
        section id="summary" {
            h2.unseen { "Summary" }
            @if !input.about.is_empty() { p.lead { (together(input.about)) } }
            dl.facts {
                @if !claims.is_empty() { (fact("Claims that hold", &claims::holding(&claims).to_string(), "of the paper's, on every seed")) }
                (fact("Inside tolerance", &inside.to_string(), "values of ours with the paper's in their tolerance or interval"))
                (fact("Same order", &order.to_string(), "pairs of methods in the paper's order, by our means alone"))
                (fact("Runs", &count(runs as u64), &if failed == 0 { "all finished".into() } else { format!("finished; {failed} failed") }))
                (fact("Time", &duration(input.seconds), &format!("profile {}", input.profile)))
            }
            (claims::section(input.paper, &claims, links))
            @if !targets.is_empty() { h3 { "Tables and figures" } (overview(targets)) }
            h3 { "What was done" }
            @for experiment in input.experiments { (done(experiment)) }
            h3 { "To repeat it" }
            pre { code { (input.command) } }
            p.quiet { "At commit " code { (input.git_commit) } ". The values of this page are also in " code { "results.json" } " and " code { "summary.json" } " beside it." }
        }
    }
}

fn fact(name: &str, value: &str, meaning: &str) -> Markup {
    html! { div { dt { (name) } dd { strong { (value) } span { (meaning) } } } }
}

fn overview(targets: &[Target<'_>]) -> Markup {
    html! {
        div.scroll { table.sortable {
            thead { tr {
                th { "Target" } th { "Ours on" } th.number { "Inside" } th.number { "Same order" }
            } }
            tbody { @for target in targets { tr {
                th.claim scope="row" { a href={ "#" (anchor(&[target.name])) } { (heading(target.name)) } " " (target.paper.map_or("", |paper| &paper.title)) }
                td { (datasets(target)) }
                (share(target.comparisons.iter().map(|c| c.inside()).sum()))
                (share(target.comparisons.iter().map(|c| c.order()).sum()))
            } } }
        } }
    }
}

fn share(share: Share) -> Markup {
    html! { td.number data-value=[(share.of > 0).then(|| share.count as f64 / share.of as f64)] { (share) } }
}

fn datasets(target: &Target<'_>) -> String {
    let compared = target.comparisons.iter().flat_map(|c| &c.entries).filter_map(|entry| entry.ours);
    one_of(compared.chain(target.others.iter().copied()).map(|row| row.dataset.clone()))
}

/// What an experiment's records say that was done, in a sentence or two.
fn done(experiment: &ExperimentView) -> Markup {
    let records = || experiment.runs.iter().map(|run| &run.record);
    let specs = || records().map(|record| &record.spec);
    let methods = method::sorted(specs().map(|spec| spec.method.as_str()));
    let seeds: BTreeSet<u64> = specs().map(|spec| spec.seed).collect();
    let seconds: f64 = records().map(|r| r.training_seconds + r.evaluation_seconds).sum();
    let setting = |(key, value): (&String, &serde_json::Value)| match value.as_str() {
        Some(text) => format!("{key} {text}"),
        None => format!("{key} {value}"),
    };
    let networks = specs().map(|spec| {
        let settings = spec.model.settings.iter().map(setting);
        format!(
            "{} ({})",
            spec.model.name,
            [format!("code {}", spec.model.code)].into_iter().chain(settings).collect::<Vec<_>>().join(", ")
        )
    });
    html! {
        p {
            strong { (experiment.title) } ". "
            @if experiment.runs.is_empty() { "No run finished." } @else {
                (methods.iter().map(|m| method::label(m)).collect::<Vec<_>>().join(", "))
                " on " (one_of(specs().map(|s| s.dataset.name.clone())))
                ", " (plural(seeds.len(), "seed")) " each. Network " (one_of(networks))
                " of " (one_of(records().map(|r| count(r.parameters as u64)))) " parameters, "
                (one_of(specs().map(|s| count(s.training.epochs)))) " epochs in batches of "
                (one_of(specs().map(|s| s.training.batch.to_string()))) " on " (one_of(records().map(|r| r.device.clone())))
                "; " (duration(seconds)) " of training and evaluation in all."
            }
            @if !experiment.failed.is_empty() { " " span.missing { (plural(experiment.failed.len(), "run")) " failed." } }
            @if !experiment.about.is_empty() { " " (together(&experiment.about)) }
        }
    }
}

/// The different values, the first few by name.
fn one_of(values: impl Iterator<Item = String>) -> String {
    const NAMED: usize = 4;
    let values: BTreeSet<String> = values.collect();
    let more = values.len().saturating_sub(NAMED);
    let named: Vec<String> = values.into_iter().take(NAMED).collect();
    let text = named.join(" or ");
    if more > 0 { format!("{text} or {more} others") } else { text }
}
