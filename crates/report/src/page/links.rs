//! Names of values and runs, so that each can be pointed to: `#v...` is a value of one seed, `#m...` a mean over seeds,
//! `#run-...` a run. They are digests of what a value is, so that a link outlives a page that is made again.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use vimae_spec::{Cell, CellKey, Doubt, SummaryRow, sha256_hex};

use super::{
    input::{ExperimentView, PageInput},
    words::anchor,
};
use crate::{compare::numbered, headline_table::on_seeds, number::plural};

/// Characters of a digest in a name: enough that two of a hundred thousand values hardly ever meet.
const DIGITS: usize = 12;
/// Seeds that a mean links to at most.
const MOST_SEEDS: usize = 10;

/// Where everything on the page is.
pub(super) struct Links<'a> {
    /// The name of each cell, in their order; none for one that is there a second time.
    cells: Vec<Option<String>>,
    /// Seeds and names of the cells behind a mean.
    seeds: BTreeMap<CellKey, Vec<(u64, &'a Cell)>>,
    /// The name of each run, by experiment and place.
    runs: Vec<Vec<String>>,
    /// The first run of a specification.
    by_spec: BTreeMap<&'a str, String>,
    /// The experiment's title of a target that the paper has not.
    titles: BTreeMap<&'a str, &'a str>,
    /// The first experiment of a target, by place.
    images: BTreeMap<&'a str, usize>,
}

impl<'a> Links<'a> {
    pub(super) fn new(input: &PageInput<'a>) -> Self {
        let (runs, by_spec) = runs(input.experiments);
        let mut named = BTreeSet::new();
        let cells = input.cells.iter().map(|cell| Some(of_cell(cell)).filter(|name| named.insert(name.clone()))).collect();
        let mut seeds: BTreeMap<CellKey, Vec<(u64, &Cell)>> = BTreeMap::new();
        let experiments = input.experiments.iter().flat_map(|e| e.runs.iter().map(move |run| (run.record.spec_sha256.as_str(), &*e.title)));
        let experiments: BTreeMap<&str, &str> = experiments.collect();
        let mut titles = BTreeMap::new();
        for cell in input.cells {
            seeds.entry(cell.key()).or_default().push((cell.seed, cell));
            if let Some(title) = experiments.get(cell.spec_sha256.as_str()) {
                titles.insert(cell.target.as_str(), *title);
            }
        }
        let mut images = BTreeMap::new();
        for (place, experiment) in input.experiments.iter().enumerate().filter(|(_, e)| !e.runs.is_empty()) {
            experiment.targets.iter().for_each(|target| _ = images.entry(target.as_str()).or_insert(place));
        }
        Self { cells, seeds, runs, by_spec, titles, images }
    }

    /// The name of the cell at `index`.
    pub(super) fn cell(&self, index: usize) -> Option<&str> {
        self.cells.get(index)?.as_deref()
    }

    /// The name of run `run` of experiment `experiment`.
    pub(super) fn run(&self, experiment: usize, run: usize) -> Option<&str> {
        Some(self.runs.get(experiment)?.get(run)?)
    }

    /// The name of the run of a specification.
    pub(super) fn spec(&self, sha256: &str) -> Option<&str> {
        self.by_spec.get(sha256).map(String::as_str)
    }

    /// The title of the experiment that a target's values come from.
    pub(super) fn title(&self, target: &str) -> Option<&'a str> {
        self.titles.get(target).copied()
    }

    /// A table or figure of the paper by its number, an experiment by its title.
    pub(super) fn heading(&self, target: &str) -> String {
        numbered(target).unwrap_or_else(|| self.title(target).unwrap_or(target).to_owned())
    }

    /// The name of the images of the experiment that a target's values come from.
    pub(super) fn images(&self, target: &str) -> Option<String> {
        self.images.get(target).map(|place| of_images(*place))
    }

    /// What a reader should know beside a mean. Its note is that of one seed, and says of how many where it is not that of all.
    pub(super) fn remarks(&self, row: &SummaryRow) -> Option<String> {
        let seeds = self.seeds.get(&row.key()).map_or(&[][..], Vec::as_slice);
        let with_note = seeds.iter().filter(|(_, cell)| cell.measurement.note == row.note).count();
        let some = (1..seeds.len()).contains(&with_note);
        let note = row.note.as_ref().map(|note| if some { on_seeds(with_note, seeds.len(), note) } else { note.clone() });
        Doubt::remarks_of_mean(&row.doubts, row.seeds, note.as_deref())
    }

    /// The seeds behind a mean in words, each linked to its value: the number of a seed alone would read as how many there are.
    pub(super) fn seeds(&self, row: &SummaryRow) -> Markup {
        let seeds = self.seeds.get(&row.key()).map_or(&[][..], Vec::as_slice);
        html! { @if seeds.is_empty() { (plural(row.seeds, "seed")) } @else {
            (if seeds.len() == 1 { "seed\u{a0}" } else { "seeds\u{a0}" })
            @for (place, (seed, cell)) in seeds.iter().take(MOST_SEEDS).enumerate() {
                @if place > 0 { ", " }
                a href={ "#" (of_cell(cell)) } title={ "the value of seed " (seed) } { (seed) }
            }
            @if seeds.len() > MOST_SEEDS { ", … of " (seeds.len()) }
        } }
    }
}

/// The name of the images of the experiment at `place`.
pub(super) fn of_images(place: usize) -> String {
    format!("images-{}", place + 1)
}

/// The name of a mean.
pub(super) fn of_mean(row: &SummaryRow) -> String {
    name('m', &row.key(), None)
}

fn of_cell(cell: &Cell) -> String {
    name('v', &cell.key(), Some(cell.seed))
}

fn name(kind: char, key: &CellKey, seed: Option<u64>) -> String {
    let CellKey { target, dataset, stands_for, method, metric, protocol } = key;
    let seed = seed.map_or_else(String::new, |seed| seed.to_string());
    let protocol = protocol.to_string();
    let parts = [target, dataset, stands_for, method, metric, &protocol, &seed].map(String::as_str);
    let digest = sha256_hex(parts.join("\u{1f}").as_bytes());
    format!("{kind}{}", digest.get(..DIGITS).unwrap_or_default())
}

fn runs(experiments: &[ExperimentView]) -> (Vec<Vec<String>>, BTreeMap<&str, String>) {
    let (mut taken, mut by_spec) = (BTreeSet::new(), BTreeMap::new());
    let mut name = |sha256: &str| {
        let short: String = sha256.chars().take(DIGITS).collect();
        let start = anchor(&["run", &short]);
        // One specification may be part of several experiments.
        let mut name = start.clone();
        while !taken.insert(name.clone()) {
            name = format!("{start}-{}", taken.len());
        }
        name
    };
    let mut all = Vec::new();
    for experiment in experiments {
        let names: Vec<String> = experiment.runs.iter().map(|run| name(&run.record.spec_sha256)).collect();
        for (run, name) in experiment.runs.iter().zip(&names) {
            by_spec.entry(run.record.spec_sha256.as_str()).or_insert_with(|| name.clone());
        }
        all.push(names);
    }
    (all, by_spec)
}
