//! One run of a plan, with its status on the disk.

use std::{path::Path, sync::atomic::AtomicBool};

use crate::{
    Error, Event, Plan, Result, Shelf,
    device::device,
    run::{Order, run},
    schedule::status::{Reporter, State, Status},
};

/// How a run is worked on.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The folder of the reproduction.
    pub out: &'a Path,
    /// The checkout, whose commit goes into the record.
    pub root: &'a Path,
    /// The device by its name on the command line.
    pub device: &'a str,
    /// Which attempt this is, counted from 1.
    pub attempt: u64,
    /// Once true, the run saves its state and ends.
    pub stop: &'a AtomicBool,
}

/// Trains and evaluates the run at `index` of `plan` and gives its last status; what goes wrong is in it.
///
/// # Errors
/// For a place that the plan does not have.
pub fn work(plan: &Plan, index: usize, shelf: &mut Shelf, work: &Work<'_>, observe: &mut dyn FnMut(&Status)) -> Result<Status> {
    let node = plan.nodes.get(index).ok_or_else(|| Error::Record {
        path: work.out.into(),
        problem: format!("its plan has no run {index}; it has {}", plan.nodes.len()),
    })?;
    let folder = node.folder(work.out);
    let mut reporter = Reporter::begin(&folder, work.device, work.attempt);
    let outcome = device(work.device).and_then(|device| {
        let order = Order { spec: &node.spec, folder: &folder, root: work.root, device: &device, stop: work.stop };
        run(&order, shelf, &mut |event: Event| {
            reporter.observe(&event);
            observe(&reporter.status);
        })
    });
    reporter.end(|status| match &outcome {
        Ok(_) => status.state = State::Finished,
        Err(Error::Training(vimae_trainer::Error::Stopped { .. })) => status.state = State::Stopped,
        Err(error) => {
            (status.state, status.again, status.problem) = (State::Failed, error.may_pass(), Some(error.to_string()));
        }
    });
    observe(&reporter.status);
    Ok(reporter.status)
}
