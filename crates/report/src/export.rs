//! Results as tables for other programs and for papers: CSV, LaTeX, Markdown.

mod csv;
mod headline;
mod latex;
mod markdown;
mod means;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use vimae_spec::{Cell, Paper, SummaryRow};

use crate::{
    collapsed::Collapsed,
    compare::{self, Target},
    headline::is_headline,
    headline_table::{HeadlineTable, MeanInterval},
    method,
    observation::Observation,
};
use table::Table;

/// A form to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values as RFC 4180 has them: a row a mean over seeds, or a row a cell where everything is asked for.
    Csv,
    /// A table a target for a document with `booktabs`.
    Latex,
    /// A table a target.
    Markdown,
}

/// An experiment as it is, or as it was in an earlier call into the same directory: each has a table of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The experiment's name in files, which is the target of its values.
    pub target: String,
    /// What stands above its table.
    pub title: String,
    /// The values of its runs.
    pub cells: Vec<Cell>,
    /// These over their seeds.
    pub summary: Vec<SummaryRow>,
}

/// What to export.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// All cells.
    pub cells: &'a [Cell],
    /// The cells over their seeds.
    pub summary: &'a [SummaryRow],
    /// The experiments with their titles, each as it is before itself as it was. One that is not among them has its name above its table.
    pub versions: &'a [Version],
    /// Dimensions of the code of each run, by the digest of its specification, where they are known.
    pub codes: &'a BTreeMap<String, usize>,
    /// Steps of each run that had too few for the running statistics of its batch norm, by the digest of its specification.
    pub unsettled: &'a BTreeMap<String, u64>,
    /// The paper's numbers.
    pub paper: &'a Paper,
    /// Tables, figures or experiments; all where empty.
    pub targets: &'a [String],
    /// Only these metrics, by their names in the records or among the headlines. Where empty: the paper's of its tables and
    /// figures, the headlines of other experiments.
    pub metrics: &'a [String],
    /// Every metric and protocol; in CSV every cell, seed by seed.
    pub all: bool,
    /// The interval of a mean over seeds.
    pub interval: MeanInterval,
}

/// What one table shows: a target, or one version of an experiment.
struct Part<'a> {
    target: Target<'a>,
    /// Its values.
    cells: Vec<&'a Cell>,
    /// What stands above it in place of the target's name.
    title: Option<&'a str>,
    /// Methods that have collapsed, by everything that was measured of them.
    collapsed: Collapsed<'a>,
    /// Which of the target's versions it is; 0 for the first, or where there are none.
    place: usize,
}

impl<'a> Part<'a> {
    fn heading(&self) -> &'a str {
        self.title.unwrap_or(self.target.name)
    }

    /// A name for references to its table, which no other has.
    fn label(&self) -> String {
        let name = self.target.name;
        if self.place == 0 { name.to_owned() } else { format!("{name}-before-{}", self.place) }
    }
}

impl<'a> Export<'a> {
    /// The results in that form.
    pub fn to(&self, format: Format) -> String {
        if self.all && format == Format::Csv {
            return csv::text(self.cells.iter().filter(|cell| self.is_chosen(&cell.target) && self.is_metric(&cell.measurement.metric)));
        }
        let parts = self.parts();
        if format == Format::Csv {
            return means::text(parts.iter().flat_map(|part| self.means(part)));
        }
        parts.iter().filter_map(|part| self.table(part, format)).collect::<Vec<_>>().join("\n")
    }

