//! Which of our values stand beside which of the paper's.

use std::collections::BTreeSet;

use vimae_spec::{Certainty, Paper, PaperClaim, PaperRow, PaperTarget, SummaryRow, Verdict};

use crate::{caution, method};

/// A table or figure of the paper, or an experiment that has none, with our values for it.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// Its name in files: `table3`.
    pub(crate) name: &'a str,
    /// What the paper says of it.
    pub(crate) paper: Option<&'a PaperTarget>,
    /// Our values by the protocol nearest to the paper's, beside the paper's.
    pub(crate) comparisons: Vec<Comparison<'a>>,
    /// All other values of ours.
    pub(crate) others: Vec<&'a SummaryRow>,
}

/// One quantity, method by method.
#[derive(Debug)]
pub(crate) struct Comparison<'a> {
    /// The paper's row.
    pub(crate) row: &'a PaperRow,
    /// The data set of our values; the paper's where there are none.
    pub(crate) dataset: &'a str,
    /// How sure the paper's values are.
    pub(crate) certainty: Certainty,
    /// One entry a method.
    pub(crate) entries: Vec<Entry<'a>>,
}

/// One method's value and the paper's.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) method: &'a str,
    pub(crate) ours: Option<&'a SummaryRow>,
    pub(crate) paper: Option<f64>,
}

/// How many, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Share {
    pub(crate) of: usize,
    pub(crate) count: usize,
}

/// The targets that have values or were asked for, tables first.
pub(crate) fn targets<'a>(paper: &'a Paper, summary: &'a [SummaryRow], asked: impl IntoIterator<Item = &'a str>) -> Vec<Target<'a>> {
    let names: BTreeSet<&str> = summary.iter().map(|row| row.target.as_str()).chain(asked).collect();
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| rank(name));
    names.into_iter().map(|name| target(name, paper.0.get(name), summary)).collect()
}

/// Sorts tables before figures before others, by number.
pub(crate) fn rank(target: &str) -> (usize, u64, &str) {
    let kinds = ["table", "figure"];
    let numbered = |(i, kind): (usize, &&str)| Some((i, target.strip_prefix(*kind)?.parse().ok()?, target));
    kinds.iter().enumerate().find_map(numbered).unwrap_or((kinds.len(), 0, target))
}

/// `table3` as `Table 3`; other names as they are.
pub(crate) fn heading(target: &str) -> String {
    numbered(target).unwrap_or_else(|| target.into())
}

/// `table3` as `Table 3`; none for other names.
pub(crate) fn numbered(target: &str) -> Option<String> {
    match rank(target) {
        (0, number, _) => Some(format!("Table {number}")),
        (1, number, _) => Some(format!("Figure {number}")),
        _ => None,
    }
}

fn target<'a>(name: &'a str, paper: Option<&'a PaperTarget>, summary: &'a [SummaryRow]) -> Target<'a> {
    let mine: Vec<&SummaryRow> = summary.iter().filter(|row| row.target == name).collect();
    let comparisons: Vec<Comparison<'_>> =
        paper.into_iter().flat_map(|paper| paper.rows.iter().flat_map(|row| compare(paper, row, &mine))).collect();
    let shown: BTreeSet<*const SummaryRow> =
        comparisons.iter().flat_map(|c| &c.entries).filter_map(|entry| entry.ours.map(std::ptr::from_ref)).collect();
    // Claims stand in the summary.
    let other = |row: &&SummaryRow| row.entry != PaperClaim::ENTRY && !shown.contains(&std::ptr::from_ref(*row));
    let mut others: Vec<&SummaryRow> = mine.into_iter().filter(other).collect();
    // Stable: methods stay in the order of their experiment.
    others.sort_by_key(|row| (row.dataset.as_str(), row.metric.as_str(), &row.protocol));
    Target { name, paper, comparisons, others }
}

/// The row beside our values, once for each data set that we measured it on: for each method the value by the
/// protocol that comes nearest to the paper's.
fn compare<'a>(paper: &'a PaperTarget, row: &'a PaperRow, mine: &[&'a SummaryRow]) -> Vec<Comparison<'a>> {
    let theirs = row.dataset.as_deref().unwrap_or(&paper.dataset);
    let held_against = |ours: &SummaryRow| ours.paper_dataset.as_deref() == Some(theirs) && ours.metric == row.metric;
    let mut ours: Vec<(usize, &SummaryRow)> =
        mine.iter().filter(|ours| held_against(ours)).filter_map(|ours| Some((row.rank(&ours.protocol)?, *ours))).collect();
    ours.sort_by_key(|(rank, _)| *rank);
    let datasets: BTreeSet<&str> = ours.iter().map(|(_, row)| row.dataset.as_str()).collect();
    let datasets = if datasets.is_empty() { BTreeSet::from([theirs]) } else { datasets };
    let entries = |dataset: &str| {
        let here: Vec<&SummaryRow> = ours.iter().map(|(_, row)| *row).filter(|row| row.dataset == dataset).collect();
        let methods = method::sorted(here.iter().map(|row| row.method.as_str()).chain(row.values.keys().map(String::as_str)));
        let entry =
            |method| Entry { method, ours: here.iter().find(|row| row.method == method).copied(), paper: row.values.get(method).copied() };
        methods.into_iter().map(entry).collect()
    };
    datasets.into_iter().map(|dataset| Comparison { row, dataset, certainty: paper.certainty, entries: entries(dataset) }).collect()
}

