//! Which runs there are, who works on them, and how far they are.

mod budget;
mod ends;
mod foretold;
mod here;
mod kept;
pub(crate) mod plan;
mod planning;
mod processes;
mod slurm;
mod status;
mod work;

use vimae_core::RunContext;

use crate::{Launcher, Request, Result, Shelf};

pub(crate) use ends::Ends;
pub(crate) use foretold::Foretold;
pub(crate) use kept::{is_copy, layout as kept_runs};
pub use plan::{Node, Plan, WithoutData};
pub(crate) use planning::{absent_data, planned};
pub use processes::stop_local;
pub use slurm::Submitted;
pub use status::{leave_runs, read as read_status};
pub use work::{note, work};

/// Has every run worked on that is not finished yet, on `devices`, of which there is at least one. A run that fails in a
/// way that may pass is tried again [`Request::retries`] times; no failure stops the others.
pub(crate) fn launch(request: &Request, plan: &Plan, devices: &[String], context: &RunContext<'_>, shelf: &mut Shelf) -> Result<Ends> {
    match &request.launcher {
        Launcher::Here => here::launch(plan, request.retries, devices, context, shelf),
        Launcher::Processes { program, jobs } => processes::launch(plan, request.retries, devices, (program, *jobs), context),
        Launcher::Slurm(cluster) => slurm::launch(plan, request.retries, cluster, context),
    }
}
