//! Experiments of one's own whose data is not on this machine.

use maud::{Markup, html};

use super::input::LeftOut;

/// A line each, with the command that brings the data.
pub(super) fn lines(left_out: &[LeftOut]) -> Markup {
    html! { @for one in left_out {
        p.missing { (one.title) ": not measured, since " (one.reason) ". To bring it, then repeat the command: " code { (one.command) } }
    } }
}
