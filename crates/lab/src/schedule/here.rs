//! Runs one after the other, in this process.

use vimae_core::RunContext;
use vimae_spec::State;

use super::{
    ends::{Ends, device, found},
    plan::Plan,
    work::work,
};
use crate::{Result, Shelf};

pub(super) fn launch(plan: &Plan, retries: u64, devices: &[String], context: &RunContext<'_>, shelf: &mut Shelf) -> Result<Ends> {
    let mut ends = found(plan, context);
    let context = RunContext { device: device(devices, 0), ..*context };
    for (index, end) in ends.iter_mut().enumerate().filter(|(_, end)| end.is_none()) {
        for attempt in 1..=retries + 1 {
            if context.is_stopped() {
                return Ok(ends);
            }
            let status = work(plan, index, attempt, &context, shelf)?;
            let again = status.state == State::Failed && status.again;
            *end = Some(status);
            if !again {
                break;
            }
        }
    }
    Ok(ends)
}
