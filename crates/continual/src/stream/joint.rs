//! # All at once
//! One task of all images: ordinary training, the upper bound of every strategy. Weights have the bits of a run without a
//! stream.

use std::sync::Arc;

use vimae_core::{Dataset, Entry, NoSettings, settings::Schema};

use crate::{BuildStream, Result, Stream, Task};

pub(crate) const ENTRY: Entry<BuildStream> = Entry {
    name: "joint",
    summary: "all images at once, as one task: the upper bound",
    source: "the usual reference of continual learning; Parisi et al., Continual Lifelong Learning with Neural Networks, 2019",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Joint)),
};

struct Joint;

impl Stream for Joint {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn tasks(&self, dataset: &Arc<dyn Dataset>) -> Result<Vec<Task>> {
        Ok(vec![Task { name: "all images".into(), dataset: dataset.clone() }])
    }
}
