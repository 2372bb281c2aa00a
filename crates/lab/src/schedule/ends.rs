//! How runs ended.

use vimae_core::{Event, RunContext};
use vimae_spec::Status;

use super::{
    plan::{Node, Plan},
    status,
};

/// How the last attempt at each run of the plan ended; absent for those that nobody began.
pub(crate) type Ends = Vec<Option<Status>>;

/// The ends of runs that were finished before anyone began, absent for the others.
pub(super) fn found(plan: &Plan, context: &RunContext<'_>) -> Ends {
    let end = |(index, node): (usize, &Node)| {
        let status = node.found.then(|| status::found(context.device))?;
        context.progress.tell(Event::Run { index, status: &status });
        Some(status)
    };
    plan.nodes.iter().enumerate().map(end).collect()
}

/// The device of the worker in `slot`.
pub(super) fn device(devices: &[String], slot: usize) -> &str {
    devices.get(slot % devices.len().max(1)).map_or("cpu", String::as_str)
}
