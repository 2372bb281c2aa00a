//! The page that people look at: one file, no network.

mod below;
mod claims;
mod codes;
mod comparison;
mod confusion;
mod document;
mod gallery;
mod headlines;
mod input;
mod left_out;
mod lifelong;
mod links;
mod matrix;
mod notes;
mod others;
mod own;
mod paired;
mod readings;
mod robustness;
mod runs;
mod samplers;
mod shown;
mod summary;
mod values;
mod words;

use maud::{Markup, PreEscaped, html};

use crate::{Result, collapsed::Collapsed, compare};

pub(crate) use document::document;
use shown::Shown;
pub(crate) use words::anchor;
use words::distinct;

pub use input::{ExperimentView, FailedRun, LeftOut, NotCovered, PageInput};

const SCRIPT: &str = include_str!("page/script.js");

/// How values are judged, once for all tables.
const VERDICTS: &str = "Ours are means over seeds, with 95 % intervals (Student's t) where there are several. A value agrees where its whole interval lies \
     within the tolerance of the paper's, differs where none of it does, and is undecided otherwise, as one seed is. Each method's name links to its row, each seed to its value, each value to its run.";

/// Makes the page.
///
/// What is missing, failed or damaged among the files of a run is said on the page where it would stand.
///
/// # Errors
/// [`crate::Error::Plot`] where the plotting library fails.
pub fn page(input: &PageInput<'_>) -> Result<String> {
    let of_the_paper = input.not_covered.iter().any(|missing| missing.command.is_some());
    let own = !of_the_paper && input.experiments.iter().all(|experiment| experiment.targets.is_empty());
    let links = links::Links::new(input);
    let colours = input.colours();
    let runs = input.experiments.iter().flat_map(|experiment| &experiment.runs);
    let short = runs.filter_map(|run| Some((run.record.spec_sha256.as_str(), run.unsettled?)));
    let collapsed = Collapsed::of(input.summary).settled_by(short, input.cells);
    let shown = Shown { links: &links, colours: &colours, collapsed: &collapsed };
    let (contents, main) = if own { own::page(input, &shown)? } else { beside_the_paper(input, &shown)? };
    let body = html! {
        header { h1 { (input.title) } }
        (contents)
        main { (main) }
        script { (PreEscaped(SCRIPT)) }
    };
    Ok(document(input.title, &body))
}

/// Whether nothing of a table or figure could be measured, for want of its data.
fn is_unmeasured(target: &compare::Target<'_>, input: &PageInput<'_>) -> bool {
    let values = target.comparisons.iter().flat_map(|c| &c.entries).any(|entry| entry.ours.is_some()) || !target.others.is_empty();
    let ran = input.experiments.iter().any(|experiment| experiment.targets.iter().any(|name| name == target.name));
    !values && !ran && input.not_covered.iter().any(|missing| missing.target == target.name && missing.command.is_some())
}

