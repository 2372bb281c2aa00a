//! What must be known of the values of a table, below it.

use maud::{Markup, html};
use vimae_spec::SummaryRow;

use crate::{collapsed::Collapsed, compare::Comparison};

/// Below a table of values beside the paper's.
pub(super) fn below(comparisons: &[&Comparison<'_>], collapsed: &Collapsed<'_>) -> Markup {
    let rows: Vec<&SummaryRow> = comparisons.iter().flat_map(|comparison| comparison.ours()).collect();
    html! {
        @for mixed in comparisons.iter().filter_map(|comparison| comparison.mixed()) { p.quiet { (mixed) } }
        (below_rows(&rows, collapsed))
    }
}

/// Below a table of ours alone.
pub(super) fn below_rows(rows: &[&SummaryRow], collapsed: &Collapsed<'_>) -> Markup {
    html! { @for caution in collapsed.cautions(rows.iter().copied(), false) { p.quiet { (caution) } } }
}
