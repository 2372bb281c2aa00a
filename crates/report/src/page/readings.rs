//! Which reading of the paper's numbers fits: the section of a search over the weight of the distortion.

use maud::{Markup, PreEscaped, html};

use super::input::PageInput;
use crate::{
    Error, Result, compare, method,
    number::{Column, number},
    plot::{Curves, Scale},
    readings::{FITTED, Fit, Found, NoiseRate, Predicted, READINGS, Search, WidthRow, Widths, noise_rates, widths},
};

const TITLE: &str = "Which reading of the paper fits";

/// The section; none where no experiment searched.
pub(super) fn section(input: &PageInput<'_>) -> Result<Option<Markup>> {
    let runs = input.experiments.iter().flat_map(|experiment| &experiment.runs);
    let search = match Search::of(runs.clone(), input.paper, input.interval) {
        Found::Nothing => return Ok(None),
        Found::Mixed { method, dataset } => return Ok(Some(mixed(&method, &dataset))),
        Found::Search(search) => search,
    };
    let fits = search.fits();
    let fitted = compare::heading(FITTED);
    let title = format!("How far the rates of {fitted} are off, by the weight of the distortion");
    let lines = search.lines();
    let scales = [Scale::Log, Scale::Wide];
    let plot = match (Curves { title: &title, x: "weight a", y: "relative error (%)", scales, lines: &lines }).svg() {
        Err(Error::Empty { .. }) => None,
        svg => Some(svg?),
    };
    Ok(Some(html! {
        section id="readings" {
            h2 { (TITLE) }
            p {
                "The paper prints neither the weight a of the distortion nor the unit and the formula of its rates. For each reading of "
                "the rates, a is the weight of those tried whose rates come nearest to " (fitted) ". The other numbers that the paper prints of these "
                "methods are then predicted with it, unchanged. 2 KL is the divergence's sum without its half."
            }
            div.scroll { table.sortable {
                thead { tr {
                    th { "The paper's rate is" } th.number { "a" } th.number { "Rates of " (fitted) ", fitted" } th.number { "All predictions" }
                    th.number { "Rates, predicted" } th.number { "Reconstructions, predicted" } th.number { "Seeds" }
                } }
                tbody { @for fit in &fits { (row(fit)) } }
            } }
            p.quiet {
                "Relative errors: e to the root mean square of ln(ours / the paper's), less 1. 95 % intervals over three or more seeds. "
                "Reconstructions are 0.05 times the squared error and depend on a alone."
                @if fits.iter().any(|fit| fit.at_the_end) { " (end): the smallest or the largest a that was tried; the best may lie beyond." }
            }
            p { (verdict(&fits)) }
            @if !search.unmeasured.is_empty() {
                p.quiet { "Not measured here, and so not predicted: " (search.unmeasured.iter().map(|target| compare::heading(target)).collect::<Vec<_>>().join(", ")) "." }
            }
            @if let Some(svg) = plot { figure { figcaption { strong { "Error of " (fitted) "'s rates by the weight a" } } (PreEscaped(svg)) } }
            @for fit in &fits { (numbers(&search, fit)) }
            (of_noise(&noise_rates(runs.clone(), input.paper)))
            @if let Some(best) = fits.first() { @for of_row in &widths(runs.clone(), input.paper, best.weight) { (of_width(of_row, best.weight)) } }
        }
    }))
}

fn row(fit: &Fit) -> Markup {
    let predicted = fit.predicted.as_ref();
    html! { tr {
        th scope="row" { (READINGS[fit.reading].0) }
        td.number data-value=(fit.weight) { (shortest(fit.weight)) @if fit.at_the_end { small { " (end)" } } }
        (percent(Some(fit.fitted)))
        td.number data-value=[predicted.map(|p| p.mean)] {
            (share(predicted.map(|p| p.mean)))
            @if let Some([low, high]) = predicted.and_then(|p| p.interval) { span.half { " (" (share(Some(low))) " to " (share(Some(high))) ")" } }
        }
        (percent(predicted.and_then(|p| p.rates)))
        (percent(predicted.and_then(|p| p.reconstructions)))
        td.number { (predicted.map_or_else(|| "not measured".to_owned(), |Predicted { seeds, .. }| seeds.to_string())) }
    } }
}

fn verdict(fits: &[Fit]) -> String {
    let (Some(clear), Some(best)) = (Search::is_clear(fits), fits.first()) else {
        return "Nothing is decided: rates that no weight was fitted to are measured for fewer than two readings.".to_owned();
    };
    let said = if clear {
        "is clearly the best: its error on what was predicted is at most half of the next reading's."
    } else {
        "predicts best, but not clearly: that needs at most half of the next reading's error. The default a = 1 stays."
    };
    let end = if best.at_the_end { " Its weight is the last of those tried, so that the best may lie beyond." } else { "" };
    format!("{} with a = {} {said}{end}", READINGS[best.reading].0, shortest(best.weight))
}

/// What stands in the place of a search over different networks.
fn mixed(method: &str, dataset: &str) -> Markup {
    html! { section id="readings" {
        h2 { (TITLE) }
        p.missing {
            "Not searched: runs of " (method::label(method)) " on " (dataset) " differ in more than the weight of the distortion and the seed. "
            "A search is over one network and one training."
        }
    } }
}

