//! Codes in the plane: their plots, and what is said of them.

use std::collections::BTreeSet;

use vimae_spec::FigureKind;

use crate::{
    Result,
    artefact::{self, Codes},
    number::count,
    plot::{Scatter, has_colours},
    run_view::RunView,
};

/// What the circles around codes are.
const CIRCLES: &str = "Dashed circles lie one and two standard deviations of the prior from its centre.";

const CLASSES: &str = "Colours and numbers are classes.";

/// What is to be seen in the plots of this kind: classes where they have colours, circles where a run has them.
pub(super) fn about(runs: &[&RunView], kind: FigureKind) -> String {
    let of = |run: &&RunView| {
        let files = run.record.figures.iter().filter(|figure| figure.kind == kind);
        files.filter_map(|figure| artefact::codes(&run.folder, &figure.file).ok()).collect::<Vec<Codes>>()
    };
    let all: Vec<Codes> = runs.iter().flat_map(of).collect();
    let classes = all.iter().map(|codes| codes.label.iter().collect::<BTreeSet<_>>().len()).max().unwrap_or(0);
    let mut said = Vec::new();
    match classes {
        0 | 1 => {}
        classes if has_colours(classes) => said.push(CLASSES.to_owned()),
        classes => said.push(format!("{} classes, all in one colour.", count(classes as u64))),
    }
    if all.iter().any(|codes| codes.deviation.is_some()) {
        said.push(CIRCLES.to_owned());
    }
    said.join(" ")
}

/// The plot of the codes of a run.
pub(super) fn scatter(title: &str, kind: FigureKind, codes: &Codes) -> Result<String> {
    let finite = |values: &[Option<f64>]| values.iter().map(|v| v.unwrap_or(f64::NAN)).collect::<Vec<f64>>();
    let circles: Vec<f64> = codes.deviation.iter().flat_map(|deviation| [*deviation, 2.0 * deviation]).collect();
    let axes = if kind == FigureKind::Codes {
        ["first dimension of the code", "second dimension"]
    } else {
        ["first component", "second component"]
    };
    Scatter { title, axes, x: &finite(&codes.x), y: &finite(&codes.y), label: &codes.label, names: &codes.names, circles: &circles }.svg()
}
