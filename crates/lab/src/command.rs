//! How this program is called, for texts that name one of its commands.

use std::sync::OnceLock;

/// What the texts of this crate call the program.
pub(crate) const WRITTEN: &str = "cargo xtask";

static CALLED: OnceLock<String> = OnceLock::new();

/// Says how people call this program, before any text names it. The first word counts.
pub(crate) fn call(name: &str) {
    let _ = CALLED.set(name.into());
}

/// How people call this program; this project's own command where none was said.
pub(crate) fn called() -> &'static str {
    CALLED.get().map_or(WRITTEN, String::as_str)
}
