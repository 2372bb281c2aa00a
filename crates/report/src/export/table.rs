//! A target as a table: a row a quantity, a column a method, ours above the paper's.

use std::collections::BTreeMap;

use vimae_spec::{Certainty, Direction, SummaryRow};

use crate::{
    compare::{Target, heading},
    method,
    number::Column,
};

/// A table to write.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) heading: String,
    pub(super) title: String,
    /// The methods as the paper writes them.
    pub(super) methods: Vec<String>,
    pub(super) rows: Vec<Row>,
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
    /// Half of its 95 % interval; absent with one seed.
    pub(super) half: Option<f64>,
    /// Whether it is better than all others of its row by more than seeds differ.
    pub(super) best: bool,
    /// How numbers of its row are written.
    pub(super) column: Column,
}

impl Table {
    /// None where there is nothing to show.
    pub(super) fn of(target: &Target<'_>, all: bool) -> Option<Self> {
        let others = || target.others.iter().filter(|_| all || target.comparisons.is_empty());
        let names = target.comparisons.iter().flat_map(|c| &c.entries).map(|entry| entry.method);
        let methods = method::sorted(names.chain(others().map(|row| row.method.as_str())));
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
        for ((dataset, metric, protocol), found) in quantities {
            let ours: Vec<_> = methods.iter().map(|method| found.iter().find(|row| row.method == *method).copied()).collect();
            let label = format!("{metric}, {dataset}");
            rows.push(Row { metric: metric.into(), label, protocol, ours: means(&ours), paper: Vec::new(), recovered: false });
        }
        (!rows.is_empty()).then(|| Self {
            name: target.name.into(),
            heading: heading(target.name),
            title: target.paper.map_or_else(String::new, |paper| paper.title.clone()),
            methods: methods.iter().map(|method| method::label(method)).collect(),
            rows,
        })
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

fn means(rows: &[Option<&SummaryRow>]) -> Vec<Option<Ours>> {
    let found = || rows.iter().flatten().filter_map(|row| Some((row.mean?, *row)));
    let column = Column::of(found().map(|(mean, _)| mean));
    let one = |row: &SummaryRow| {
        let mean = row.mean?;
        let others = found().map(|(_, other)| other).filter(|other| !std::ptr::eq(*other, row));
        let best = found().count() > 1 && others.into_iter().all(|other| clearly_better(row, other));
        Some(Ours { mean, half: row.interval.map(|[low, high]| (high - low) / 2.0), best, column })
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
