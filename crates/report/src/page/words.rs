//! What sections write alike: names for links, digests, intervals, marks and verdicts.

use maud::{Markup, html};
use vimae_spec::{Certainty, Doubt, SummaryRow, Verdict, uncommitted};

use crate::{
    number::{Column, NONE},
    plot::Scale,
    spread::Spread,
};

/// A name for links: letters, digits and hyphens.
pub(crate) fn anchor(parts: &[&str]) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    parts.join("-").chars().map(letter).collect()
}

/// The first digits of a digest, all of it where one points.
pub(super) fn digest(digest: &str) -> Markup {
    html! { code title=(digest) { (short(digest)) } }
}

/// The first digits of a digest, where a link leads to all of it.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(7).collect()
}

/// A commit in words.
pub(super) fn commit(commit: &str) -> Markup {
    match uncommitted(commit) {
        Some(commit) => html! { "commit " code { (commit) } " with uncommitted changes" },
        None => html! { "commit " code { (commit) } },
    }
}

/// How an upright axis of a quantity counts. Rates of 0.001 and of 0.0001 nats are both none: by equal factors, methods that have
/// collapsed would fill most of the plot.
pub(super) fn scale(quantity: &str) -> Scale {
    match quantity {
        "rate" => Scale::Linear,
        _ => Scale::Wide,
    }
}

/// The interval over seeds: its half, or both ends where it is not centred on the mean.
pub(super) fn spread(column: Column, row: &SummaryRow) -> Markup {
    let spread = Spread::of_row(row);
    html! { @if let Some(spread) = spread { span.half { (spread.text(Spread::PLAIN, |number| column.show(Some(number)))) } } }
}

/// A mark at values of the paper that are not certain.
pub(super) fn mark(certainty: Certainty) -> Markup {
    match certainty {
        Certainty::Printed => html! { span.mark {} },
        Certainty::Recovered => html! { span.mark title="a digit may be wrong" { "†" } },
    }
}

/// A mark at a value that should not be relied on, with the reasons where one points.
pub(super) fn doubt(doubts: &[Doubt]) -> Markup {
    html! { @if let Some(why) = Doubt::warning(doubts) { abbr.doubt title=(why) { "?" } } }
}

/// How a mean stands beside the paper.
pub(super) fn verdict(verdict: Option<Verdict>) -> Markup {
    match verdict {
        Some(Verdict::Agrees) => html! { span.inside { "✓ agrees" } },
        Some(Verdict::Differs) => html! { span.outside { "differs" } },
        Some(Verdict::Undecided) => html! { "undecided" },
        None => html! { (NONE) },
    }
}
