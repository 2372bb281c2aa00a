//! A target as a table: a row a quantity, a column a method, ours above the paper's.

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Cell, Certainty, Direction, SummaryRow};

use crate::{
    caution::{self, OtherImages},
    compare::{Target, heading},
    headline::collapsed,
    method,
    number::Column,
    spread::Spread,
};

/// A table to write.
pub(super) struct Table {
    /// For references to it.
    pub(super) name: String,
    pub(super) heading: String,
    pub(super) title: String,
    /// The methods as the paper writes them.
    pub(super) methods: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// Methods, by their names in files, whose codes say nothing of the images: none of their values is marked.
    pub(super) collapsed: Vec<String>,
    /// Those that say nothing since their training was too short for batch norm, with its steps: none of their values is marked.
    pub(super) unsettled: Vec<(String, u64)>,
    /// Sentences on data sets of which methods saw other images: no value is marked.
    pub(super) other_images: Vec<String>,
}

/// A quantity.
pub(super) struct Row {
    /// As in records.
    pub(super) metric: String,
    pub(super) label: String,
    /// How ours was measured; empty where no value is.
    pub(super) protocol: String,
    pub(super) ours: Vec<Option<Ours>>,
    /// The paper's values; empty where it has no row for it.
    pub(super) paper: Vec<Option<f64>>,
    /// Whether a digit of the paper's may be wrong.
    pub(super) recovered: bool,
}

/// A mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ours {
    pub(super) mean: f64,
    /// Its 95 % interval; absent with one seed.
    pub(super) spread: Option<Spread>,
    /// Whether it is better than all others of its row, and its interval lies apart from theirs.
    pub(super) best: bool,
    /// Whether some seed's value should not be relied on.
    pub(super) doubtful: bool,
    /// How numbers of its row are written.
    pub(super) column: Column,
}

impl Table {
    /// None where there is nothing to show; `cells` of the target tell which methods saw other images, and `steps` those of each run
    /// that had too few for its batch norm, by the digest of its specification.
    pub(super) fn of(target: &Target<'_>, cells: &[&Cell], steps: &BTreeMap<String, u64>, all: bool) -> Option<Self> {
        let others = || target.others.iter().filter(|_| all || target.comparisons.is_empty());
        let names = target.comparisons.iter().flat_map(|c| &c.entries).map(|entry| entry.method);
        let methods = method::sorted(names.chain(others().map(|row| row.method.as_str())));
        let seen = cells.iter().map(|cell| (cell.dataset.as_str(), cell.data_sha256.as_str(), cell.method.as_str()));
        let unmarked = Unmarked { collapsed: collapsed_of(target), other_images: OtherImages::of(seen) };
        let means = |ours: &[Option<&SummaryRow>]| means(ours, &unmarked);
        let mut rows = Vec::new();
        for comparison in &target.comparisons {
            let entry = |method: &&str| comparison.entries.iter().find(|entry| entry.method == *method);
            let ours: Vec<Option<&SummaryRow>> = methods.iter().map(|method| entry(method)?.ours).collect();
            rows.push(Row {
                metric: comparison.row.metric.clone(),
                label: format!("{}, {}", comparison.row.label, comparison.dataset),
                protocol: protocols(&ours),
                ours: means(&ours),
                paper: methods.iter().map(|method| entry(method)?.paper).collect(),
                recovered: comparison.certainty == Certainty::Recovered,
            });
        }
        let mut quantities: BTreeMap<(&str, &str, String), Vec<&SummaryRow>> = BTreeMap::new();
        for row in others() {
            quantities.entry((&row.dataset, &row.metric, row.protocol.to_string())).or_default().push(row);
        }
        // One data set of an experiment goes without saying; beside the paper's it says what stands in for which.
        let mut datasets = quantities.keys().map(|(dataset, ..)| *dataset);
        let first = datasets.next();
        let several = target.paper.is_some() || datasets.any(|dataset| Some(dataset) != first);
        for ((dataset, metric, protocol), found) in quantities {
            let ours: Vec<_> = methods.iter().map(|method| found.iter().find(|row| row.method == *method).copied()).collect();
            let label = if several { format!("{metric}, {dataset}") } else { metric.to_owned() };
            rows.push(Row { metric: metric.into(), label, protocol, ours: means(&ours), paper: Vec::new(), recovered: false });
        }
        let unsettled: BTreeMap<(&str, &str), u64> = cells
            .iter()
            .filter_map(|cell| Some(((cell.dataset.as_str(), cell.method.as_str()), *steps.get(&cell.spec_sha256)?)))
            .filter(|(of, _)| unmarked.collapsed.contains(of))
            .collect();
        (!rows.is_empty()).then(|| Self {
            name: target.name.into(),
            heading: heading(target.name),
            title: target.paper.map_or_else(String::new, |paper| paper.title.clone()),
            methods: methods.iter().map(|method| method::label(method)).collect(),
            rows,
            collapsed: unmarked
                .collapsed
                .iter()
                .filter(|of| !unsettled.contains_key(*of))
                .map(|(_, method)| (*method).to_owned())
                .collect(),
            unsettled: unsettled.iter().map(|((_, method), steps)| ((*method).to_owned(), *steps)).collect(),
            other_images: unmarked.other_images.sentences(true),
        })
    }
}

