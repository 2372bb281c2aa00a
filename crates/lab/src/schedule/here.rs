//! Runs one after the other, in this process.

use super::{Ends, Errand, Plan, State, Status, Work, work};
use crate::{Result, Shelf};

pub(super) fn launch(errand: Errand<'_>, shelf: &mut Shelf, observe: &mut dyn FnMut(&Plan, usize, &Status)) -> Result<Ends> {
    let Errand { request, plan, stop, .. } = errand;
    let mut ends = errand.found(observe);
    for (index, end) in ends.iter_mut().enumerate().filter(|(_, end)| end.is_none()) {
        for attempt in 1..=request.retries + 1 {
            if errand.stopped() {
                return Ok(ends);
            }
            let order = Work { out: &request.out, root: &request.root, device: errand.device(0), attempt, stop };
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
