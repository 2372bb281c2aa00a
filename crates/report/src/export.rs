//! Results as tables for other programs and for papers: CSV, LaTeX, Markdown.

mod csv;
mod latex;
mod markdown;
mod table;

use vimae_spec::{Cell, Paper, SummaryRow};

use crate::compare;

/// A form to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Every cell, seed by seed, with every column: comma-separated values as RFC 4180 has them.
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
    /// Whether tables hold what the paper has no row for, and protocols that are not the nearest to the paper's. CSV always
    /// does.
    pub all: bool,
}

impl Export<'_> {
    /// The results in that form.
    pub fn to(&self, format: Format) -> String {
        let chosen = |target: &str| self.targets.is_empty() || self.targets.iter().any(|t| t == target);
        if format == Format::Csv {
            return csv::text(self.cells.iter().filter(|cell| chosen(&cell.target)));
        }
        let targets = compare::targets(self.paper, self.summary, []);
        let tables = targets.iter().filter(|target| chosen(target.name)).filter_map(|target| table::Table::of(target, self.all));
        let text: Vec<String> = match format {
            Format::Latex => tables.map(|table| latex::text(&table)).collect(),
            _ => tables.map(|table| markdown::text(&table)).collect(),
        };
        text.join("\n")
    }
}

#[cfg(test)]
mod tests;
