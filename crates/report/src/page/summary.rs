//! What ran and how it stands beside the paper, before everything else.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use vimae_spec::{ClaimTally, ValueTally, Verdict};

use super::{
    claims,
    input::{ExperimentView, NotCovered, PageInput},
    links::Links,
    words::{anchor, commit},
};
use crate::{
    compare::{Share, Target, heading},
    method,
    number::{count, duration, plural, together},
};

pub(super) fn section(input: &PageInput<'_>, targets: &[Target<'_>], links: &Links<'_>) -> Markup {
    let claims = claims::decided(input.comparisons);
    // A run that belongs to several experiments is one run.
    let runs: BTreeSet<&str> = input.experiments.iter().flat_map(|e| &e.runs).map(|run| run.record.spec_sha256.as_str()).collect();
    let without = |waits: bool| {
        let runs = input.experiments.iter().flat_map(|e| &e.failed).filter(|run| run.waits == waits);
        runs.map(|run| run.spec_sha256.as_str()).collect::<BTreeSet<_>>().len()
    };
    let finished = match [(without(false), "failed"), (without(true), "to come by the same command")]
        .map(|(n, word)| (n > 0).then(|| format!("{n} {word}")))
    {
        [None, None] => "all finished".to_owned(),
        missing => format!("finished; {}", missing.into_iter().flatten().collect::<Vec<_>>().join(", ")),
    };
    let comparisons = || targets.iter().flat_map(|target| &target.comparisons);
    let values = ValueTally::of(comparisons().flat_map(|c| &c.entries).filter_map(|entry| entry.ours));
    let order: Share = comparisons().map(|c| c.order()).sum();
    html! {
        section id="summary" {
            h2.unseen { "Summary" }
            @if !input.about.is_empty() { p.lead { (together(input.about)) } }
            dl.facts {
                @if !claims.is_empty() { (of_claims(ClaimTally::of(claims.iter().copied()))) }
                (of_values(values))
                (fact("Same order", &order.to_string(), "pairs of methods in the paper's order, by our means of one protocol"))
                (fact("Runs", &count(runs.len() as u64), &finished))
                (fact("Time of all runs", &duration(input.seconds()), &format!("training and evaluation, profile {}", input.profile)))
            }
            (claims::section(input, &claims, links))
            @if !targets.is_empty() { h3 { "Tables and figures" } (overview(targets, input.not_covered)) }
            details {
                summary { "What was done" }
                @for experiment in input.experiments { h3 { (experiment.title) } p { (together(&experiment.about)) } (done(input, experiment)) }
            }
            (commands(input))
            p.quiet { "At " (commit(input.git_commit)) ". The values of this page are also in " code { "results.json" } " and " code { "summary.json" } " beside it." }
        }
    }
}

/// The commands that made the page, a line each.
pub(super) fn commands(input: &PageInput<'_>) -> Markup {
    html! {
        h3 { "To repeat it" }
        @if input.commands.len() > 1 { p.quiet { "Several calls into one directory, the earliest first. Each run names its own." } }
        pre { code { (input.commands.join("\n")) } }
    }
}

/// How many claims are decided, not how many hold: one that is undecided did not fail.
fn of_claims(claims: ClaimTally) -> Markup {
    let decided = Share { of: claims.all(), count: claims.decided() };
    fact("Claims decided", &decided.to_string(), &format!("of the paper's: {}", claims.words()))
}

/// How many values agree, or that none is judged: `0 of 44 agree` would read as if they differed.
fn of_values(values: ValueTally) -> Markup {
    let share = |count| Share { of: values.all(), count }.to_string();
    match values.none_is_judged() {
        true => fact("Values judged", &share(0), &format!("of those that the paper prints: {}", values.words())),
        false => fact("Agree with the paper", &share(values.agree), &format!("values that the paper prints: {}", values.words())),
    }
}

fn fact(name: &str, value: &str, meaning: &str) -> Markup {
    html! { div { dt { (name) } dd { strong { (value) } span { (meaning) } } } }
}