impl Table {
    /// What a reader must know of its numbers, a sentence each; none where there is no interval and no mark.
    pub(super) fn notes(&self) -> Vec<String> {
        let all = || self.rows.iter().flat_map(|row| &row.ours).flatten();
        let mut notes = Vec::new();
        if all().any(|ours| matches!(ours.spread, Some(Spread::Half(_)))) {
            notes.push("Ours: mean over seeds ± half of Student's 95 % interval.".to_owned());
        }
        if all().any(|ours| matches!(ours.spread, Some(Spread::Ends(_)))) {
            let ends = "In brackets: both ends of a 95 % interval that its mean does not halve: Wilson's of a share of seeds, or one \
                        without what a percentage or a count cannot be.";
            notes.push(ends.to_owned());
        }
        if all().any(|ours| ours.best) {
            notes.push("In bold: better than all others of its row; its 95 % interval lies apart from all of theirs.".to_owned());
        }
        if all().any(|ours| ours.doubtful) {
            notes.push("?: do not rely on it; results.json says why.".to_owned());
        }
        let has_mmd = self.rows.iter().any(|row| row.metric == "mmd");
        notes.extend(caution::collapse(self.collapsed.iter().map(String::as_str), has_mmd, true));
        let steps = self.unsettled.iter().map(|(_, steps)| *steps).max();
        let unsettled = self.unsettled.iter().map(|(method, _)| method.as_str());
        notes.extend(steps.and_then(|steps| caution::unsettled(unsettled, steps, true)));
        notes.extend(self.other_images.iter().cloned());
        notes
    }
}

/// The protocols of a row's values: methods of another kind are measured in another way.
fn protocols(rows: &[Option<&SummaryRow>]) -> String {
    let mut names: Vec<String> = Vec::new();
    for row in rows.iter().flatten() {
        let name = row.protocol.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" or ")
}

/// What is not the best of a row, whatever its value.
struct Unmarked<'a> {
    /// Data sets and methods whose codes say nothing of the images.
    collapsed: BTreeSet<(&'a str, &'a str)>,
    other_images: OtherImages<'a>,
}

fn collapsed_of<'a>(target: &Target<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let entries = target.comparisons.iter().flat_map(|comparison| &comparison.entries).filter_map(|entry| entry.ours);
    let mut of: BTreeMap<(&str, &str), Vec<&SummaryRow>> = BTreeMap::new();
    for row in entries.chain(target.others.iter().copied()) {
        of.entry((row.dataset.as_str(), row.method.as_str())).or_default().push(row);
    }
    of.into_iter().filter(|(_, rows)| collapsed(rows).is_some()).map(|(of, _)| of).collect()
}

fn means(rows: &[Option<&SummaryRow>], unmarked: &Unmarked<'_>) -> Vec<Option<Ours>> {
    let found = || rows.iter().flatten().filter_map(|row| Some((row.mean?, *row)));
    let column = Column::of(found().map(|(mean, _)| mean));
    // Values by different protocols do not compare, and one that stands alone is the best of nothing.
    let protocols: BTreeSet<String> = found().map(|(_, row)| row.protocol.to_string()).collect();
    let compare = protocols.len() == 1 && found().count() > 1;
    let one = |row: &SummaryRow| {
        let mean = row.mean?;
        let mut others = found().map(|(_, other)| other).filter(|other| !std::ptr::eq(*other, row));
        let Unmarked { collapsed, other_images } = unmarked;
        let stands = !collapsed.contains(&(row.dataset.as_str(), row.method.as_str())) && !other_images.has(&row.dataset);
        let best = compare && stands && others.all(|other| clearly_better(row, other));
        Some(Ours { mean, spread: Spread::of_row(row), best, doubtful: !row.doubts.is_empty(), column })
    };
    rows.iter().map(|row| one((*row)?)).collect()
}

/// Whether the intervals over seeds leave no doubt; without one there is doubt.
fn clearly_better(row: &SummaryRow, other: &SummaryRow) -> bool {
    let (Some([low, high]), Some([other_low, other_high])) = (row.interval, other.interval) else { return false };
    match row.direction {
        Direction::Higher => low > other_high,
        Direction::Lower => high < other_low,
        Direction::Neither => false,
    }
}
