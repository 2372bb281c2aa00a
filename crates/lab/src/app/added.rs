//! Components that a program adds to the catalogues.

use vimae_core::{Entry, Result};
use vimae_corruptions::{BuildCorruption, CORRUPTIONS};

/// What is added when the program runs: corruptions first, which are encoder noise as well.
#[derive(Default)]
pub(super) struct Added {
    corruptions: Vec<Entry<BuildCorruption>>,
    others: Vec<Box<dyn FnOnce() -> Result<()>>>,
}

impl Added {
    pub(super) fn corruption(&mut self, entry: Entry<BuildCorruption>) {
        self.corruptions.push(entry);
    }

    /// Anything else, by what puts it into its catalogue.
    pub(super) fn other(&mut self, add: impl FnOnce() -> Result<()> + 'static) {
        self.others.push(Box::new(add));
    }

    /// Puts all of them into the catalogues.
    pub(super) fn register(self) -> Result<()> {
        self.corruptions.into_iter().try_for_each(|entry| CORRUPTIONS.add(entry))?;
        self.others.into_iter().try_for_each(|add| add())
    }
}
