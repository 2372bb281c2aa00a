//! The page of experiments that stand for no table of the paper: first one table, then what is behind it.

use maud::{Markup, html};
use vimae_spec::{Expectation, SummaryRow};

use super::{
    comparison, gallery, headlines,
    input::{ExperimentView, FailedRun, PageInput},
    left_out, lifelong,
    links::Links,
    paired, readings, robustness, runs, samplers,
    shown::Shown,
    summary, values,
    words::commit,
};
use crate::{
    Result,
    colours::Colours,
    compare, method,
    number::{duration, plural, together},
};

/// The navigation and the sections of the page.
pub(super) fn page(input: &PageInput<'_>, shown: &Shown<'_>) -> Result<(Markup, Markup)> {
    let &Shown { links, colours, collapsed } = shown;
    let targets = compare::targets(input.paper, input.summary, []);
    let several = input.experiments.len() > 1;
    let seeds = input.summary.iter().map(|row| row.seeds).max().unwrap_or(0);
    let readings = readings::section(input)?;
    let contents = contents(readings.is_some());
    let main = html! {
        section id="summary" {
            h2.unseen { "Summary" }
            @if input.experiments.is_empty() && input.left_out.is_empty() { p.missing { "There are no experiments." } }
            (left_out::lines(input.left_out))
            @for experiment in input.experiments { (experiment_summary(input, experiment, several)) }
            (summary::commands(input))
            p.quiet {
                "In a checkout of " (commit(input.git_commit)) ". Training and evaluation of all runs took " (duration(input.seconds())) ". The values of this page are also in "
                code { "results.json" } " and " code { "summary.json" } " beside it. Where this page lies in a checkout of vimae, " code { (input.program) " export . --format latex" } ", called in its directory, writes the table for a paper."
            }
        }
        @if let Some(readings) = readings { (readings) }
        @for experiment in input.experiments { (forgetting(input, experiment, (links, colours), several)?) }
        section id="images" {
            h2 { "Images and training" }
            @for place in 0..input.experiments.len() { (gallery::section(place, input.experiments, input.paper, colours)?) }
        }
        section id="others" {
            h2 { "Everything measured" }
            p.quiet { (if seeds > 1 { "Means over seeds with 95 % intervals" } else { "Values of one seed" }) ", every metric by every protocol." }
            @for target in &targets { (comparison::without_paper(target, several, links, collapsed)) }
            (folded("Accuracy under noise", robustness::section(input.summary, colours)?))
            // With one seed there is nothing to test.
            @if seeds > 1 { (folded("Methods in pairs", paired::section(input.comparisons, |target| links.heading(target)))) }
        }
        (runs::section(input, links))
        (values::section(input.cells, links))
    };
    Ok((contents, main))
}

/// What was forgotten from task to task, for runs with a stream.
fn forgetting(
    input: &PageInput<'_>,
    experiment: &ExperimentView,
    (links, colours): (&Links<'_>, &Colours<'_>),
    several: bool,
) -> Result<Markup> {
    let claim = |row: &&SummaryRow| row.entry == Expectation::ENTRY && links.title(&row.target) == Some(experiment.title.as_str());
    let claims: Vec<&SummaryRow> = input.summary.iter().filter(claim).collect();
    let content = lifelong::section(experiment, &claims, input.interval, colours)?;
    Ok(html! { @if !content.0.is_empty() { section {
        @if several { h2 { (experiment.title) } }
        (content)
    } } })
}

fn contents(readings: bool) -> Markup {
    html! {
        nav aria-label="Sections" {
            a href="#summary" { "Summary" }
            @if readings { a href="#readings" { "Readings" } }
            a href="#images" { "Images" }
            a href="#others" { "Everything measured" }
            a href="#runs" { "Runs" }
            a href="#values" { "All values" }
        }
    }
}

fn experiment_summary(input: &PageInput<'_>, experiment: &ExperimentView, several: bool) -> Markup {
    html! {
        @if several { h3 { (experiment.title) } }
        @if !experiment.about.is_empty() { p.lead { (together(&experiment.about)) } }
        (headlines::section(&headlines::of(experiment, input.interval)))
        (samplers::section(experiment, input.interval))
        (summary::done(input, experiment))
        (unfinished(&experiment.failed))
    }
}

/// The runs without a record, those that wait apart from those that failed.
fn unfinished(runs: &[FailedRun]) -> Markup {
    let (waiting, failed): (Vec<&FailedRun>, Vec<&FailedRun>) = runs.iter().partition(|run| run.waits);
    html! {
        @if !failed.is_empty() { ul.missing { @for run in &failed {
            li { (method::label(&run.method)) ", seed " (run.seed) ": " (run.problem) }
        } } }
        @if !waiting.is_empty() { p.missing { (plural(waiting.len(), "run")) " not finished yet; the same command goes on with " (if waiting.len() == 1 { "it" } else { "them" }) "." } }
    }
}

fn folded(title: &str, content: Markup) -> Markup {
    html! { @if !content.0.is_empty() { details { summary { (title) } (content) } } }
}
