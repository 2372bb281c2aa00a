//! All runs of a profile, then the tables, the summary and the page.

use std::{path::PathBuf, sync::atomic::AtomicBool, time::Instant};

use vimae_checkpoint::{RunLock, atomic};
use vimae_datasets::Sources;
use vimae_spec::Paper;

use crate::{
    Outcome, Plan, Profile, Result, Shelf, Status,
    device::names,
    gather::gather,
    schedule::{Errand, Launcher, launch},
};

/// What to reproduce, and where.
#[derive(Debug, Clone)]
pub struct Request {
    /// The experiments.
    pub profile: Profile,
    /// The paper's numbers.
    pub paper: Paper,
    /// Seeds of each run; the experiments' own where absent.
    pub seeds: Option<u64>,
    /// Choose the machines' C and gamma by cross-validation on labelled codes, whatever the experiments say.
    pub tune: bool,
    /// Where results go.
    pub out: PathBuf,
    /// Forget what earlier calls left there for these runs.
    pub fresh: bool,
    /// Where data is looked for.
    pub sources: Sources,
    /// The checkout that the code was built from.
    pub root: PathBuf,
    /// Where to compute, by its name on the command line.
    pub device: String,
    /// Who works on the runs.
    pub launcher: Launcher,
    /// How often a run that failed in a way that may pass is tried again.
    pub retries: u64,
    /// Seconds that the runs may take; what gives most within them is run.
    pub budget: Option<f64>,
    /// The command that repeats this, for the page.
    pub command: String,
}

/// Runs everything that is not finished yet, then writes `results.json`, `summary.json` and `index.html`.
/// A run that fails does not stop the others; it stands in [`Outcome::failed`], as do those that were not begun when
/// `stop` became true.
///
/// # Errors
/// Before anything runs: for a part that does not exist, a folder that cannot be written or on which another
/// reproduction works. After: where results cannot be written.
pub fn reproduce(request: &Request, stop: &AtomicBool, observe: &mut dyn FnMut(&Plan, usize, &Status)) -> Result<Outcome> {
    let started = Instant::now();
    // What the command line has wrong should be known before any data is read.
    let devices = names(&request.device)?;
    let _lock = RunLock::take(&request.out)?;
    // An unwritable folder should be known now, not after the first run.
    atomic::write(&request.out.join(".vimae"), b"results of cargo xtask reproduce\n")?;
    let mut shelf = Shelf::new(request.sources.clone());
    let plan = Plan::of(request, &devices, &mut shelf)?;
    plan.save(&request.out)?;
    let ends = launch(Errand { request, plan: &plan, devices: &devices, stop }, &mut shelf, observe)?;
    drop(shelf);
    gather(&plan, &ends, &request.out, &request.root, &request.paper, Some(started.elapsed().as_secs_f64()))
}
