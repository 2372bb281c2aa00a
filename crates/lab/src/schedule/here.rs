//! Runs one after the other, in this process.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Ends, Plan, State, Status, Work, found, work};
use crate::{Request, Result, Shelf, device::names};

pub(super) fn launch(
    request: &Request,
    plan: &Plan,
    shelf: &mut Shelf,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Plan, usize, &Status),
) -> Result<Ends> {
    let devices = names(&request.device)?;
    let device = devices.first().map_or("cpu", String::as_str);
    let mut ends = found(request, plan, observe);
    for (index, end) in ends.iter_mut().enumerate().filter(|(_, end)| end.is_none()) {
        for attempt in 1..=request.retries + 1 {
            if stop.load(Ordering::Relaxed) {
                return Ok(ends);
            }
            let order = Work { out: &request.out, root: &request.root, device, attempt, stop };
            let status = work(plan, index, shelf, &order, &mut |status| observe(plan, index, status))?;
            let again = status.state == State::Failed && status.again;
            *end = Some(status);
            if !again {
                break;
            }
        }
    }
    Ok(ends)
}
