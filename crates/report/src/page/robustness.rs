//! Accuracy from few labels against the strength of noise.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, PreEscaped, html};
use vimae_spec::SummaryRow;

use crate::{
    Error, Result, method,
    plot::{Band, Bands},
};

/// Kinds of noise: the start of the metrics' names, and the axis.
const NOISES: [(&str, &str); 2] = [("accuracy.gaussian_", "standard deviation of the noise"), ("accuracy.mask_", "share of pixels masked")];
/// What the clean end of every curve is.
const CLEAN: &str = "accuracy.clean";
/// Protocols shown at once; the others unfold.
const OPEN: usize = 2;

/// The curves of every data set and protocol.
pub(super) fn section(summary: &[SummaryRow]) -> Result<Markup> {
    let mut protocols: BTreeMap<(&str, &str), Vec<&SummaryRow>> = BTreeMap::new();
    for row in summary.iter().filter(|row| row.metric == CLEAN || NOISES.iter().any(|(start, _)| row.metric.starts_with(start))) {
        protocols.entry((&row.dataset, &row.protocol)).or_default().push(row);
    }
    let mut drawn = Vec::new();
    for ((dataset, protocol), rows) in &protocols {
        let plots = plots(&format!("{protocol} on {dataset}"), rows)?;
        if !plots.is_empty() {
            drawn.push((rank(protocol), *dataset, *protocol, plots));
        }
    }
    drawn.sort_by_key(|(rank, dataset, protocol, _)| (*rank, *dataset, *protocol));
    let (open, folded) = drawn.split_at(drawn.len().min(OPEN));
    let one = |(_, dataset, protocol, plots): &(usize, &str, &str, Vec<Markup>)| {
        html! {
            h4 { code { (protocol) } " on " (dataset) }
            div.curves { @for plot in plots { (plot) } }
        }
    };
    Ok(html! { @if !drawn.is_empty() {
        article id="robustness" {
            h3 { "Accuracy under noise" }
            p.quiet { "Percent of test images classified rightly from the codes of few labelled ones, means over seeds; bands are 95 % intervals where there are several seeds. Diamonds are the paper's values." }
            @for protocol in open { (one(protocol)) }
            @if !folded.is_empty() { details { summary { "Other protocols (" (folded.len()) ")" } @for protocol in folded { (one(protocol)) } } }
        }
    } })
}

/// The paper's protocol first.
fn rank(protocol: &str) -> usize {
    let others = ["linear", "noise=both", "code=sample", "tuned"].iter().filter(|part| protocol.contains(**part)).count();
    let starts = ["svm.transductive", "svm.inductive", "probe", "knn"];
    let start = starts.iter().position(|start| protocol.starts_with(start)).unwrap_or(starts.len());
    others * (starts.len() + 1) + start
}

/// One plot for each kind of noise that was measured.
fn plots(title: &str, rows: &[&SummaryRow]) -> Result<Vec<Markup>> {
    let methods = method::sorted(rows.iter().map(|row| row.method.as_str()));
    let mut plots = Vec::new();
    for (start, axis) in NOISES {
        let lines: Vec<Band> = methods
            .iter()
            .enumerate()
            .map(|(colour, name)| Band {
                name: method::label(name),
                colour,
                points: points(start, rows.iter().filter(|row| row.method == *name)),
                paper: papers(start, rows.iter().filter(|row| row.method == *name)),
            })
            .collect();
        if lines.iter().all(|line| line.points.len() < 2) {
            continue;
        }
        match (Bands { title: &format!("{title}: accuracy by {axis}"), x: axis, y: "accuracy (percent)", lines: &lines }).svg() {
            Err(Error::Empty { .. }) => {}
            svg => plots.push(html! { figure { figcaption { strong { (axis) } } (PreEscaped(svg?)) } }),
        }
    }
    Ok(plots)
}

/// The strength of noise that a metric's name says.
fn strength(start: &str, metric: &str) -> Option<f64> {
    match metric {
        CLEAN => Some(0.0),
        _ => metric.strip_prefix(start)?.replacen('_', ".", 1).parse().ok(),
    }
}

/// The paper's values of a method by strength.
fn papers<'a, 'b: 'a>(start: &str, rows: impl Iterator<Item = &'a &'b SummaryRow>) -> Vec<(f64, f64)> {
    rows.filter_map(|row| Some((strength(start, &row.metric)?, row.paper?))).collect()
}

/// The values of a method by strength. A value that stands under several targets counts once.
fn points<'a, 'b: 'a>(start: &str, rows: impl Iterator<Item = &'a &'b SummaryRow>) -> Vec<(f64, f64, Option<[f64; 2]>)> {
    let mut points: Vec<_> = rows.filter_map(|row| Some((strength(start, &row.metric)?, row.mean?, row.interval))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut seen = BTreeSet::new();
    points.retain(|(at, ..)| seen.insert(at.to_bits()));
    points
}
