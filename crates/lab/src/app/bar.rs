//! A bar on standard error for work that counts images.

use crate::{Event, HubEvent, Progress};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar that shows what is being done, how fast and how long it will take.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new() -> Result<Self> {
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template("{msg} [{bar:16}] {pos}/{len} {per_sec}, {eta} left")?);
        Ok(Self(bar))
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn tell(&self, event: Event<'_>) {
        let Event::Working { what, done, of } = event else { return };
        if self.0.message() != what {
            self.0.set_message(what.to_owned());
            self.0.reset_eta();
        }
        self.0.set_length(of as u64);
        self.0.set_position(done as u64);
    }
}

/// Says what comes from the Hub: files and waits.
pub(crate) fn tell(event: HubEvent) {
    match event {
        HubEvent::File { name } => tracing::info!("from the Hub: {name}"),
        HubEvent::Waiting { wait, reason } => tracing::info!("waiting {} s: {reason}", wait.as_secs()),
        _ => {}
    }
}
