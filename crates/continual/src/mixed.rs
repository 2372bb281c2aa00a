//! Batches of a task with replayed images among them.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use vimae_core::{Batch, Batches, Dataset, Split, Streams};
use vimae_datasets::Loader;

use crate::{Replay, Result};

/// Batches of a fixed number of images: first those of the task, then replayed ones. An epoch has as many steps as whole
/// batches of the task's own images fill, with replay or without.
pub(crate) struct Mixed<'a> {
    own: Loader,
    per_epoch: u64,
    replay: Option<(&'a dyn Replay, usize)>,
}

impl<'a> Mixed<'a> {
    /// Batches of `batch` images of the training split, of which `replayed` come from elsewhere.
    ///
    /// # Errors
    /// For a batch of more images than there are.
    pub(crate) fn new(
        dataset: Arc<dyn Dataset>,
        batch: usize,
        replay: Option<(&'a dyn Replay, usize)>,
        streams: Streams,
        device: &Device,
    ) -> Result<Self> {
        let whole = Loader::new(dataset.clone(), Split::Train, batch, streams, device)?;
        let per_epoch = whole.per_epoch();
        let own = match replay {
            Some((_, count)) => Loader::new(dataset, Split::Train, batch - count.min(batch), streams, device)?,
            None => whole,
        };
        Ok(Self { own, per_epoch, replay })
    }
}

impl Batches for Mixed<'_> {
    fn per_epoch(&self) -> u64 {
        self.per_epoch
    }

    fn batch(&mut self, step: u64) -> vimae_core::Result<Batch> {
        let mut batch = self.own.batch(step)?;
        if let Some((replay, count)) = self.replay {
            let more = replay.batch(step, count)?;
            batch.images = Tensor::cat(&[&batch.images, &more.images], 0)?;
            batch.labels.extend(more.labels);
        }
        Ok(batch)
    }
}

/// How many of `batch` images are replayed in a task of `own` training images behind tasks of `earlier`: their share, at
/// least one and not all.
pub(crate) fn replayed(batch: usize, own: usize, earlier: usize) -> usize {
    let share = (batch as f64 * earlier as f64 / (own + earlier).max(1) as f64).round() as usize;
    share.clamp(1.min(batch.saturating_sub(1)), batch.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_earlier_tasks_is_that_of_their_images() {
        assert_eq!([1, 2, 3, 4].map(|earlier| replayed(100, 1_600, 1_600 * earlier)), [50, 67, 75, 80]);
        assert_eq!((replayed(10, 1_000, 1), replayed(10, 1, 1_000)), (1, 9));
    }
}
