//! What the tests of the workspace share: golden answers, the command line, small parts.

pub mod command;
pub mod golden;
pub mod parts;

use std::path::PathBuf;

/// The checkout.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Into::into).unwrap_or(here)
}
