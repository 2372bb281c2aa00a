//! The page that people look at: one file, no network.

mod comparison;
mod confusion;
mod document;
mod gallery;
mod input;
mod others;
mod paired;
mod robustness;
mod runs;
mod summary;
mod values;

use maud::{Markup, PreEscaped, html};

use crate::{Result, compare};

pub(crate) use document::document;
pub use input::{ExperimentView, FailedRun, NotCovered, PageInput, RunView};

const SCRIPT: &str = include_str!("page/script.js");

/// Makes the page.
///
/// What is missing, failed or damaged among the files of a run is said on the page where it would stand.
///
/// # Errors
/// [`crate::Error::Plot`] where the plotting library fails.
pub fn page(input: &PageInput<'_>) -> Result<String> {
    let asked = input.experiments.iter().flat_map(|e| &e.targets).map(String::as_str);
    let targets = compare::targets(input.paper, input.summary, asked);
    let body = html! {
        header { h1 { (input.title) } (contents()) }
        main {
            (summary::section(input, &targets))
            section id="paper" {
                h2 { "Beside the paper" }
                @if targets.is_empty() { p.missing { "There are no values." } }
                @for target in &targets { (comparison::section(target)?) }
                (robustness::section(input.summary)?)
                (paired::section(input.comparisons))
            }
            section id="pictures" {
                h2 { "Pictures and training" }
                @if input.experiments.is_empty() { p.missing { "There are no experiments." } }
                @for experiment in input.experiments { (gallery::section(experiment)?) }
            }
            (runs::section(input.experiments))
            (values::section(input.cells))
            (not_covered(input))
        }
        script { (PreEscaped(SCRIPT)) }
    };
    Ok(document(input.title, &body))
}

fn contents() -> Markup {
    html! {
        nav aria-label="Sections" {
            a href="#summary" { "Summary" }
            a href="#paper" { "Beside the paper" }
            a href="#pictures" { "Pictures and training" }
            a href="#runs" { "Runs" }
            a href="#values" { "All values" }
            a href="#not-covered" { "Not covered" }
        }
    }
}

fn not_covered(input: &PageInput<'_>) -> Markup {
    html! {
        section id="not-covered" {
            h2 { "Not covered" }
            @if input.not_covered.is_empty() {
                p { "This profile covers every table and figure of the paper." }
            } @else {
                p { "Tables and figures of the paper without values on this page." }
                div.scroll { table {
                    thead { tr { th { "Target" } th { "What it shows" } th { "Why not here" } } }
                    tbody { @for missing in input.not_covered { tr {
                        th scope="row" { (compare::heading(&missing.target)) }
                        td { (input.paper.0.get(&missing.target).map_or("", |t| &t.title)) }
                        td { (missing.reason) }
                    } } }
                } }
            }
        }
    }
}

/// A name for links: letters, digits and hyphens.
pub(crate) fn anchor(parts: &[&str]) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    parts.join("-").chars().map(letter).collect()
}

/// The first digits of a digest, all of it where one points.
fn digest(digest: &str) -> Markup {
    let short: String = digest.chars().take(10).collect();
    html! { code title=(digest) { (short) } }
}

/// A unit worth writing: pure numbers have none.
fn unit(unit: &str) -> Option<&str> {
    Some(unit).filter(|unit| !unit.is_empty() && *unit != "1")
}
