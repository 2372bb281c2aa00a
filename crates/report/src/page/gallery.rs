//! What an experiment's networks do, to the eye: pictures, codes, curves of training.

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{Markup, PreEscaped, html};
use vimae_spec::{Picture, PictureKind};

use super::{ExperimentView, RunView, anchor, confusion};
use crate::{
    Error, Result,
    artefact::{self, Codes},
    compare::heading,
    method,
    plot::{Curves, Scatter},
    training::training,
};

/// What the circles around codes are.
const CIRCLES: &str = "Colours and numbers are classes; dashed circles lie one and two standard deviations of the prior from its centre.";

const CLASSES: &str = "Colours and numbers are classes.";

pub(super) fn section(experiment: &ExperimentView) -> Result<Markup> {
    let shown = first_seeds(&experiment.runs);
    Ok(html! {
        article {
            h3 { (experiment.title) @for target in &experiment.targets { a.title href={ "#" (anchor(&[target])) } { (heading(target)) } } }
            @if !experiment.failed.is_empty() {
                ul.missing { @for run in &experiment.failed {
                    li { (method::label(&run.method)) ", seed " (run.seed) ": " (run.problem) }
                } }
            }
            @if shown.is_empty() { p.missing { "No run finished." } }
            (group("Originals above their reconstructions", "", PictureKind::Reconstructions, &shown)?)
            (group("Decoded draws from the prior", "", PictureKind::Samples, &shown)?)
            (group("Codes of test pictures", CIRCLES, PictureKind::Codes, &shown)?)
            (group("Codes on their principal components", CLASSES, PictureKind::Projection, &shown)?)
            (folded("Which class was taken for which", group("", "", PictureKind::Confusion, &shown)?))
            (curves(experiment)?)
        }
    })
}

/// The first run of each method: pictures of every seed would hide the methods among them.
fn first_seeds(runs: &[RunView]) -> Vec<&RunView> {
    let mut runs: Vec<&RunView> = runs.iter().collect();
    runs.sort_by_key(|run| (method::rank(&run.record.spec.method), run.record.spec.seed));
    runs.dedup_by_key(|run| run.record.spec.method.as_str());
    runs
}

fn group(title: &str, about: &str, kind: PictureKind, runs: &[&RunView]) -> Result<Markup> {
    let mut figures = Vec::new();
    for run in runs {
        for picture in run.record.pictures.iter().filter(|picture| picture.kind == kind) {
            figures.push(figure(run, picture)?);
        }
    }
    Ok(html! { @if !figures.is_empty() {
        @if !title.is_empty() { h4 { (title) } }
        @if !about.is_empty() { p.quiet { (about) } }
        div.pictures { @for figure in figures { (figure) } }
    } })
}

/// Content that unfolds, where there is any.
fn folded(title: &str, content: Markup) -> Markup {
    html! { @if !content.0.is_empty() { details { summary { (title) } (content) } } }
}

fn figure(run: &RunView, picture: &Picture) -> Result<Markup> {
    let spec = &run.record.spec;
    let name = method::label(&spec.method);
    let title = format!("{name}: {}", picture.caption);
    let content = match picture.kind {
        PictureKind::Reconstructions | PictureKind::Samples => artefact::png(&run.folder, &picture.file).map(|png| {
            let data = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&png.bytes));
            html! { img src=(data) width=(png.width) height=(png.height) alt=(title) loading="lazy"; }
        }),
        PictureKind::Codes => artefact::codes(&run.folder, &picture.file).and_then(|codes| scatter(&title, run, &codes)),
        PictureKind::Projection => artefact::codes(&run.folder, &picture.file).and_then(|codes| scatter(&title, run, &codes)),
        PictureKind::Confusion => artefact::confusions(&run.folder, &picture.file).map(|all| confusion::tables(&all)),
    };
    let content = match content {
        Ok(content) => content,
        Err(error @ Error::Plot { .. }) => return Err(error),
        Err(error) => html! { p.missing { (error) } },
    };
    Ok(html! {
        figure {
            figcaption { strong { (name) } span { " " (picture.caption) ", seed " (spec.seed) } }
            (content)
        }
    })
}

fn scatter(title: &str, run: &RunView, codes: &Codes) -> Result<Markup> {
    let finite = |values: &[Option<f64>]| values.iter().map(|v| v.unwrap_or(f64::NAN)).collect::<Vec<f64>>();
    // Priors are of unit variance unless their settings say otherwise.
    let unit_variance = run.record.spec.prior.as_ref().is_none_or(|prior| prior.settings.is_empty());
    // The prior's circles mean nothing on axes that turn with the codes.
    let circles: &[f64] = if unit_variance && run.record.spec.model.code == 2 { &[1.0, 2.0] } else { &[] };
    let svg = Scatter { title, x: &finite(&codes.x), y: &finite(&codes.y), label: &codes.label, circles }.svg()?;
    Ok(PreEscaped(svg))
}

fn curves(experiment: &ExperimentView) -> Result<Markup> {
    let training = training(&experiment.runs);
    let mut plots = Vec::new();
    for (term, lines) in &training.terms {
        let title = format!("{}: {term} during training", experiment.title);
        match (Curves { title: &title, x: training.x, y: &axis(term), lines }).svg() {
            Err(Error::Empty { .. }) => {}
            svg => plots.push((term, svg?)),
        }
    }
    Ok(html! {
        @if !plots.is_empty() {
            h4 { "Training" }
            p.quiet { "Averages over " (if training.x == "epoch" { "an epoch" } else { "neighbouring steps" }) " and all seeds of a method. Each method has its own loss, so that losses of different methods do not compare." }
            div.curves { @for (term, svg) in &plots { figure { figcaption { strong { (term) } } (PreEscaped(svg)) } } }
        }
        @if !training.problems.is_empty() {
            ul.missing { @for problem in &training.problems { li { (problem) } } }
        }
    })
}

/// A term with its unit, where all methods have the same.
fn axis(term: &str) -> String {
    match term {
        "distortion" => "distortion (squared error)".into(),
        "rate" => "rate (nats)".into(),
        _ => term.into(),
    }
}