impl<'a> Comparison<'a> {
    /// The values of ours.
    pub(crate) fn ours(&self) -> Vec<&'a SummaryRow> {
        self.entries.iter().filter_map(|entry| entry.ours).collect()
    }

    /// That its values are by several protocols, behind the mark that stands beside its title; none where they are by one.
    pub(crate) fn mixed(&self) -> Option<String> {
        let measured = self.ours().into_iter().filter(|row| row.mean.is_some());
        let title = format!("{} on {}", self.row.label, self.dataset);
        caution::by_protocol(&title, measured.map(|row| (&row.protocol, row.method.as_str()))).map(|mixed| format!("‡ {mixed}"))
    }

    /// Values of ours that were judged, and those that came out so.
    pub(crate) fn judged(&self, verdict: Verdict) -> Share {
        let verdicts = || self.entries.iter().filter_map(|entry| entry.ours?.verdict);
        Share { of: verdicts().count(), count: verdicts().filter(|found| *found == verdict).count() }
    }

    /// Pairs of methods that the paper tells apart and that we measured by one protocol, and those that our means put in the
    /// same order.
    pub(crate) fn order(&self) -> Share {
        let mut share = Share::default();
        for (i, a) in self.entries.iter().enumerate() {
            for b in &self.entries[..i] {
                let (Some(ours), Some(theirs)) = (a.ours.zip(b.ours), a.paper.zip(b.paper)) else { continue };
                let Some(means) = ours.0.mean.zip(ours.1.mean) else { continue };
                // Two protocols estimate two quantities: their order says nothing of the methods.
                if theirs.0 == theirs.1 || ours.0.protocol != ours.1.protocol {
                    continue;
                }
                share.of += 1;
                share.count += usize::from((means.0 < means.1) == (theirs.0 < theirs.1) && means.0 != means.1);
            }
        }
        share
    }
}

impl std::iter::Sum for Share {
    fn sum<I: Iterator<Item = Self>>(shares: I) -> Self {
        shares.fold(Self::default(), |sum, share| Self { of: sum.of + share.of, count: sum.count + share.count })
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.of == 0 { f.write_str(crate::number::NONE) } else { write!(f, "{} of {}", self.count, self.of) }
    }
}

#[cfg(test)]
mod tests {
    use vimae_spec::Direction;

    use super::*;

    fn summary(target: &str, dataset: &str, method: &str, protocol: &str, mean: f64) -> SummaryRow {
        SummaryRow {
            target: target.into(),
            dataset: dataset.into(),
            model: "wae_conv, width 16, code 8".into(),
            method: method.into(),
            entry: "rate".into(),
            metric: "rate".into(),
            protocol: protocol.into(),
            unit: "nats".into(),
            direction: Direction::Neither,
            slice: None,
            mean: Some(mean),
            interval: None,
            seeds: 1,
            paper_dataset: Some(if dataset == "digits" { "mnist" } else { dataset }.into()),
            stand_in: false,
            paper: None,
            paper_certainty: None,
            difference: None,
            kind: vimae_spec::Kind::Estimate,
            tolerance: None,
            verdict: Some(if mean < 2.0 { Verdict::Agrees } else { Verdict::Differs }),
            doubts: Vec::new(),
            note: None,
        }
    }

    fn paper() -> Paper {
        let text = r#"
            [table2]
            title = "Two data sets"
            dataset = "mnist"
            rows = [
                { label = "a", metric = "rate", protocols = ["nearest", "near"], tolerance = 0.1, values = { vae = 3, vimae_n = 2, beta_h_vae = 1 } },
                { label = "b", metric = "rate", protocols = ["nearest", "near"], tolerance = 0.1, dataset = "celeba", values = { vae = 3 } },
            ]
        "#;
        Paper::parse(text, std::path::Path::new("targets.toml")).unwrap()
    }

    #[test]
    fn values_stand_beside_the_row_they_are_held_against_by_the_nearest_protocol() {
        let paper = paper();
        let rows = [
            summary("table2", "digits", "vimae_n", "near", 2.5),
            summary("table2", "digits", "vae", "near", 1.0),
            summary("table2", "digits", "vae", "far", 7.0),
            summary("table2", "celeba", "vae", "near", 4.0),
        ];
        let targets = targets(&paper, &rows, ["figure9"]);
        assert_eq!(targets.iter().map(|t| t.name).collect::<Vec<_>>(), ["table2", "figure9"]);
        let table = &targets[0];
        let datasets: Vec<(&str, &str)> = table.comparisons.iter().map(|c| (c.row.label.as_str(), c.dataset)).collect();
        assert_eq!(datasets, [("a", "digits"), ("b", "celeba")]);
        assert_eq!(table.others.len(), 1);
        let first = &table.comparisons[0];
        assert_eq!(first.entries.iter().map(|e| e.method).collect::<Vec<_>>(), ["vae", "beta_h_vae", "vimae_n"]);
        assert!(first.entries[1].ours.is_none());
        assert_eq!(first.judged(Verdict::Agrees), Share { of: 2, count: 1 });
        assert_eq!(first.order(), Share { of: 1, count: 0 });
    }

    #[test]
    fn an_order_is_told_by_one_protocol_alone() {
        let rows = [("vae", "near", 3.0), ("vimae_n", "nearest", 1.0), ("beta_h_vae", "near", 2.0)]
            .map(|(method, protocol, mean)| summary("table2", "digits", method, protocol, mean));
        assert_eq!(targets(&paper(), &rows, [])[0].comparisons[0].order(), Share { of: 1, count: 1 });
    }

    #[test]
    fn tables_come_before_figures_by_number() {
        let mut names = ["own", "figure10", "figure2", "table3", "tablecloth"];
        names.sort_by_key(|name| rank(name));
        assert_eq!(names, ["table3", "figure2", "figure10", "own", "tablecloth"]);
        assert_eq!(names.map(heading), ["Table 3", "Figure 2", "Figure 10", "own", "tablecloth"]);
    }
}
