//! What an experiment's networks do, to the eye: images, codes, curves of training.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{Markup, PreEscaped, html};
use vimae_spec::{Figure, FigureKind, Paper, SCALED_ERROR};

use super::{
    codes, confusion,
    input::ExperimentView,
    links::of_images,
    words::{anchor, scale},
};
use crate::{
    Error, Result, artefact,
    colours::Colours,
    compare::heading,
    method,
    plot::{Curves, Scale, Trade},
    plot_files::named,
    rate_distortion,
    run_view::RunView,
    training::training,
};

/// What traversals show.
const MOVED: &str = "Decoded codes: a test image's, but for one dimension a row, which moves from left to right through the prior. The rows go from the most \
     to the least informative dimension, by ½ ln(1 + variance of the code over variance of the encoder's noise).";

/// What tables of confusions are, in the line that unfolds them and in their captions.
const TAKEN: &str = "Which class was taken for which";

/// Images whose caption is longer than this unfold it.
const SHORT: usize = 70;

/// The images of the experiment at `place`. Those of runs that an experiment before it has as well are there.
pub(super) fn section(place: usize, experiments: &[ExperimentView], paper: &Paper, colours: &Colours<'_>) -> Result<Markup> {
    let Some(experiment) = experiments.get(place) else { return Ok(html! {}) };
    let shown = first_seeds(&experiment.runs);
    let before = experiments.iter().take(place).position(|before| !shown.is_empty() && shown.iter().all(|run| has(before, run)));
    if let Some((before, earlier)) = before.and_then(|before| Some((before, experiments.get(before)?))) {
        return Ok(html! {
            details.experiment.figures id=(of_images(place)) {
                summary { h3 { (experiment.title) } }
                p.quiet { "The same runs as those of " a href={ "#" (of_images(before)) } { (earlier.title) } "." }
            }
        });
    }
    // Beside experiments of the paper, the others show what is seen first; the rest is among the files of their runs.
    let whole = !experiment.targets.is_empty() || experiments.iter().all(|one| one.targets.is_empty());
    let content = html! {
            p.quiet { @for target in experiment.targets.iter().filter(|t| paper.0.contains_key(*t)) { a href={ "#" (anchor(&[target])) } { (heading(target)) } " " } }
            @if experiment.failed.iter().any(|run| !run.waits) {
                ul.missing { @for run in experiment.failed.iter().filter(|run| !run.waits) {
                    li { (method::label(&run.method)) ", seed " (run.seed) ": " (run.problem) }
                } }
            }
            @if shown.is_empty() { p.missing { "There is no run to show." } }
            (not_kept(&shown))
            (group("Originals above their reconstructions", "", FigureKind::Reconstructions, &shown)?)
            (group("Decoded draws", "", FigureKind::Samples, &shown)?)
            (group("Decoded draws after each task, a row a task", "", FigureKind::Tasks, &shown)?)
            (group("Codes of test images", &codes::about(&shown, FigureKind::Codes), FigureKind::Codes, &shown)?)
            (rate_distortion(experiment, paper, colours)?)
            @if whole {
                (folded("Along single dimensions of the code", group("", MOVED, FigureKind::Traversals, &shown)?))
                (folded("Between two test images", group("", "", FigureKind::Interpolations, &shown)?))
                (folded("Codes on their principal components", group("", &codes::about(&shown, FigureKind::Projection), FigureKind::Projection, &shown)?))
                (folded(TAKEN, group("", "", FigureKind::Confusion, &shown)?))
                (folded("Curves of training", curves(experiment, colours)?))
            }
    };
    // The title of a page's only experiment is that of the page.
    if experiments.len() == 1 {
        return Ok(html! { div id=(of_images(place)) { h3.unseen { "Images" } (content) } });
    }
    Ok(html! {
        // One is enough to look at first.
        details.experiment.figures id=(of_images(place)) open[place == first_to_see(experiments)] { summary { h3 { (experiment.title) } } (content) }
    })
}

/// The first experiment with something to see at once; the first of all where none has.
fn first_to_see(experiments: &[ExperimentView]) -> usize {
    let at_once =
        |kind: FigureKind| matches!(kind, FigureKind::Reconstructions | FigureKind::Samples | FigureKind::Tasks | FigureKind::Codes);
    let shows = |run: &RunView| run.record.figures.iter().any(|image| at_once(image.kind) && !run.left_out(&image.file));
    experiments.iter().position(|experiment| experiment.runs.iter().any(shows)).unwrap_or(0)
}

