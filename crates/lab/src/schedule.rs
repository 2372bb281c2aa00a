//! Which runs there are, who works on them, and how far they are.

mod budget;
mod here;
mod plan;
mod processes;
mod slurm;
mod status;
mod work;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

pub(crate) use plan::with_data;
pub use plan::{Node, Plan};
pub use processes::stop_local;
pub use slurm::Submitted;
pub use status::{State, Status};
pub use work::{Work, work};

use crate::{Request, Result, Shelf};

/// Who works on the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Launcher {
    /// This process, one run after the other.
    Here,
    /// Other processes of this machine, several at a time.
    Processes {
        /// The command that is called with `worker OUT INDEX`.
        program: PathBuf,
        /// Processes at a time.
        jobs: usize,
    },
    /// Tasks of Slurm jobs.
    Slurm {
        /// The command that tasks call with `worker OUT INDEX`.
        program: PathBuf,
        /// Tasks at a time; 0: as many as the cluster lets run.
        jobs: usize,
    },
}

impl Launcher {
    /// Runs that are worked on at a time, as far as known.
    fn at_a_time(&self) -> usize {
        match self {
            Self::Here => 1,
            Self::Processes { jobs, .. } | Self::Slurm { jobs, .. } => (*jobs).max(1),
        }
    }
}

/// What a launcher is to do.
#[derive(Clone, Copy)]
pub(crate) struct Errand<'a> {
    pub request: &'a Request,
    pub plan: &'a Plan,
    /// The devices that workers share, at least one.
    pub devices: &'a [String],
    /// Once true, runs save their state and no other is begun.
    pub stop: &'a AtomicBool,
}

impl Errand<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The device of the worker in `slot`.
    fn device(&self, slot: usize) -> &str {
        self.devices.get(slot % self.devices.len().max(1)).map_or("cpu", String::as_str)
    }

    /// The ends of runs that were finished before anyone began, absent for the others.
    fn found(&self, observe: &mut dyn FnMut(&Plan, usize, &Status)) -> Ends {
        let end = |(index, node): (usize, &Node)| {
            let status = node.found.then(|| Status::found(&self.request.device))?;
            observe(self.plan, index, &status);
            Some(status)
        };
        self.plan.nodes.iter().enumerate().map(end).collect()
    }
}

/// How the last attempt at each run of the plan ended; absent for those that nobody began.
pub(crate) type Ends = Vec<Option<Status>>;

/// Has every run worked on that is not finished yet. A run that fails in a way that may pass is tried again
/// [`Request::retries`] times; no failure stops the others.
pub(crate) fn launch(errand: Errand<'_>, shelf: &mut Shelf, observe: &mut dyn FnMut(&Plan, usize, &Status)) -> Result<Ends> {
    match &errand.request.launcher {
        Launcher::Here => here::launch(errand, shelf, observe),
        Launcher::Processes { program, jobs } => processes::launch(errand, (program, *jobs), observe),
        Launcher::Slurm { program, jobs } => slurm::launch(errand, (program, *jobs), observe),
    }
}
