//! What must be known of the values of a table, below it.

use maud::{Markup, html};
use vimae_spec::SummaryRow;

use crate::collapsed::Collapsed;

/// Below a table of `rows`.
pub(super) fn below(rows: &[&SummaryRow], collapsed: &Collapsed<'_>) -> Markup {
    html! { @for caution in collapsed.cautions(rows.iter().copied(), false) { p.quiet { (caution) } } }
}
