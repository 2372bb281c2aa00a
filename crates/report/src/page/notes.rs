//! What is said beside values: once for all methods that it is said of, in full width below the row of their numbers.

use std::collections::BTreeMap;

use maud::{Markup, html};
use vimae_spec::{Expectation, PaperClaim, SummaryRow};

use super::links::Links;
use crate::{method, number::plural};

/// Letters of a note that stands among numbers at most: a longer one would set the height of their row.
const SHORT: usize = 60;
/// Letters of notes that are not folded at most.
const OPEN: usize = 160;

/// The notes of a quantity, with `rows` of one method each: what is said of all of them once, of single ones with their names.
pub(super) fn merged(rows: &[&SummaryRow], links: &Links<'_>) -> Vec<String> {
    let mut methods: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        if let Some(note) = links.remarks(row) {
            methods.entry(readable(&row.entry, note)).or_default().push(method::label(&row.method));
        }
    }
    let of = |(note, names): (String, Vec<String>)| {
        if names.len() == rows.len() { note } else { format!("{}: {note}", names.join(", ")) }
    };
    methods.into_iter().map(of).collect()
}

/// A note of a value of this entry as people read it: claims and expectations name methods.
pub(super) fn readable(entry: &str, note: String) -> String {
    if entry == PaperClaim::ENTRY || entry == Expectation::ENTRY { method::labelled(&note) } else { note }
}

/// The notes of a quantity, where they stand.
pub(super) enum Notes {
    /// One that is short, beside the protocol.
    Beside(String),
    /// Others, in a row of their own.
    Below { notes: Vec<String>, open: bool },
}

impl Notes {
    /// Those of `rows` of a quantity. Without a value they are all that there is to say.
    pub(super) fn of(rows: &[&SummaryRow], links: &Links<'_>) -> Self {
        let valued = rows.iter().any(|row| row.mean.is_some());
        match merged(rows, links).as_slice() {
            [note] if valued && note.chars().count() <= SHORT => Self::Beside(note.clone()),
            notes => {
                let open = !valued || notes.iter().map(|note| note.chars().count()).sum::<usize>() <= OPEN;
                Self::Below { notes: notes.to_vec(), open }
            }
        }
    }

    pub(super) fn beside(&self) -> Markup {
        html! { @if let Self::Beside(note) = self { small { (note) } } }
    }

    /// The row below that of the numbers, over so many columns; sorting keeps the two together.
    pub(super) fn below(&self, columns: usize) -> Markup {
        let Self::Below { notes, open } = self else { return html! {} };
        html! { @if !notes.is_empty() { tr.below { td colspan=(columns) { div {
            @if *open { (notes.join("; ")) } @else { (folded(notes)) }
        } } } } }
    }
}

/// Notes behind how many they are.
pub(super) fn folded(notes: &[String]) -> Markup {
    html! { @if !notes.is_empty() { details.notes {
        summary { (plural(notes.len(), "note")) }
        ul { @for note in notes { li { (note) } } }
    } } }
}
