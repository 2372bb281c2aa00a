//! What long work says of itself, and who is told.

use vimae_spec::{Rollback, Status};

/// Something that happened in a run or in other long work.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An earlier call finished the work; its result is read.
    Found,
    /// Training resumed from a checkpoint.
    Resumed {
        /// Steps already taken.
        step: u64,
    },
    /// Training took a step.
    Stepped {
        /// Steps taken.
        step: u64,
        /// Steps of the whole run.
        of: u64,
        /// The loss of this step.
        loss: f64,
    },
    /// Training wrote its state to disk.
    Saved {
        /// Steps taken.
        step: u64,
    },
    /// Training diverged and returned to its last checkpoint.
    RolledBack(&'a Rollback),
    /// Part of an evaluation, or of other work, is done.
    Working {
        /// What is being done.
        what: &'a str,
        /// How much of it is done.
        done: usize,
        /// Of how much.
        of: usize,
    },
    /// One of the runs of a plan is at this point.
    Run {
        /// Its place in the plan.
        index: usize,
        /// How far it is.
        status: &'a Status,
    },
}

/// The one that is told. All levels of a run share it, so that it is told through a shared reference. A function of an
/// [`Event`] is one.
pub trait Progress {
    /// Hears of an event.
    fn tell(&self, event: Event<'_>);

    /// Hears that `done` of `of` units of `what` are done.
    fn working(&self, what: &str, done: usize, of: usize) {
        self.tell(Event::Working { what, done, of });
    }
}

impl<F: Fn(Event<'_>)> Progress for F {
    fn tell(&self, event: Event<'_>) {
        self(event);
    }
}

/// Nobody: events are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event<'_>) {}
}
