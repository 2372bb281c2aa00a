//! Ctrl-C and SIGTERM: the run under way saves its state and ends.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};

/// What a command exits with that was asked to stop and can go on: the usual code of a failure that may pass.
pub(crate) const STOPPED: u8 = 75;

static STOP: AtomicBool = AtomicBool::new(false);

/// Becomes true with the first signal. Where someone sits before it, a second one ends the process at once.
pub(crate) fn on_signal(interactive: bool) -> Result<&'static AtomicBool> {
    ctrlc::set_handler(move || {
        let before = STOP.swap(true, Ordering::Relaxed);
        match (interactive, before) {
            (true, true) => std::process::exit(130),
            (true, false) => tracing::warn!("stopping after this step; once more to stop at once"),
            (false, _) => {}
        }
    })
    .context("cannot wait for signals")?;
    Ok(&STOP)
}

/// Whether the command was asked to stop, as its exit code.
pub(crate) fn code(otherwise: ExitCode) -> ExitCode {
    if STOP.load(Ordering::Relaxed) { ExitCode::from(STOPPED) } else { otherwise }
}
