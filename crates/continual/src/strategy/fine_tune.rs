//! # Nothing against it
//! Each task goes on from the weights of the last: the lower bound of every strategy.

use vimae_core::{Entry, NoSettings, settings::Schema};

use crate::{BuildStrategy, Memory, Past, Result, Strategy};

pub(crate) const ENTRY: Entry<BuildStrategy> = Entry {
    name: "fine_tune",
    summary: "each task goes on from the weights of the last, with nothing against forgetting: the lower bound",
    source: "the usual reference of continual learning; French, Catastrophic forgetting in connectionist networks, 1999",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(FineTune)),
};

struct FineTune;

impl Strategy for FineTune {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn recall(&self, _: &Past<'_>) -> Result<Box<dyn Memory>> {
        Ok(Box::new(Nothing))
    }
}

struct Nothing;

impl Memory for Nothing {}
