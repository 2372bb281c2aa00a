//! Where every number comes from.

use std::{
    collections::BTreeSet,
    path::{Component, Path},
};

use maud::{Markup, html};
use vimae_spec::uncommitted;

use super::{
    input::{ExperimentView, PageInput},
    links::Links,
    words::{commit, digest},
};
use crate::{
    method,
    number::{count, duration, plural},
    run_view::RunView,
};

pub(super) fn section(input: &PageInput<'_>, links: &Links<'_>) -> Markup {
    let named = |e: usize, r: usize| links.run(e, r).unwrap_or_default();
    let of = |(e, experiment)| -> Vec<(&str, &ExperimentView, &RunView)> {
        let experiment: &ExperimentView = experiment;
        experiment.runs.iter().enumerate().map(|(r, run)| (named(e, r), experiment, run)).collect()
    };
    let runs: Vec<_> = input.experiments.iter().enumerate().flat_map(of).collect();
    let different: BTreeSet<&str> = runs.iter().map(|(_, _, run)| run.record.spec_sha256.as_str()).collect();
    let again = if different.len() < runs.len() { ", one that belongs to several experiments under each" } else { "" };
    html! {
        section id="runs" {
            h2 { "Runs" }
            @if runs.is_empty() { p.missing { "There is no run to show." } } @else {
                p.quiet { "A run is a function of its specification, its data and its seed. Digests are the first digits of SHA-256; all digits, the specification and the command that repeats it unfold below the table, where a method's name leads." }
                details { summary { (plural(different.len(), "run")) (again) } div.scroll { table.sortable {
                    thead { tr {
                        th { "Method" } th.number { "Seed" } th { "Experiment" } th.number { "Parameters" } th.number { "Steps" }
                        th.number { "Training" } th.number { "Evaluation" } th { "Device" } th { "Specification" } th { "Data" }
                        th { "Weights" } th { "Commit" }
                    } }
                    tbody { @for (name, experiment, run) in &runs { (row(name, experiment, run)) } }
                } } }
                details { summary { "Specifications, digests and commands" } @for (name, experiment, run) in &runs { (whole(name, experiment, run, input.program)) } }
            }
        }
    }
}

fn row(name: &str, experiment: &ExperimentView, run: &RunView) -> Markup {
    let record = &run.record;
    html! { tr {
        th scope="row" { a href={ "#" (name) } { (method::label(&record.spec.method)) } }
        td.number { (record.spec.seed) }
        td.experiment { (experiment.title) }
        td.number data-value=(record.parameters) { (count(record.parameters as u64)) }
        td.number data-value=(record.steps) { (count(record.steps)) }
        td.number data-value=(record.training_seconds) { (duration(record.training_seconds)) }
        td.number data-value=(record.evaluation_seconds) { (duration(record.evaluation_seconds)) }
        td.name { (record.device) }
        td { (digest(&record.spec_sha256)) }
        td.name { (record.spec.dataset.name) " " (digest(&record.data_sha256)) }
        td { (digest(&record.weights_sha256)) }
        td { (digest(&record.git_commit)) @if uncommitted(&record.git_commit).is_some() { " changed" } }
    } }
}

/// The run's folder from the page's: that of its experiment, and its own. What lies above belongs to a machine.
fn place(folder: &Path) -> Option<String> {
    let mut names = folder.components().rev().map_while(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let (own, experiment) = (names.next()?, names.next()?);
    Some(format!("{experiment}/{own}"))
}

fn whole(name: &str, experiment: &ExperimentView, run: &RunView, program: &str) -> Markup {
    let record = &run.record;
    // A spec of strings, numbers and maps always serialises.
    let spec = serde_json::to_string_pretty(&record.spec).unwrap_or_default();
    html! {
        details.run id=(name) {
            summary { (method::label(&record.spec.method)) ", seed " (record.spec.seed) ", " (record.spec.dataset.name) " (" (experiment.title) ")" }
            dl {
                dt { "To repeat it" } dd { code { (run.command) } }
                @if let Some(place) = place(&run.folder) { dt { "To check it" } dd { code { (program) " verify " (place) } " in this page's folder" } }
                dt { "Specification" } dd { code { (record.spec_sha256) } }
                dt { "Training part of it" } dd { code { (record.training_sha256) } }
                dt { "Data" } dd { code { (record.data_sha256) } }
                @if let Some(broken) = &record.broken_images { dt { "Broken images left out" } dd { (broken.left_out) ": " (broken.files.join("; ")) } }
                dt { "Weights" } dd { code { (record.weights_sha256) } }
                dt { "Device and time" } dd { (record.device) "; " (duration(record.training_seconds)) " of training, " (duration(record.evaluation_seconds)) " of evaluation" }
                @if !record.rollbacks.is_empty() { dt { "Went back" } dd {
                    @for back in &record.rollbacks { "at step " (back.step) ", where " (back.term) " was not finite, to step " (back.back_to) " with steps of " (back.rate) "; " }
                } }
                @if let Some(early) = &record.early_stopping { dt { "Early stopping" } dd {
                    "behind epoch " (early.stopped_epoch) " of at most " (record.spec.training.epochs) "; the weights are those of epoch " (early.kept_epoch) ", with the least loss on held-out images, " (format!("{:.4}", early.held_out_loss))
                } }
                dt { "Code" } dd { (commit(&record.git_commit)) ", version " (record.version) }
            }
            pre { code { (spec) } }
        }
    }
}
