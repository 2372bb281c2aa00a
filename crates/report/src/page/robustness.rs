//! Accuracy from few labels against the strength of noise.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, PreEscaped, html};
use vimae_spec::{Protocol, Slice, SummaryRow};

use crate::{
    Error, Result,
    colours::Colours,
    method,
    plot::{Band, Bands},
    plot_files::named,
};

/// What the strength of a corruption is called; of another it is its strength.
const AXES: [(&str, &str); 2] = [("gaussian", "standard deviation of the noise"), ("mask", "share of pixels masked")];
/// What the clean end of every curve is.
const CLEAN: &str = "accuracy.clean";
/// Protocols shown at once; the others unfold.
const OPEN: usize = 2;

/// The curves of every data set and protocol.
pub(super) fn section(summary: &[SummaryRow], colours: &Colours<'_>) -> Result<Markup> {
    let mut protocols: BTreeMap<(&str, &Protocol), Vec<&SummaryRow>> = BTreeMap::new();
    for row in summary.iter().filter(|row| row.metric == CLEAN || corruption(row).is_some()) {
        protocols.entry((&row.dataset, &row.protocol)).or_default().push(row);
    }
    let mut drawn = Vec::new();
    for ((dataset, protocol), rows) in &protocols {
        let plots = plots(dataset, protocol, rows, colours)?;
        if !plots.is_empty() {
            drawn.push((rank(protocol), *dataset, *protocol, plots));
        }
    }
    drawn.sort_by_key(|(rank, dataset, protocol, _)| (*rank, *dataset, *protocol));
    let (open, folded) = drawn.split_at(drawn.len().min(OPEN));
    let one = |(_, dataset, protocol, plots): &(usize, &str, &Protocol, Vec<Markup>)| {
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
fn rank(protocol: &Protocol) -> usize {
    let is = |name, value: &str| protocol.parameter(name) == Some(value);
    let others = [is("kernel", "linear"), is("noise", "both"), is("code", "sample"), protocol.parameter("tuned").is_some()];
    let names = ["svm.transductive", "svm.inductive", "probe.logistic", "knn"];
    let name = names.iter().position(|name| protocol.name == *name).unwrap_or(names.len());
    others.into_iter().filter(|other| *other).count() * (names.len() + 1) + name
}

/// The corruption and strength that a value is of.
fn corruption(row: &SummaryRow) -> Option<(&str, f64)> {
    match &row.slice {
        Some(Slice::Corruption { name, strength }) => Some((name, *strength)),
        _ => None,
    }
}

/// One plot for each kind of noise that was measured.
fn plots(dataset: &str, protocol: &Protocol, rows: &[&SummaryRow], colours: &Colours<'_>) -> Result<Vec<Markup>> {
    // A path of images stands behind their kind.
    let kind = dataset.split(':').next().unwrap_or(dataset);
    let methods = method::distinct(rows.iter().map(|row| row.method.as_str()));
    let colours = colours.of_plot(&methods);
    let mut plots = Vec::new();
    let kinds: BTreeSet<&str> = rows.iter().filter_map(|row| corruption(row)).map(|(name, _)| name).collect();
    for start in kinds {
        let axis = AXES.iter().find(|(name, _)| *name == start).map_or_else(|| format!("strength of {start}"), |(_, axis)| (*axis).into());
        let axis = axis.as_str();
        let lines: Vec<Band> = methods
            .iter()
            .zip(&colours)
            .map(|(name, colour)| Band {
                name: method::label(name),
                colour: *colour,
                points: points(start, rows.iter().filter(|row| row.method == *name)),
                paper: papers(start, rows.iter().filter(|row| row.method == *name)),
            })
            .collect();
        if lines.iter().all(|line| line.points.len() < 2) {
            continue;
        }
        let title = format!("{protocol} on {dataset}: accuracy by {axis}");
        match (Bands { title: &title, x: axis, y: "accuracy (percent)", lines: &lines }).svg() {
            Err(Error::Empty { .. }) => {}
            svg => {
                let svg = named(&svg?, &format!("accuracy by {axis} {kind} {protocol}"));
                plots.push(html! { figure { figcaption { strong { (axis) } } (PreEscaped(svg)) } });
            }
        }
    }
    Ok(plots)
}

/// How strongly the images of a value are corrupted in this way; clean ones not at all.
fn strength(kind: &str, row: &SummaryRow) -> Option<f64> {
    match corruption(row) {
        Some((name, strength)) => (name == kind).then_some(strength),
        None => (row.metric == CLEAN).then_some(0.0),
    }
}

/// The paper's values of a method by strength.
fn papers<'a, 'b: 'a>(start: &str, rows: impl Iterator<Item = &'a &'b SummaryRow>) -> Vec<(f64, f64)> {
    rows.filter_map(|row| Some((strength(start, row)?, row.paper?))).collect()
}

/// The values of a method by strength. A value that stands under several targets counts once.
fn points<'a, 'b: 'a>(start: &str, rows: impl Iterator<Item = &'a &'b SummaryRow>) -> Vec<(f64, f64, Option<[f64; 2]>)> {
    let mut points: Vec<_> = rows.filter_map(|row| Some((strength(start, row)?, row.mean?, row.interval))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut seen = BTreeSet::new();
    points.retain(|(at, ..)| seen.insert(at.to_bits()));
    points
}