    /// What the tables show. Versions of an experiment that stand for a table of the paper share that one, as on the page.
    fn parts(&self) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        let short = || self.unsettled.iter().map(|(run, steps)| (run.as_str(), *steps));
        let all = Collapsed::of(self.summary).settled_by(short(), self.cells);
        for target in compare::targets(self.paper, self.summary, []).into_iter().filter(|target| self.is_chosen(target.name)) {
            let versions = self.versions.iter().filter(|version| target.paper.is_none() && version.target == target.name);
            let before = parts.len();
            for (place, version) in versions.enumerate() {
                let of = compare::targets(self.paper, &version.summary, []).into_iter().find(|of| of.name == target.name);
                let (cells, title) = (version.cells.iter().collect(), Some(version.title.as_str()));
                let collapsed = Collapsed::of(&version.summary).settled_by(short(), &version.cells);
                parts.extend(of.map(|target| Part { target, cells, title, collapsed, place }));
            }
            if parts.len() == before {
                let cells = self.cells.iter().filter(|cell| cell.target == target.name).collect();
                parts.push(Part { target, cells, title: None, collapsed: all.clone(), place: 0 });
            }
        }
        parts
    }

    /// A target of the paper beside the paper's values, any other as methods against headlines; none where it has no value.
    fn table(&self, part: &Part<'_>, format: Format) -> Option<String> {
        if self.is_headlines(&part.target) {
            let table = self.headlines(part);
            let text = match format {
                Format::Latex => headline::as_latex(&table, part.heading(), &part.label()),
                _ => headline::as_markdown(&table, part.heading()),
            };
            return (!table.columns.is_empty()).then_some(text);
        }
        let all = self.all || !self.metrics.is_empty();
        let mut table = Table::of(&part.target, &part.cells, all, &part.collapsed, |metric| self.is_metric(metric))?;
        table.name = part.label();
        if let Some(title) = part.title {
            table.heading = title.to_owned();
        }
        Some(if format == Format::Latex { latex::text(&table) } else { markdown::text(&table) })
    }

    /// Methods against headlines. A value that stands under a table of the paper is one of the experiment as well.
    fn headlines(&self, part: &Part<'_>) -> HeadlineTable {
        let runs: BTreeSet<&str> = part.cells.iter().map(|cell| cell.spec_sha256.as_str()).collect();
        let methods = method::distinct(part.cells.iter().map(|cell| cell.method.as_str()));
        let mut cells: Vec<&'a Cell> = self.cells.iter().filter(|cell| runs.contains(cell.spec_sha256.as_str())).collect();
        // An experiment before it may have the same runs in another order.
        cells.sort_by_key(|cell| methods.iter().position(|method| *method == cell.method));
        let observed = |cell: &'a Cell| Observation {
            code: self.codes.get(&cell.spec_sha256).copied(),
            unsettled: self.unsettled.get(&cell.spec_sha256).copied(),
            ..Observation::from(cell)
        };
        let table = HeadlineTable::of(cells.into_iter().map(observed), self.interval);
        if self.metrics.is_empty() { table } else { table.only(self.metrics) }
    }

    /// The means that a table would show. Those of an experiment as it was have its heading in place of its name.
    fn means(&self, part: &Part<'_>) -> Vec<means::Fields> {
        let Part { target, cells, place, .. } = part;
        let name = if *place == 0 { target.name } else { part.heading() };
        if self.is_headlines(target) {
            return means::of_headlines(name, &self.headlines(part));
        }
        let values = means::values(cells);
        let beside_paper = target.comparisons.iter().flat_map(|c| &c.entries).filter_map(|entry| entry.ours);
        let others = target.others.iter().copied().filter(|_| !self.metrics.is_empty());
        let shown = beside_paper.chain(others).filter(|row| self.is_metric(&row.metric));
        shown.map(|row| means::of_row(name, row, &values)).collect()
    }

    /// Whether the target is shown by its headlines.
    fn is_headlines(&self, target: &Target<'_>) -> bool {
        target.paper.is_none() && !self.all && self.metrics.iter().all(|metric| is_headline(metric))
    }

    fn is_chosen(&self, target: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|chosen| chosen == target)
    }

    fn is_metric(&self, metric: &str) -> bool {
        self.metrics.is_empty() || self.metrics.iter().any(|chosen| chosen == metric)
    }
}

#[cfg(test)]
mod tests;
