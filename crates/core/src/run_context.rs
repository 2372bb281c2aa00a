//! What every level of a run takes from its caller, from the command line down to the training loop.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{Progress, Silent};

/// Where a run's files go, where it computes, when it stops and who is told of it. A level hands it on as it is, or with
/// one field changed.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// The directory that receives the files: of a reproduction, or of one run.
    pub directory: &'a Path,
    /// The checkout, whose commit goes into records.
    pub root: &'a Path,
    /// The device by its name on the command line: `auto`, `cpu`, `cuda` or `cuda:N`.
    pub device: &'a str,
    /// Once true, work that takes long saves its state and ends.
    pub stop: &'a AtomicBool,
    /// Who is told.
    pub progress: &'a dyn Progress,
}

impl<'a> RunContext<'a> {
    /// A context for work in `directory` on the CPU that never stops and tells nobody.
    pub fn new(directory: &'a Path) -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self { directory, root: directory, device: "cpu", stop: &NEVER, progress: &Silent }
    }

    /// Whether the work is to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
