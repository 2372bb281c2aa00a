//! Everything that can be chosen by name, on one page: what it is, its equation, source and settings, and what comes of it.

use std::path::PathBuf;

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{Markup, html};

use crate::{
    artefact,
    markdown::line,
    page::{anchor, document},
};

/// All entries of one kind.
#[derive(Debug, Clone)]
pub struct CatalogueKind {
    /// What they are: objective, prior ...
    pub kind: String,
    /// The entries, in name order.
    pub entries: Vec<CatalogueEntry>,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct CatalogueEntry {
    /// Its name in files and on the command line.
    pub name: String,
    /// One sentence on what it is.
    pub summary: String,
    /// What it computes, in one line of plain text, where the entry itself says so.
    pub equation: Option<String>,
    /// The paragraphs that its file opens with; formulas stand in backticks.
    pub about: Vec<String>,
    /// The paper it comes from.
    pub source: String,
    /// What it takes where the experiment names nothing else: `("prior", "normal")` ...
    pub parts: Vec<(&'static str, String)>,
    /// Its settings.
    pub settings: Vec<CatalogueSetting>,
    /// Runs that were trained to show it.
    pub trained: Option<CatalogueRuns>,
}

/// One setting.
#[derive(Debug, Clone)]
pub struct CatalogueSetting {
    /// Its name.
    pub name: String,
    /// The value used where nothing is given.
    pub default: String,
    /// The allowed values, in words.
    pub allowed: String,
    /// What it does.
    pub about: String,
}

/// Runs that show an entry.
#[derive(Debug, Clone)]
pub struct CatalogueRuns {
    /// How many finished, in words with what they were asked for.
    pub outcome: String,
    /// Values over the seeds: a label, and the value in words.
    pub values: Vec<(String, String)>,
    /// The folder of the first, and the image of samples in it.
    pub image: Option<(PathBuf, String)>,
    /// Which runs failed, each with the reason; one that has finished may have failed when it was measured again.
    pub failed: Vec<String>,
}

/// Makes the page: one file, no network. What stands in backticks in `about` is code.
pub fn catalogue_page(title: &str, about: &str, kinds: &[CatalogueKind]) -> String {
    let body = html! {
        header {
            h1 { (title) }
            nav aria-label="Sections" { @for kind in kinds { a href={ "#" (anchor(&[&kind.kind])) } { (plural(&kind.kind)) } } }
        }
        main {
            p.lead { (with_code(about)) }
            @for kind in kinds {
                section id=(anchor(&[&kind.kind])) {
                    h2 { (plural(&kind.kind)) }
                    @for entry in &kind.entries { (article(&kind.kind, entry)) }
                }
            }
        }
    };
    document(title, &body)
}

fn plural(kind: &str) -> String {
    let mut letters = kind.chars();
    let kind: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('e') || !kind.ends_with('s') => format!("{kind}s"),
        None => kind,
    }
}

fn article(kind: &str, entry: &CatalogueEntry) -> Markup {
    let id = anchor(&[kind, &entry.name]);
    html! {
        article id=(id) {
            h3 { a.self href={ "#" (id) } { code { (entry.name) } } span.title { (entry.summary) } }
            @if let Some(equation) = &entry.equation { pre { (equation) } }
            @for paragraph in &entry.about { p { (with_code(paragraph)) } }
            p.quiet { "Source: " (entry.source) }
            @if !entry.parts.is_empty() {
                p.quiet { "By default with " @for (at, (part, name)) in entry.parts.iter().enumerate() {
                    @if at > 0 { ", " } (part) " " a href={ "#" (anchor(&[part, name])) } { code { (name) } }
                } }
            }
            @if !entry.settings.is_empty() {
                div.scroll { table {
                    thead { tr { th { "Setting" } th { "Default" } th { "Allowed" } th { "What it does" } } }
                    tbody { @for setting in &entry.settings { tr {
                        th scope="row" { code { (setting.name) } }
                        td { (setting.default) }
                        td { (setting.allowed) }
                        td { (setting.about) }
                    } } }
                } }
            }
            @if let Some(runs) = &entry.trained { (trained(&entry.name, runs)) }
        }
    }
}

fn trained(name: &str, runs: &CatalogueRuns) -> Markup {
    let image = runs.image.as_ref().map(|(folder, file)| artefact::png(folder, file));
    html! {
        p.quiet { (runs.outcome) @for (label, value) in &runs.values { "; " (label) " " (value) } }
        @if !runs.failed.is_empty() { ul.missing { @for failed in &runs.failed { li { "Failed: " (failed) } } } }
        @match image {
            Some(Ok(png)) => figure {
                @let data = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&png.bytes));
                img src=(data) width=(png.width) height=(png.height) alt={ "Samples of " (name) };
            },
            Some(Err(error)) => p.missing { (error) },
            None => p.missing { "No run has finished, so that there is no image." },
        }
    }
}

