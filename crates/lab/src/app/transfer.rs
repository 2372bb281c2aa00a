//! A bar on standard error for files that come from servers or go to them.

use crate::HubEvent;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts bytes.
pub(crate) fn bar() -> Result<ProgressBar> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{msg} [{bar:16}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left")?);
    Ok(bar)
}

/// Shows on the bar what happens.
pub(crate) fn show(bar: &ProgressBar, event: &HubEvent) {
    match event {
        HubEvent::Bytes { done, total } => {
            bar.set_length(total.unwrap_or(*done));
            bar.set_position(*done);
        }
        HubEvent::Waiting { wait, reason } => bar.suspend(|| tracing::info!("waiting {} s: {reason}", wait.as_secs())),
        HubEvent::Step { what } => bar.set_message(*what),
        HubEvent::File { name } => {
            bar.set_message(name.clone());
            bar.set_position(0);
        }
        _ => {}
    }
}
