//! What the sections of a page share.

use super::links::Links;
use crate::{collapsed::Collapsed, colours::Colours};

/// Names, colours and collapses of everything on the page.
pub(super) struct Shown<'a> {
    pub(super) links: &'a Links<'a>,
    pub(super) colours: &'a Colours<'a>,
    pub(super) collapsed: &'a Collapsed<'a>,
}