/// The tables and figures whose data is not here, a line each, and the commands that bring it, each once.
fn unmeasured(targets: &[compare::Target<'_>], input: &PageInput<'_>) -> Markup {
    let missing: Vec<&compare::Target<'_>> = targets.iter().filter(|target| is_unmeasured(target, input)).collect();
    let of = |target: &str| input.not_covered.iter().filter(|missing| missing.target == target).collect::<Vec<_>>();
    let commands = distinct(missing.iter().flat_map(|target| of(target.name)).filter_map(|missing| missing.command.as_deref()));
    html! { @if !missing.is_empty() {
        h3 { "Not measured here" }
        p.quiet { "The data of these experiments is not on this machine:" }
        div.scroll { table {
            thead { tr { th { "Target" } th { "Not measured" } } }
            tbody { @for target in missing { tr id=(anchor(&[target.name])) {
                th.claim scope="row" { (compare::heading(target.name)) " " (target.paper.map_or("", |paper| &paper.title)) }
                td { @for reason in distinct(of(target.name).into_iter().map(|missing| missing.reason.as_str())) { div { (reason) } } }
            } } }
        } }
        p.quiet { "To bring it, then repeat the reproduction:" }
        pre { code { (commands.join("\n")) } }
    } }
}

/// The navigation and the sections of a page of the paper's tables and figures.
fn beside_the_paper(input: &PageInput<'_>, shown: &Shown<'_>) -> Result<(Markup, Markup)> {
    let &Shown { links, colours, collapsed } = shown;
    let measurable = input.not_covered.iter().filter(|missing| missing.command.is_some()).map(|missing| &missing.target);
    let asked = input.experiments.iter().flat_map(|e| &e.targets).chain(measurable).map(String::as_str);
    let (targets, own): (Vec<_>, Vec<_>) =
        compare::targets(input.paper, input.summary, asked).into_iter().partition(|target| target.paper.is_some());
    let readings = readings::section(input)?;
    let not_covered = not_covered(input);
    let contents = contents(!own.is_empty(), readings.is_some(), not_covered.is_some());
    let main = html! {
            (summary::section(input, &targets, links))
            @if let Some(readings) = readings { (readings) }
            section id="paper" {
                h2 { "Beside the paper" }
                @if targets.is_empty() { p.missing { "There are no values." } } @else { p.quiet { (VERDICTS) } }
                @for target in targets.iter().filter(|target| !is_unmeasured(target, input)) {
                    (comparison::section(target, input.not_covered, links, collapsed)?)
                }
                (unmeasured(&targets, input))
                (robustness::section(input.summary, colours)?)
                (paired::section(input.comparisons, |target| links.heading(target)))
            }
            section id="images" {
                h2 { "Images and training" }
                @if input.experiments.is_empty() && input.left_out.is_empty() { p.missing { "There are no experiments." } }
                (left_out::lines(input.left_out))
                @for place in 0..input.experiments.len() { (gallery::section(place, input.experiments, input.paper, colours)?) }
            }
            @if !own.is_empty() { section id="others" {
                h2 { "Other measurements" }
                p.quiet { "What was measured and the paper has no number for." }
                @for experiment in input.experiments.iter().filter(|experiment| experiment.targets.is_empty()) {
                    details.experiment { summary { h3 { (experiment.title) } }
                        (headlines::section(&headlines::of(experiment, input.interval)))
                        (samplers::section(experiment, input.interval))
                    }
                }
                @for target in &own { (comparison::without_paper(target, true, links, collapsed)) }
            } }
            (runs::section(input, links))
            (values::section(input.cells, links))
            @if let Some(not_covered) = not_covered { (not_covered) }
    };
    Ok((contents, main))
}

fn contents(others: bool, readings: bool, not_covered: bool) -> Markup {
    html! {
        nav aria-label="Sections" {
            a href="#summary" { "Summary" }
            @if readings { a href="#readings" { "Readings" } }
            a href="#paper" { "Beside the paper" }
            a href="#images" { "Images" }
            @if others { a href="#others" { "Other measurements" } }
            a href="#runs" { "Runs" }
            a href="#values" { "All values" }
            @if not_covered { a href="#not-covered" { "Not covered" } }
        }
    }
}

/// What the profile leaves out; none where it covers every table and figure.
fn not_covered(input: &PageInput<'_>) -> Option<Markup> {
    let missing: Vec<&NotCovered> = input.not_covered.iter().filter(|missing| missing.command.is_none()).collect();
    (!missing.is_empty()).then(|| {
        html! {
            section id="not-covered" {
                h2 { "Not covered" }
                p { "Tables and figures of the paper without values on this page." }
                div.scroll { table {
                    thead { tr { th { "Target" } th { "What it shows" } th { "Why not here" } } }
                    tbody { @for missing in missing { tr {
                        th scope="row" { (compare::heading(&missing.target)) }
                        td { (input.paper.0.get(&missing.target).map_or("", |t| &t.title)) }
                        td { (missing.reason) }
                    } } }
                } }
            }
        }
    })
}