/// What was left out where the results of these runs were kept.
fn not_kept(runs: &[&RunView]) -> Markup {
    let lacks_image = |run: &RunView| run.record.figures.iter().any(|image| run.left_out(&image.file));
    let lacks_log = |run: &RunView| run.left_out(&run.record.log);
    let lacking: Vec<String> =
        runs.iter().filter(|run| lacks_image(run) || lacks_log(run)).map(|run| method::label(&run.record.spec.method)).collect();
    let what = match (runs.iter().any(|run| lacks_image(run)), runs.iter().any(|run| lacks_log(run))) {
        (true, true) => "Images and logs",
        (true, false) => "Images",
        (false, _) => "Logs",
    };
    let whose = match lacking.len() {
        1 if runs.len() == 1 => "this run".to_owned(),
        all if all == runs.len() => "these runs".to_owned(),
        1 => format!("the run of {}", lacking.concat()),
        _ => format!("the runs of {}", lacking.join(", ")),
    };
    html! { @if !lacking.is_empty() { p.quiet { (what) " were not kept with " (whose) "." } } }
}

fn has(experiment: &ExperimentView, run: &RunView) -> bool {
    experiment.runs.iter().any(|other| other.record.spec_sha256 == run.record.spec_sha256)
}

/// The first run of each method, in the order of the experiment: images of every seed would hide the methods among them.
fn first_seeds(runs: &[RunView]) -> Vec<&RunView> {
    let of = |name: &str| runs.iter().filter(|run| run.record.spec.method == name).min_by_key(|run| run.record.spec.seed);
    method::distinct(runs.iter().map(|run| run.record.spec.method.as_str())).into_iter().filter_map(of).collect()
}

fn group(title: &str, about: &str, kind: FigureKind, runs: &[&RunView]) -> Result<Markup> {
    let of = |run: &&RunView| {
        run.record.figures.clone().into_iter().filter(|image| image.kind == kind && !run.left_out(&image.file)).collect::<Vec<_>>()
    };
    let images: Vec<(&RunView, Figure)> = runs.iter().flat_map(|run| of(run).into_iter().map(|image| (*run, image))).collect();
    // What all captions say, and the seed of all, is said once.
    let captions: BTreeSet<&str> = images.iter().map(|(_, image)| image.caption.as_str()).collect();
    let seeds: BTreeSet<u64> = images.iter().map(|(run, _)| run.record.spec.seed).collect();
    let (caption, seed) = (captions.first().filter(|_| captions.len() == 1), seeds.first().filter(|_| seeds.len() == 1));
    let mut figures = Vec::new();
    for (run, image) in &images {
        figures.push(figure(run, image, caption.is_none(), seed.is_none())?);
    }
    Ok(html! { @if !figures.is_empty() {
        @if !title.is_empty() { h4 { (title) } }
        p.quiet {
            (about) @if let Some(caption) = caption.filter(|caption| **caption != TAKEN) { " " (caption) "." }
            @if let Some(seed) = seed { " Seed " (seed) "." }
        }
        div.images { @for figure in figures { (figure) } }
    } })
}

/// Content that unfolds, where there is any.
fn folded(title: &str, content: Markup) -> Markup {
    html! { @if !content.0.is_empty() { details.figures { summary { (title) } (content) } } }
}

fn figure(run: &RunView, image: &Figure, with_caption: bool, with_seed: bool) -> Result<Markup> {
    let spec = &run.record.spec;
    let name = method::label(&spec.method);
    let title = format!("{name}: {}", image.caption);
    let content = match image.kind {
        FigureKind::Reconstructions | FigureKind::Samples | FigureKind::Tasks | FigureKind::Traversals | FigureKind::Interpolations => {
            artefact::png(&run.folder, &image.file).map(|png| {
                let data = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&png.bytes));
                html! { img src=(data) width=(png.width) height=(png.height) alt=(title); }
            })
        }
        FigureKind::Codes | FigureKind::Projection => {
            let svg = artefact::codes(&run.folder, &image.file).and_then(|all| codes::scatter(&title, image.kind, &all));
            let what = if image.kind == FigureKind::Codes { "codes" } else { "principal components" };
            svg.map(|svg| PreEscaped(named(&svg, &format!("{what} {}", spec.method))))
        }
        FigureKind::Confusion => artefact::confusions(&run.folder, &image.file).map(|all| confusion::tables(&all)),
    };
    let content = match content {
        Ok(content) => content,
        Err(error @ Error::Plot { .. }) => return Err(error),
        Err(error) => html! { p.missing { (error) } },
    };
    let long = image.caption.len() > SHORT;
    Ok(html! {
        figure {
            figcaption {
                strong { (name) } @if with_seed { span { " seed " (spec.seed) } }
                @if with_caption && !long { span { " " (image.caption) } }
            }
            (content)
            @if with_caption && long { p.quiet { (image.caption) } }
        }
    })
}

