//! # Images of earlier tasks
//! A buffer of a fixed number of training images. In task k a share n_k / (n_1 + .. + n_k) of each step are images of the
//! task, the rest are drawn from the buffer, each image as likely as another; n_i is the number of training images of task
//! i. A step has as many images with any strategy, so that budgets are equal.
//!
//! What the buffer holds is a function of the seed and the tasks, as it would be if images could only be kept or thrown
//! away as they come.

use candle_core::Device;
use rand::RngCore;
use vimae_core::{Batch, Entry, ImageSet, Objective, PixelRange, Purpose, Streams, settings::Schema};

use crate::{
    BuildStrategy, Kept, Memory, Past, Policy, Replay, Result, Strategy, Task,
    buffer::{buffer, groups},
};

pub(crate) const ENTRY: Entry<BuildStrategy> = Entry {
    name: "replay",
    summary: "a buffer of images of earlier tasks takes part in every step",
    source: "Robins, Catastrophic forgetting, rehearsal and pseudorehearsal, 1995; reservoir: Vitter, Random sampling with a reservoir, 1985; Chaudhry et al., On Tiny Episodic Memories, 2019",
    settings: Schema::of::<Images>,
    build: |settings| Ok(Box::new(settings.read::<Images>()?)),
};

vimae_core::settings! {
    /// The buffer.
    struct Images {
        /// images that it holds
        buffer: usize = 500, from 1, to 4_294_967_296_u64;
        /// reservoir: each image so far as likely as another; balanced: as many of each class of each task
        policy: Policy = Policy::Reservoir;
    }
}

impl Strategy for Images {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn lacks(&self, tasks: &[Task], _: &dyn Objective) -> Option<String> {
        let earlier = tasks.get(..tasks.len().saturating_sub(1))?;
        let classes = groups(earlier).ok()?.len();
        (self.policy == Policy::Balanced && self.buffer < classes).then(|| {
            let of = self.buffer;
            format!("a balanced buffer of {of} has no place for each of {classes} classes of earlier tasks; take {classes} or more")
        })
    }

    fn recall(&self, past: &Past<'_>) -> Result<Box<dyn Memory>> {
        let images = buffer(past.tasks, self.policy, self.buffer, &past.run_streams)?;
        let range = past.line_range()?;
        Ok(Box::new(Buffer { images, range, streams: past.streams.fold_in("continual.replay"), device: past.device.clone() }))
    }
}

impl Past<'_> {
    /// The interval of the pixels of every task.
    fn line_range(&self) -> Result<PixelRange> {
        let first = self.tasks.first().map(|task| task.dataset.range());
        first.ok_or_else(|| crate::Error::Lacks { strategy: ENTRY.name.into(), reason: "no task was before".into() })
    }
}

struct Buffer {
    images: ImageSet,
    range: PixelRange,
    streams: Streams,
    device: Device,
}

impl Memory for Buffer {
    fn replay(&self) -> Option<&dyn Replay> {
        Some(self)
    }

    fn kept(&self) -> Kept {
        Kept { images: self.images.len(), bytes: self.images.pixels().len() as u64 }
    }
}

impl Replay for Buffer {
    fn batch(&self, step: u64, count: usize) -> vimae_core::Result<Batch> {
        let mut rng = self.streams.at(Purpose::Shuffle, step);
        let drawn: Vec<usize> = (0..count).map(|_| ((u128::from(rng.next_u64()) * self.images.len() as u128) >> 64) as usize).collect();
        let labels = drawn.iter().filter_map(|index| self.images.labels().get(*index).copied()).collect();
        Ok(Batch { images: self.images.tensor(&drawn, self.range, &self.device)?, labels })
    }
}
