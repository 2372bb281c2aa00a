//! What must be known of the values of a table, below it.

use maud::{Markup, html};
use vimae_spec::{Certainty, Doubt, SummaryRow, Verdict};

use super::words::signs;
use crate::{
    caution::{RECOVERED, doubtful},
    collapsed::Collapsed,
    compare::Comparison,
};

/// Below a table of values beside the paper's; `signed`: whether their verdicts stand there as signs alone.
pub(super) fn below(comparisons: &[&Comparison<'_>], signed: bool, collapsed: &Collapsed<'_>) -> Markup {
    let rows: Vec<&SummaryRow> = comparisons.iter().flat_map(|comparison| comparison.ours()).collect();
    let verdicts: Vec<Verdict> = rows.iter().filter(|_| signed).filter_map(|row| row.verdict).collect();
    let papers = comparisons.iter().filter(|comparison| comparison.entries.iter().any(|entry| entry.paper.is_some()));
    html! {
        (marks(&verdicts, papers.map(|comparison| comparison.certainty), doubts(&rows)))
        @for mixed in comparisons.iter().filter_map(|comparison| comparison.mixed()) { p.quiet { (mixed) } }
        (cautions(&rows, collapsed))
    }
}

/// Below a table of ours, with a value of the paper here and there.
pub(super) fn below_rows(rows: &[&SummaryRow], collapsed: &Collapsed<'_>) -> Markup {
    html! {
        (marks(&[], rows.iter().filter_map(|row| row.paper_certainty), doubts(rows)))
        (cautions(rows, collapsed))
    }
}

fn doubts<'a>(rows: &[&'a SummaryRow]) -> impl Iterator<Item = (&'a [Doubt], usize)> {
    rows.iter().map(|row| (row.doubts.as_slice(), row.seeds))
}

/// The marks of a table in one line: those of its verdicts, of the paper's values and of doubtful ones, each with its seeds.
pub(super) fn marks<'a>(
    verdicts: &[Verdict],
    mut papers: impl Iterator<Item = Certainty>,
    doubts: impl Iterator<Item = (&'a [Doubt], usize)>,
) -> Markup {
    let recovered = papers.any(|certainty| certainty == Certainty::Recovered).then(|| RECOVERED.to_owned());
    let all: Vec<String> = signs(verdicts).into_iter().chain(recovered).chain(doubtful(doubts, false)).collect();
    html! { @if !all.is_empty() { p.quiet { (all.join(" ")) } } }
}

fn cautions(rows: &[&SummaryRow], collapsed: &Collapsed<'_>) -> Markup {
    html! { @for caution in collapsed.cautions(rows.iter().copied(), false) { p.quiet { (caution) } } }
}