fn rate_distortion(experiment: &ExperimentView, paper: &Paper, colours: &Colours<'_>) -> Result<Markup> {
    let lines = rate_distortion::lines(&experiment.runs, colours);
    if lines.is_empty() {
        return Ok(html! {});
    }
    let papers = rate_distortion::papers(paper, &experiment.targets, &lines);
    let title = format!("{}: distortion against rate", experiment.title);
    let y = format!("distortion ({SCALED_ERROR})");
    match (Trade { title: &title, x: "rate (nats)", y: &y, lines: &lines, paper: &papers }).svg() {
        Err(Error::Empty { .. }) => Ok(html! {}),
        svg => {
            let swept = lines.iter().any(|line| line.points.len() > 1);
            let plot = html! {
            p.quiet {
                "Test images, mean over seeds."
                @for caution in rate_distortion::mixed(&experiment.runs) { " " (caution) }
                @if swept { " " (rate_distortion::LINES) }
                @if let Some(why) = rate_distortion::warning(&experiment.runs) { " A decoder's curve: " (why) "." }
                @if !papers.is_empty() { " Diamonds are the paper's, in the colours of the methods." }
            }
            figure { (PreEscaped(named(&svg?, &format!("distortion against rate {}", experiment.title_without_path())))) }
            };
            // Two points say no more than the table; a sweep is what was asked for.
            Ok(if swept {
                html! { h4 { "Rate and distortion" } (plot) }
            } else {
                folded("Rate and distortion", plot)
            })
        }
    }
}

fn curves(experiment: &ExperimentView, colours: &Colours<'_>) -> Result<Markup> {
    let training = training(&experiment.runs, colours);
    let plain = experiment.runs.iter().all(|run| run.record.spec.likelihood.is_none());
    let mut plots = Vec::new();
    for (term, lines) in &training.terms {
        let title = format!("{}: {term} during training", experiment.title);
        let scales = [Scale::Whole, scale(term)];
        match (Curves { title: &title, x: training.x, y: &axis(term, plain), scales, lines }).svg() {
            Err(Error::Empty { .. }) => {}
            svg => plots.push((axis(term, plain), named(&svg?, &format!("{term} during training {}", experiment.title_without_path())))),
        }
    }
    Ok(html! {
        @if !plots.is_empty() {
            p.quiet { "Averages over " (if training.x == "epoch" { "an epoch" } else { "neighbouring steps" }) " and all seeds of a method. Each method has its own loss, so that losses of different methods do not compare." }
            div.curves { @for (axis, svg) in &plots { figure { figcaption { strong { (axis) } } (PreEscaped(svg)) } } }
        }
        @if !training.problems.is_empty() {
            ul.missing { @for problem in &training.problems { li { (problem) } } }
        }
    })
}

/// A term with its unit, where all methods have the same. `plain`: whether no run names a likelihood, so that all have the squared error.
fn axis(term: &str, plain: bool) -> String {
    match term {
        // Not the 0.05 times it that stands beside rates.
        "distortion" if plain => "squared error".into(),
        "distortion" => "distortion (the likelihood's)".into(),
        "rate" => "rate (nats)".into(),
        "mmd" => "MMD of the codes (squared)".into(),
        "loss" => "loss (each method's own)".into(),
        _ => term.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distortion_of_training_is_named_apart_from_the_scaled_one_beside_rates() {
        assert_eq!([axis("distortion", true), axis("distortion", false)], ["squared error", "distortion (the likelihood's)"]);
    }
}
