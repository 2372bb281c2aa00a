//! Rate against distortion from the records of runs: a point a method, a line where a grid sweeps one, and the curve
//! of each decoder where annealing gave one.

use std::collections::BTreeMap;

use vimae_spec::Measurement;

use crate::{method, page::RunView, plot::Line};

/// The distortion that goes with a rate is that of a draw; a deterministic encoder has its code alone.
const DISTORTIONS: [&str; 2] = ["reconstruction(code=sample,scale=0.05)", "reconstruction(code=mean,scale=0.05)"];
/// How the line of a decoder's curve is called behind its method's name.
const DECODER: &str = ", decoder";

/// The rate and distortion of every seed, by what distinguishes the points of a line.
type Points<'a> = BTreeMap<&'a str, Vec<(f64, f64)>>;

/// The lines of all runs, in the order of methods; empty where no method has two points.
pub(crate) fn lines(runs: &[RunView]) -> Vec<Line> {
    // By the line's name and whether it is a decoder's.
    let mut found: BTreeMap<(String, bool), Points<'_>> = BTreeMap::new();
    for run in runs {
        let (record, method) = (&run.record, run.record.spec.method.as_str());
        let base = method.split('[').next().unwrap_or(method).to_owned();
        if let Some(point) = swept(&record.measurements) {
            found.entry((base, false)).or_default().entry(method).or_default().push(point);
        }
        for (protocol, point) in annealed(&record.measurements) {
            found.entry((method.to_owned(), true)).or_default().entry(protocol).or_default().push(point);
        }
    }
    if found.values().all(|points| points.len() < 2) {
        return Vec::new();
    }
    let mut names: Vec<&(String, bool)> = found.keys().collect();
    names.sort_by_key(|(name, decoder)| (*decoder, method::rank(name)));
    let line = |(colour, name): (usize, &(String, bool))| {
        let mut points: Vec<(f64, f64)> = found[name].values().map(|seeds| mean(seeds)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Line { name: format!("{}{}", method::label(&name.0), if name.1 { DECODER } else { "" }), colour, points }
    };
    names.into_iter().enumerate().map(line).collect()
}

/// Rate and distortion of one run.
fn swept(measurements: &[Measurement]) -> Option<(f64, f64)> {
    let rate = measurements.iter().find(|m| m.metric == "rate")?.value?;
    let distortion = DISTORTIONS.iter().find_map(|protocol| measurements.iter().find(|m| m.protocol == *protocol)?.value)?;
    Some((rate, distortion))
}

/// Rate and distortion on the way from the prior to the posterior, by protocol.
fn annealed(measurements: &[Measurement]) -> impl Iterator<Item = (&str, (f64, f64))> {
    measurements.iter().filter(|m| m.metric == "ais.rate").filter_map(|rate| {
        let distortion = measurements.iter().find(|m| m.metric == "ais.distortion" && m.protocol == rate.protocol)?;
        Some((rate.protocol.as_str(), (rate.value?, distortion.value?)))
    })
}

fn mean(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n)
}