/// Text with what stands in backticks as code.
fn with_code(text: &str) -> Markup {
    html! { @for (at, part) in text.split('`').enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// The same as Markdown, without images.
pub fn catalogue_markdown(title: &str, about: &str, kinds: &[CatalogueKind]) -> String {
    let mut text = format!("# {title}\n\n{about}\n");
    for kind in kinds {
        text += &format!("\n## {}\n", plural(&kind.kind));
        for entry in &kind.entries {
            text += &format!("\n### `{}`\n\n{}. Source: {}.\n", entry.name, entry.summary, entry.source);
            if let Some(equation) = &entry.equation {
                text += &format!("\n    {equation}\n");
            }
            for paragraph in &entry.about {
                text += &format!("\n{paragraph}\n");
            }
            if !entry.settings.is_empty() {
                let cells = |cells: [&str; 4]| line(cells.into_iter().map(String::from));
                text += "\n";
                text += &cells(["setting", "default", "allowed", "what it does"]);
                text += &cells(["---"; 4]);
                for setting in &entry.settings {
                    text += &cells([&setting.name, &setting.default, &setting.allowed, &setting.about]);
                }
            }
            if let Some(runs) = &entry.trained {
                let values: String = runs.values.iter().map(|(label, value)| format!("; {label} {value}")).collect();
                text += &format!("\n{}{values}.\n", runs.outcome);
                for failed in &runs.failed {
                    text += &format!("\nFailed: {failed}\n");
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(image: Option<(PathBuf, String)>) -> Vec<CatalogueKind> {
        let setting = CatalogueSetting {
            name: "beta".into(),
            default: "1".into(),
            allowed: "a number from 0 to 10".into(),
            about: "weight of a | b < c".into(),
        };
        let entry = CatalogueEntry {
            name: "vae".into(),
            summary: "Distortion plus rate".into(),
            equation: Some("a D + beta R".into()),
            about: vec!["Loss `a D <b>`, in nats.".into()],
            source: "A & B, 2014".into(),
            parts: vec![("prior", "normal".into())],
            settings: vec![setting],
            trained: Some(CatalogueRuns {
                outcome: "5 of 5 seeds finished".into(),
                values: vec![("distortion".into(), "3".into())],
                image,
                failed: vec!["seed 4: loss <diverged>".into()],
            }),
        };
        vec![CatalogueKind { kind: "objective".into(), entries: vec![entry] }]
    }

    #[test]
    fn the_page_holds_every_part_of_an_entry_and_nothing_from_outside() {
        let page = catalogue_page("Catalogue", "All of `vimae`.", &kinds(None));
        for part in [
            "<h2>Objectives</h2>",
            "All of <code>vimae</code>.",
            "a D + beta R",
            "<code>a D &lt;b&gt;</code>",
            "A &amp; B, 2014",
            "#prior-normal",
            "0 to 10",
            "<li>Failed: seed 4: loss &lt;diverged&gt;</li>",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(page.contains("no image") && !page.contains("http://") && !page.contains("https://"));
    }

    #[test]
    fn kinds_are_named_in_the_plural() {
        assert_eq!(["strategy", "data set", "noise", "prior"].map(plural), ["Strategies", "Data sets", "Noises", "Priors"]);
    }

    #[test]
    fn a_missing_image_is_said_and_a_table_keeps_its_cells() {
        let page = catalogue_page("Catalogue", "All.", &kinds(Some((PathBuf::from("nowhere"), "samples.png".into()))));
        assert!(page.contains("samples.png") && page.contains("missing"));
        let text = catalogue_markdown("Catalogue", "All.", &kinds(None));
        assert!(text.contains("| beta | 1 | a number from 0 to 10 | weight of a \\| b &lt; c |"), "{text}");
        assert!(text.ends_with("5 of 5 seeds finished; distortion 3.\n\nFailed: seed 4: loss <diverged>\n"), "{text}");
    }
}