fn overview(targets: &[Target<'_>], not_covered: &[NotCovered]) -> Markup {
    html! {
        div.scroll { table.sortable {
            thead { tr {
                th { "Target" } th { "Ours on" } th.number { "Agree" } th.number { "Differ" } th.number { "Same order" }
            } }
            tbody { @for target in targets { tr {
                th.claim scope="row" { a href={ "#" (anchor(&[target.name])) } { (heading(target.name)) } " " (target.paper.map_or("", |paper| &paper.title)) }
                td { (datasets(target, not_covered)) }
                (share(target.comparisons.iter().map(|c| c.judged(Verdict::Agrees)).sum()))
                (share(target.comparisons.iter().map(|c| c.judged(Verdict::Differs)).sum()))
                (share(target.comparisons.iter().map(|c| c.order()).sum()))
            } } }
        } }
    }
}

fn share(share: Share) -> Markup {
    html! { td.number data-value=[(share.of > 0).then(|| share.count as f64 / share.of as f64)] { (share) } }
}

/// What our values are of, or why there are none.
fn datasets(target: &Target<'_>, not_covered: &[NotCovered]) -> String {
    let compared = target.comparisons.iter().flat_map(|c| &c.entries).filter_map(|entry| entry.ours);
    let measured = one_of(compared.chain(target.others.iter().copied()).map(|row| row.dataset.clone()));
    let missing = not_covered.iter().filter(|missing| missing.target == target.name && missing.command.is_some());
    let reasons: Vec<&str> = missing.map(|missing| missing.reason.as_str()).collect();
    [measured].into_iter().filter(|text| !text.is_empty()).chain(reasons.into_iter().map(String::from)).collect::<Vec<_>>().join("; ")
}

/// What an experiment's records say that was done, in a sentence or two.
pub(super) fn done(input: &PageInput<'_>, experiment: &ExperimentView) -> Markup {
    let records = || experiment.runs.iter().map(|run| &run.record);
    let specs = || records().map(|record| &record.spec);
    let methods = method::distinct(specs().map(|spec| spec.method.as_str()));
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
    let epochs = one_of(specs().map(|s| count(s.training.epochs)));
    let images = one_of(experiment.runs.iter().filter_map(|run| Some(count(run.train_images? as u64))));
    html! {
        p {
            @if experiment.runs.is_empty() { (input.of_no_run(experiment)) } @else {
                (methods.iter().map(|m| method::label(m)).collect::<Vec<_>>().join(", "))
                " on " (one_of(specs().map(|s| s.dataset.name.clone())))
                @if !images.is_empty() { " (" (images) " training images)" }
                ", " (seeds(experiment)) ". Network " (one_of(networks))
                " of " (parameters(experiment)) " parameters, "
                (epochs) (if epochs == "1" { " epoch" } else { " epochs" }) " in batches of "
                (one_of(specs().map(|s| s.training.batch.to_string()))) " on " (one_of(records().map(|r| r.device.clone())))
                "; " (duration(seconds)) " of training and evaluation in all."
            }
        }
    }
}

/// How many seeds the methods have, each; where these differ, which counts there are.
fn seeds(experiment: &ExperimentView) -> String {
    let mut of: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for run in &experiment.runs {
        of.entry(&run.record.spec.method).or_default().insert(run.record.spec.seed);
    }
    let counts: BTreeSet<usize> = of.values().map(BTreeSet::len).collect();
    match counts.first() {
        Some(one) if counts.len() == 1 => format!("{} each", plural(*one, "seed")),
        _ => format!("{} seeds", one_of(counts.iter().map(usize::to_string))),
    }
}

/// How many parameters the networks have, by method where these differ.
fn parameters(experiment: &ExperimentView) -> String {
    let mut of: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for record in experiment.runs.iter().map(|run| &run.record) {
        let methods = of.entry(record.parameters).or_default();
        if !methods.contains(&record.spec.method.as_str()) {
            methods.push(&record.spec.method);
        }
    }
    let several = (2..=NAMED).contains(&of.len());
    let one = |(parameters, methods): (usize, Vec<&str>)| match several {
        true => format!("{} ({})", count(parameters as u64), methods.iter().map(|m| method::label(m)).collect::<Vec<_>>().join(", ")),
        false => count(parameters as u64),
    };
    one_of(of.into_iter().map(one))
}

/// Values that are named, each.
const NAMED: usize = 4;

/// The different values, the first few by name, in their order.
fn one_of(values: impl Iterator<Item = String>) -> String {
    let mut seen = BTreeSet::new();
    let values: Vec<String> = values.filter(|value| seen.insert(value.clone())).collect();
    let more = values.len().saturating_sub(NAMED);
    let named: Vec<String> = values.into_iter().take(NAMED).collect();
    let text = named.join(" or ");
    if more > 0 { format!("{text} or {more} others") } else { text }
}
