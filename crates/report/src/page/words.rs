//! What sections write alike: names for links, digests, intervals, marks and verdicts.

use std::collections::BTreeSet;

use maud::{Markup, html};
use vimae_spec::{Certainty, SummaryRow, Verdict, uncommitted};

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

/// A name or a protocol as code that breaks behind its dots, brackets and commas, and nowhere in a word or a number.
pub(super) fn parted(text: &str) -> Markup {
    let (mut parts, mut part, mut letters) = (Vec::new(), String::new(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        part.push(letter);
        let Some(next) = letters.peek() else { break };
        if matches!(letter, '(' | ',') || (letter == '.' && !next.is_ascii_digit()) {
            parts.push(std::mem::take(&mut part));
        }
    }
    parts.push(part);
    html! { code.parted { @for (place, part) in parts.iter().enumerate() { @if place > 0 { wbr; } (part) } } }
}

/// Texts without repeats, in the order of their first.
pub(super) fn distinct<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    texts.into_iter().filter(|text| seen.insert(*text)).collect()
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
pub(super) fn doubt(warning: Option<String>) -> Markup {
    html! { @if let Some(why) = warning { abbr.doubt title=(why) { "?" } } }
}

/// The class, the sign and the word of a verdict.
fn shown(verdict: Verdict) -> [&'static str; 3] {
    match verdict {
        Verdict::Agrees => ["inside", "✓", "agrees"],
        Verdict::Differs => ["outside", "✗", "differs"],
        Verdict::Undecided => ["outside", UNDECIDED, "undecided"],
    }
}

/// What is undecided, of values and claims alike.
pub(super) const UNDECIDED: &str = "○";

/// How a mean stands beside the paper.
pub(super) fn verdict(verdict: Option<Verdict>) -> Markup {
    let shown = verdict.map(shown);
    html! { @match shown { Some([class, sign, word]) => span class=(class) { (sign) " " (word) }, None => (NONE) } }
}

/// The same as a sign, which [`signs`] explains.
pub(super) fn sign(verdict: Verdict) -> Markup {
    let [class, sign, word] = shown(verdict);
    html! { span class=(class) title=(word) { (sign) } }
}

/// What the signs of these verdicts mean; none where there is none.
pub(super) fn signs(verdicts: &[Verdict]) -> Option<String> {
    let all = [Verdict::Agrees, Verdict::Differs, Verdict::Undecided].into_iter().filter(|verdict| verdicts.contains(verdict));
    let all: Vec<String> = all.map(shown).map(|[_, sign, word]| format!("{sign} {word}")).collect();
    (!all.is_empty()).then(|| format!("Ours beside the paper's: {}.", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::parted;

    #[test]
    fn a_protocol_breaks_behind_its_parts_and_not_within_a_number() {
        let html = parted("svm.inductive(labels=10,C=0.5)").into_string();
        assert_eq!(html, "<code class=\"parted\">svm.<wbr>inductive(<wbr>labels=10,<wbr>C=0.5)</code>");
        assert_eq!(parted("a.").into_string(), "<code class=\"parted\">a.</code>");
        assert_eq!(parted("").into_string(), "<code class=\"parted\"></code>");
    }
}
