//! Rate against distortion from the records of runs: a point a method, a line where a grid sweeps one, and the curve
//! of each decoder where annealing gave one; the paper's points where it prints both.

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Doubt, Measurement, Paper, Protocol};

use crate::{caution, colours::Colours, method, plot::Line, run_view::RunView};

/// The distortion that goes with a rate is that of a draw; a deterministic encoder has its code alone.
const DISTORTIONS: [&str; 2] = ["reconstruction(code=sample,scale=0.05)", "reconstruction(code=mean,scale=0.05)"];
/// What lines are, for readers.
pub(crate) const LINES: &str = "A line through a method joins the points of its sweep, each a network of its own; a decoder's curve is one network's, with \
     the best code at every rate (annealed importance sampling, an upper bound of the rate).";
/// How the line of a decoder's curve is called behind its method's name.
const DECODER: &str = ", decoder";

/// The rate and distortion of every seed, by what distinguishes the points of a line.
type Points = BTreeMap<String, Vec<(f64, f64)>>;

/// The lines of all runs, in the order of methods; empty where there are not two points in all.
pub(crate) fn lines(runs: &[RunView], colours: &Colours<'_>) -> Vec<Line> {
    // By the line's name and whether it is a decoder's.
    let mut found: BTreeMap<(String, bool), Points> = BTreeMap::new();
    for run in runs {
        let (record, name) = (&run.record, run.record.spec.method.as_str());
        if let Some([(_, rate), (_, distortion)]) = swept(&record.measurements) {
            let line = found.entry((method::without_point(name).to_owned(), false)).or_default();
            line.entry(name.to_owned()).or_default().push((rate, distortion));
        }
        for (protocol, point) in annealed(&record.measurements) {
            found.entry((name.to_owned(), true)).or_default().entry(protocol.to_string()).or_default().push(point);
        }
    }
    if found.values().map(BTreeMap::len).sum::<usize>() < 2 {
        return Vec::new();
    }
    let mut names: Vec<&(String, bool)> = found.keys().collect();
    names.sort_by_key(|(name, decoder)| (*decoder, method::rank(name)));
    let methods: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
    let line = |(name, colour): (&&(String, bool), usize)| {
        let mut points: Vec<(f64, f64)> = found[*name].values().map(|seeds| mean(seeds)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Line { name: format!("{}{}", method::label(&name.0), if name.1 { DECODER } else { "" }), colour, points }
    };
    names.iter().zip(colours.of_plot(&methods)).map(line).collect()
}

/// What to tell of decoders' curves that should not be relied on; none where all should.
pub(crate) fn warning(runs: &[RunView]) -> Option<String> {
    let doubts = runs.iter().flat_map(|run| &run.record.measurements).filter(|m| is_annealed(m)).flat_map(|m| m.doubts.iter().copied());
    Doubt::warning(&doubts.collect::<BTreeSet<Doubt>>().into_iter().collect::<Vec<_>>())
}

/// What to tell of methods' points that were measured differently, a sentence a quantity; nothing where all compare.
pub(crate) fn mixed(runs: &[RunView]) -> Vec<String> {
    let points = || runs.iter().filter_map(|run| Some((method::without_point(&run.record.spec.method), swept(&run.record.measurements)?)));
    let by_protocol = |title: &str, place: usize| {
        let mut values: Vec<(&Protocol, &str)> = points().map(|(method, point)| (point[place].0, method)).collect();
        values.sort_by_key(|(_, method)| method::rank(method));
        caution::by_protocol(title, values)
    };
    by_protocol("Rate", 0).into_iter().chain(by_protocol("Distortion", 1)).collect()
}

/// The paper's points of the methods among `lines`, with the places of their colours: where a target of the experiment
/// prints both rate and reconstruction.
pub(crate) fn papers(paper: &Paper, targets: &[String], lines: &[Line]) -> Vec<(usize, (f64, f64))> {
    let mut points = Vec::new();
    for target in targets.iter().filter_map(|name| paper.0.get(name)) {
        let row = |metric: &str| target.rows.iter().find(|row| row.metric == metric);
        let (Some(rates), Some(distortions)) = (row("rate"), row("reconstruction")) else { continue };
        for (name, rate) in &rates.values {
            let line = lines.iter().find(|line| line.name == method::label(name));
            let distortion = distortions.values.get(name);
            points.extend(line.zip(distortion).map(|(line, distortion)| (line.colour, (*rate, *distortion))));
        }
    }
    points
}

/// Rate and distortion of one run, each behind how it was measured.
fn swept(measurements: &[Measurement]) -> Option<[(&Protocol, f64); 2]> {
    let rate = measurements.iter().find(|m| m.metric == "rate")?;
    let of = |protocol: &&str| measurements.iter().find(|m| m.protocol == *protocol).filter(|m| m.value.is_some());
    let distortion = DISTORTIONS.iter().find_map(of)?;
    Some([(&rate.protocol, rate.value?), (&distortion.protocol, distortion.value?)])
}

/// Rate and distortion on the way from the prior to the posterior, by protocol.
fn annealed(measurements: &[Measurement]) -> impl Iterator<Item = (&Protocol, (f64, f64))> {
    measurements.iter().filter(|m| is_annealed(m)).filter_map(|rate| {
        let distortion = measurements.iter().find(|m| m.metric == "ais.distortion" && m.protocol == rate.protocol)?;
        Some((&rate.protocol, (rate.value?, distortion.value?)))
    })
}

fn is_annealed(measurement: &Measurement) -> bool {
    measurement.metric == "ais.rate"
}

fn mean(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n)
}