/// Each number beside the paper's.
fn numbers(search: &Search, fit: &Fit) -> Markup {
    let compared = search.compared(fit);
    html! { details {
        summary { (READINGS[fit.reading].0) ", a = " (shortest(fit.weight)) ": number by number" }
        div.scroll { table.sortable {
            thead { tr { th { "Target" } th { "Number" } th { "Method" } th.number { "Paper" } th.number { "Ours" } th.number { "Ours / paper" } } }
            tbody { @for one in &compared { tr {
                td { (compare::heading(one.target)) @if one.is_rate && one.target == FITTED { small { " fitted" } } }
                td { (if one.is_rate { "rate" } else { "reconstruction" }) }
                th scope="row" { (method::label(one.method)) }
                td.number data-value=(one.paper) { (shortest(one.paper)) }
                td.number data-value=[one.ours] { (one.ours.map_or_else(|| Column::Fixed(1).show(None), number)) }
                td.number data-value=[one.ours.map(|ours| ours / one.paper)] { (Column::Fixed(2).show(one.ours.map(|ours| ours / one.paper))) }
            } } }
        } }
    } }
}

/// Rates of encoders without a density, times what each reading multiplies by.
fn of_noise(rates: &[NoiseRate]) -> Markup {
    html! { @if !rates.is_empty() {
        h3 { "Rates that need a noise" }
        p.quiet {
            "VIMAE's encoder is deterministic: its rate depends on the noise and on the estimator, and the paper names neither. Ours in nats, "
            "and ours / the paper's under each reading. A Gaussian head has a density of its own."
        }
        div.scroll { table.sortable {
            thead { tr {
                th { "Target" } th { "Method" } th { "Encoder noise" } th { "Estimator" } th.number { "Paper" } th.number { "Ours" }
                @for (name, _) in READINGS { th.number { (name) } }
                th.number { "Seeds" }
            } }
            tbody { @for one in rates { tr {
                td { (compare::heading(&one.target)) }
                th scope="row" { (method::label(&one.objective)) }
                td { code { (one.noise.as_deref().unwrap_or("default")) } }
                td { code { (one.protocol) } }
                td.number data-value=(one.paper) { (shortest(one.paper)) }
                td.number data-value=(one.ours) { (number(one.ours)) }
                @for (_, factor) in READINGS { @let ratio = factor * one.ours / one.paper; td.number data-value=(ratio) { (Column::Fixed(2).show(Some(ratio))) } }
                td.number { (one.seeds) }
            } } }
        } }
    } }
}

/// A row of the paper's likelihoods under windows of every width.
fn of_width(widths: &Widths, fitted: f64) -> Markup {
    let nearest = widths.nearest();
    let best_order = widths.rows.iter().map(|row| row.in_order).max().unwrap_or(0);
    let line = |row: &WidthRow, is_nearest: bool| {
        html! { tr {
            th scope="row" data-value=(row.sigma) { (shortest(row.sigma)) @if is_nearest { small { " nearest" } } }
            @for value in &row.ours { td.number data-value=(value) { (Column::Fixed(0).show(Some(*value))) } }
            td.number data-value=(row.furthest) { (Column::Fixed(0).show(Some(row.furthest))) }
            td.number data-value=(row.in_order) { (row.in_order) }
        } }
    };
    html! {
        h3 { "Width of the windows: " (widths.title) }
        p {
            @if let Some(weight) = widths.weight {
                "With a = " (shortest(weight)) @if weight != fitted { ", the nearest to " (shortest(fitted)) " of those with windows" } ". "
            }
            @if let Some(row) = nearest.map(|place| &widths.rows[place]) {
                "At sigma = " (shortest(row.sigma)) " the furthest method is nearest to the paper: " (Column::Fixed(0).show(Some(row.furthest))) " nats off, "
                (row.in_order) " of " (widths.pairs()) " pairs of methods in its order. At no width are more than " (best_order) " in its order."
            }
        }
        details { summary { "Every width" } div.scroll { table.sortable {
            thead { tr {
                th { "Width" } @for (method, _) in &widths.paper { th.number { (method::label(method)) } }
                th.number { "Furthest" } th.number { "Pairs in order" }
            } }
            tfoot { tr { th scope="row" { "Paper" } @for (_, value) in &widths.paper { td.number { (shortest(*value)) } } td {} td {} } }
            tbody {
                @for (place, row) in widths.rows.iter().enumerate() { (line(row, nearest == Some(place))) }
            }
        } } }
    }
}

fn percent(error: Option<f64>) -> Markup {
    html! { td.number data-value=[error] { (share(error)) } }
}

fn share(error: Option<f64>) -> String {
    let text = Column::Fixed(if error.is_some_and(|error| error.abs() < 0.1) { 1 } else { 0 }).show(error.map(|error| 100.0 * error));
    if error.is_some() { format!("{text}\u{a0}%") } else { text }
}

/// A number as it would be typed.
fn shortest(value: f64) -> String {
    value.to_string()
}
