//! Results as tables for other programs and for papers: CSV, LaTeX, Markdown.

mod csv;
mod headline;
mod latex;
mod markdown;
mod means;
mod table;

use std::collections::BTreeSet;

use vimae_spec::{Cell, Paper, SummaryRow};

use crate::{
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

/// What to export.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// All cells.
    pub cells: &'a [Cell],
    /// The cells over their seeds.
    pub summary: &'a [SummaryRow],
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

impl Export<'_> {
    /// The results in that form.
    pub fn to(&self, format: Format) -> String {
        if self.all && format == Format::Csv {
            return csv::text(self.cells.iter().filter(|cell| self.is_chosen(&cell.target) && self.is_metric(&cell.measurement.metric)));
        }
        let targets = compare::targets(self.paper, self.summary, []);
        let chosen = targets.iter().filter(|target| self.is_chosen(target.name));
        if format == Format::Csv {
            let values = means::values(self.cells);
            return means::text(chosen.flat_map(|target| self.means(target, &values)));
        }
        chosen.filter_map(|target| self.table(target, format)).collect::<Vec<_>>().join("\n")
    }

    /// A target of the paper beside the paper's values, any other as methods against headlines; none where it has no value.
    fn table(&self, target: &Target<'_>, format: Format) -> Option<String> {
        if self.is_headlines(target) {
            let table = self.headlines(target);
            let text = match format {
                Format::Latex => headline::as_latex(&table, target.name),
                _ => headline::as_markdown(&table, target.name),
            };
            return (!table.columns.is_empty()).then_some(text);
        }
        let mut table = Table::of(target, self.cells, self.all || !self.metrics.is_empty())?;
        table.rows.retain(|row| self.is_metric(&row.metric));
        let text = || if format == Format::Latex { latex::text(&table) } else { markdown::text(&table) };
        (!table.rows.is_empty()).then(text)
    }

    /// Methods against headlines. A value that stands under a table of the paper is one of the experiment as well.
    fn headlines(&self, target: &Target<'_>) -> HeadlineTable {
        let own = || self.cells.iter().filter(|cell| cell.target == target.name);
        let runs: BTreeSet<&str> = own().map(|cell| cell.spec_sha256.as_str()).collect();
        let methods = method::distinct(own().map(|cell| cell.method.as_str()));
        let mut cells: Vec<&Cell> = self.cells.iter().filter(|cell| runs.contains(cell.spec_sha256.as_str())).collect();
        // An experiment before it may have the same runs in another order.
        cells.sort_by_key(|cell| methods.iter().position(|method| *method == cell.method));
        let table = HeadlineTable::of(cells.into_iter().map(Observation::from), self.interval);
        if self.metrics.is_empty() { table } else { table.only(self.metrics) }
    }

    /// The means that a table of the target would show.
    fn means(&self, target: &Target<'_>, values: &means::Values) -> Vec<means::Fields> {
        if self.is_headlines(target) {
            return means::of_headlines(target.name, &self.headlines(target));
        }
        let beside_paper = target.comparisons.iter().flat_map(|c| &c.entries).filter_map(|entry| entry.ours);
        let others = target.others.iter().copied().filter(|_| !self.metrics.is_empty());
        let shown = beside_paper.chain(others).filter(|row| self.is_metric(&row.metric));
        shown.map(|row| means::of_row(row, values)).collect()
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
