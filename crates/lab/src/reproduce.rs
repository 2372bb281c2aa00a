//! All runs of a profile, then the tables, the summary and the page.

use vimae_checkpoint::{RunLock, atomic};
use vimae_core::RunContext;

use crate::{
    Cost, Outcome, Plan, Request, Result, Shelf,
    destination::{self, Made},
    device::names,
    gather::gather,
    provenance::git_commit,
    schedule::{Foretold, launch, planned},
};

/// A reproduction whose plan is made and whose directory no other process may work on.
pub struct Reproduction<'a> {
    request: &'a Request,
    plan: Plan,
    foretold: Foretold,
    devices: Vec<String>,
    shelf: Shelf,
    _lock: RunLock,
}

impl<'a> Reproduction<'a> {
    /// Checks every run, finds what an earlier call finished, and writes the plan into the context's directory. Where it refuses, the
    /// directory is there only if it was before.
    ///
    /// # Errors
    /// For a part that does not exist, a directory that cannot be written, that holds files of others in
    /// the place of ours, that lies in the data, or on which another reproduction works.
    pub fn plan(request: &'a Request, context: &RunContext<'_>) -> Result<Self> {
        // As it is when the work begins.
        git_commit(context.root);
        // What the command line has wrong should be known before any data is read.
        let devices = names(context.device)?;
        destination::check(context.directory)?;
        destination::check_beside_data(context.directory, &request.profile.experiments)?;
        let made = Made::before(context.directory);
        let lock = RunLock::take(context.directory)?;
        let mut shelf = Shelf::new(request.sources.clone());
        match Self::plan_into(request, context, &devices, &mut shelf) {
            Ok((plan, foretold)) => Ok(Self { request, plan, foretold, devices, shelf, _lock: lock }),
            Err(error) => {
                made.undo(lock);
                Err(error)
            }
        }
    }

    /// The plan, which is written into the context's directory, and what its runs take.
    fn plan_into(request: &Request, context: &RunContext<'_>, devices: &[String], shelf: &mut Shelf) -> Result<(Plan, Foretold)> {
        atomic::sweep(context.directory);
        // An unwritable directory should be known now, not after the first run.
        destination::mark(context.directory)?;
        let (plan, foretold) = planned(request, context, devices, shelf)?;
        plan.save(context.directory)?;
        Ok((plan, foretold))
    }

    /// Its runs.
    pub fn runs(&self) -> &Plan {
        &self.plan
    }

    /// What each of its runs takes by the cost model, at the default rates of its device; none where that cannot be told.
    pub(crate) fn costs(&self) -> Vec<Option<Cost>> {
        self.plan.nodes.iter().map(|node| self.foretold.of(&node.spec)).collect()
    }

    /// Runs everything that is not finished yet, then writes `results.json`, `summary.json` and `index.html`. A run that
    /// fails does not stop the others; it stands in [`Outcome::failed`], as do those that were not begun when the context
    /// was stopped.
    ///
    /// # Errors
    /// Where workers cannot be started or results cannot be written.
    pub fn run(mut self, context: &RunContext<'_>) -> Result<Outcome> {
        let ends = launch(self.request, &self.plan, &self.devices, context, &mut self.shelf)?;
        drop(self.shelf);
        gather(&self.plan, &ends, (context.directory, context.directory), context.root, &self.request.paper)
    }
}
