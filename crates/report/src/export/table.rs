//! A target as a table: a row a quantity, a column a method, ours above the paper's.

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Cell, Certainty, Direction, SummaryRow};

use crate::{
    caution::{self, OtherImages, RECOVERED},
    collapsed::Collapsed,
    compare::{Target, heading},
    method,
    number::Column,
    spread::{Spread, column_of},
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
    /// What is said of its values that should not be relied on.
    pub(super) doubts: Option<String>,
    /// Sentences on rows that methods were measured for by different protocols.
    pub(super) mixed: Vec<String>,
    /// Sentences on methods whose codes say nothing of the images: none of their values is marked.
    pub(super) collapsed: Vec<String>,
    /// Sentences on data sets of which methods saw other images: no value is marked.
    pub(super) other_images: Vec<String>,
}

/// A quantity.
pub(super) struct Row {
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
    /// The metrics of the target that are asked for, none where there is nothing to show; `cells` of the target tell which methods saw
    /// other images.
    pub(super) fn of(
        target: &Target<'_>,
        cells: &[&Cell],
        all: bool,
        collapsed: &Collapsed<'_>,
        is_asked: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let others = || target.others.iter().filter(|_| all || target.comparisons.is_empty());
        let names = target.comparisons.iter().flat_map(|c| &c.entries).map(|entry| entry.method);
        let methods = method::sorted(names.chain(others().map(|row| row.method.as_str())));
        let seen = cells.iter().map(|cell| (cell.dataset.as_str(), cell.data_sha256.as_str(), cell.method.as_str()));
        let unmarked = Unmarked { collapsed, other_images: OtherImages::of(seen) };
        let means = |ours: &[Option<&SummaryRow>]| means(ours, &unmarked);
        let (mut rows, mut shown, mut mixed) = (Vec::new(), Vec::new(), Vec::new());
        for comparison in target.comparisons.iter().filter(|comparison| is_asked(&comparison.row.metric)) {
            let entry = |method: &&str| comparison.entries.iter().find(|entry| entry.method == *method);
            let ours: Vec<Option<&SummaryRow>> = methods.iter().map(|method| entry(method)?.ours).collect();
            shown.extend(ours.iter().copied().flatten());
            let of_row = comparison.mixed();
            let mark = if of_row.is_some() { " ‡" } else { "" };
            mixed.extend(of_row);
            rows.push(Row {
                label: format!("{}, {}{mark}", comparison.row.label, comparison.dataset),
                protocol: protocols(&ours),
                ours: means(&ours),
                paper: methods.iter().map(|method| entry(method)?.paper).collect(),
                recovered: comparison.certainty == Certainty::Recovered,
            });
        }
        let mut quantities: BTreeMap<(&str, &str, String), Vec<&SummaryRow>> = BTreeMap::new();
        for row in others().filter(|row| is_asked(&row.metric)) {
            quantities.entry((&row.dataset, &row.metric, row.protocol.to_string())).or_default().push(row);
        }
        // One data set of an experiment goes without saying; beside the paper's it says what stands in for which.
        let mut datasets = quantities.keys().map(|(dataset, ..)| *dataset);
        let first = datasets.next();
        let several = target.paper.is_some() || datasets.any(|dataset| Some(dataset) != first);
        for ((dataset, metric, protocol), found) in quantities {
            let ours: Vec<_> = methods.iter().map(|method| found.iter().find(|row| row.method == *method).copied()).collect();
            let label = if several { format!("{metric}, {dataset}") } else { metric.to_owned() };
            shown.extend(found);
            rows.push(Row { label, protocol, ours: means(&ours), paper: Vec::new(), recovered: false });
        }
        (!rows.is_empty()).then(|| Self {
            name: target.name.into(),
            heading: heading(target.name),
            title: target.paper.map_or_else(String::new, |paper| paper.title.clone()),
            methods: methods.iter().map(|method| method::label(method)).collect(),
            rows,
            mixed,
            doubts: caution::doubtful(shown.iter().map(|row| (row.doubts.as_slice(), row.seeds)), true),
            collapsed: collapsed.cautions(shown, true),
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
        notes.extend(self.doubts.clone());
        if self.rows.iter().any(|row| row.recovered && row.paper.iter().any(Option::is_some)) {
            notes.push(RECOVERED.to_owned());
        }
        notes.extend(self.mixed.iter().chain(&self.collapsed).chain(&self.other_images).cloned());
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
    collapsed: &'a Collapsed<'a>,
    other_images: OtherImages<'a>,
}

fn means(rows: &[Option<&SummaryRow>], unmarked: &Unmarked<'_>) -> Vec<Option<Ours>> {
    let found = || rows.iter().flatten().filter_map(|row| Some((row.mean?, *row)));
    let column = column_of(rows.iter().flatten().copied());
    // Values by different protocols do not compare, and one that stands alone is the best of nothing.
    let protocols: BTreeSet<String> = found().map(|(_, row)| row.protocol.to_string()).collect();
    let compare = protocols.len() == 1 && found().count() > 1;
    let one = |row: &SummaryRow| {
        let mean = row.mean?;
        let mut others = found().map(|(_, other)| other).filter(|other| !std::ptr::eq(*other, row));
        let Unmarked { collapsed, other_images } = unmarked;
        let stands = !collapsed.has(row) && !other_images.has(&row.dataset);
        let best = compare && stands && row.doubts.is_empty() && others.all(|other| clearly_better(row, other));
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
