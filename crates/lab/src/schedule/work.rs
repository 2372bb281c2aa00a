//! One run of a plan, with its status on the disk.

use std::path::Path;

use vimae_core::RunContext;
use vimae_spec::{State, Status};

use super::{
    plan::Plan,
    status::{self, Reporter},
};
use crate::{Error, Result, Shelf, run::run};

/// Says `note` in the status of the run at `index` of `plan`, in the reproduction of `out`.
///
/// # Errors
/// For a place that the plan does not have.
pub fn note(plan: &Plan, index: usize, out: &Path, note: &str) -> Result<()> {
    let folder = plan.node(index, out)?.folder(out);
    if let Some(mut status) = status::as_written(&folder) {
        status.notes.push(note.into());
        status::write(&folder, &status);
    }
    Ok(())
}

/// Trains and evaluates the run at `index` of `plan`, for the `attempt`th time counted from 1, in the reproduction of the
/// context's directory. Gives the run's last status; what goes wrong is in it.
///
/// # Errors
/// For a place that the plan does not have.
pub fn work(plan: &Plan, index: usize, attempt: u64, context: &RunContext<'_>, shelf: &mut Shelf) -> Result<Status> {
    let node = plan.node(index, context.directory)?;
    let folder = node.folder(context.directory);
    plan.start_over(node, context.directory)?;
    let reporter = Reporter::begin(&folder, (index, attempt), context);
    let outcome = run(&node.spec, &RunContext { directory: folder.path(), progress: &reporter, ..*context }, shelf);
    Ok(reporter.end(|status| match &outcome {
        Ok(_) => status.state = State::Finished,
        Err(Error::Stopped | Error::Training(vimae_trainer::Error::Stopped { .. })) => status.state = State::Stopped,
        Err(error) => {
            (status.state, status.again, status.problem) = (State::Failed, error.may_pass(), Some(error.to_string()));
        }
    }))
}
