//! What a transfer tells while it runs.

use std::time::Duration;

/// What a transfer tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Bytes have come: `done` of `total`, where the server says how many there are.
    Bytes {
        /// Bytes that are here, those of earlier calls included.
        done: u64,
        /// Bytes of the whole file.
        total: Option<u64>,
    },
    /// The transfer waits before it tries again.
    Waiting {
        /// How long.
        wait: Duration,
        /// Why.
        reason: String,
    },
    /// The next step of a push or a pull.
    Step {
        /// In words.
        what: &'static str,
    },
    /// The next file of a pull.
    File {
        /// Its name.
        name: String,
    },
}
