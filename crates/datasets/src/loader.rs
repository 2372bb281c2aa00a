//! Shuffled batches, made ahead on worker threads, in an order that is a function of (seed, step).

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use candle_core::Device;
use rand::RngCore;
use vimae_core::{Batch, Batches, Dataset, Error, Purpose, Result, Split, Streams};

/// Batches that each worker makes ahead of the step.
const AHEAD: usize = 4;

/// A stream of shuffled batches of one split.
///
/// Every epoch has its own order, drawn from [`Purpose::Shuffle`] at the epoch's number; what is left over by whole
/// batches is dropped. Any step can be asked for: a run that goes on after a kill enters where it stopped. The number
/// of workers changes nothing but the speed.
pub struct Loader {
    work: Work,
    per_epoch: u64,
    device: Device,
    workers: usize,
    ahead: Option<Ahead>,
}

impl Loader {
    /// Batches of `batch_size` images of `split`, as f32 `[N, C, H, W]` on `device`, from one worker.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a batch of none or of more than there are; [`Dataset::split`]'s where there is no
    /// such split.
    pub fn new(dataset: Arc<dyn Dataset>, split: Split, batch_size: usize, streams: Streams, device: &Device) -> Result<Self> {
        let count = dataset.split(split)?.len();
        Self::check_batch(dataset.name(), split, batch_size, count)?;
        let per_epoch = (count / batch_size) as u64;
        Ok(Self {
            work: Work { dataset, split, batch_size, per_epoch, streams },
            per_epoch,
            device: device.clone(),
            workers: 1,
            ahead: None,
        })
    }

    /// Checks that a data set of this name, with `count` images in `split`, has batches of this size.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a batch of none or of more than there are.
    pub fn check_batch(dataset: &str, split: Split, batch_size: usize, count: usize) -> Result<()> {
        if batch_size == 0 || batch_size > count {
            return Err(Error::Unsupported {
                what: format!("batches of {batch_size}"),
                reason: format!("\"{dataset}\" has {count} images to {split}; set training.batch to {count} or fewer"),
            });
        }
        Ok(())
    }

    /// The same stream from `workers` threads (at least one).
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self.ahead = None;
        self
    }
}

impl Batches for Loader {
    fn per_epoch(&self) -> u64 {
        self.per_epoch
    }

    fn batch(&mut self, step: u64) -> Result<Batch> {
        if self.ahead.as_ref().is_none_or(|a| a.next != step) {
            self.ahead = None;
            self.ahead = Some(Ahead::start(&self.work, self.workers, step)?);
        }
        let batch = match &mut self.ahead {
            Some(ahead) => ahead.take()?,
            None => self.work.batch(step, &mut None)?,
        };
        Ok(Batch { images: batch.images.to_device(&self.device)?, labels: batch.labels })
    }
}

/// Everything that determines a batch.
#[derive(Clone)]
struct Work {
    dataset: Arc<dyn Dataset>,
    split: Split,
    batch_size: usize,
    per_epoch: u64,
    streams: Streams,
}

/// The order of an epoch.
struct Order {
    epoch: u64,
    indices: Vec<u32>,
}

impl Work {
    /// The batch of `step` in the computer's memory; `order` keeps the epoch's between calls.
    fn batch(&self, step: u64, order: &mut Option<Order>) -> Result<Batch> {
        let set = self.dataset.split(self.split)?;
        let epoch = step / self.per_epoch;
        let order = match order.take_if(|o| o.epoch == epoch) {
            Some(kept) => order.insert(kept),
            None => order.insert(Order { epoch, indices: shuffled(set.len(), &self.streams, epoch) }),
        };
        let begin = (step % self.per_epoch) as usize * self.batch_size;
        let indices: Vec<usize> = order.indices.iter().skip(begin).take(self.batch_size).map(|&i| i as usize).collect();
        let images = set.training_tensor(&indices, self.dataset.range(), (&self.streams, epoch), &Device::Cpu)?;
        let labels = indices.iter().filter_map(|&i| set.labels().get(i).copied()).collect();
        Ok(Batch { images, labels })
    }
}

/// The numbers below `count` in the order of `epoch` (Fisher-Yates; written out, so that no version of a library
/// changes it).
fn shuffled(count: usize, streams: &Streams, epoch: u64) -> Vec<u32> {
    let mut rng = streams.at(Purpose::Shuffle, epoch);
    let mut indices: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        let drawn = (u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64;
        indices.swap(last, drawn as usize);
    }
    indices
}

/// Workers that make batches from one step on: worker `w` of `n` makes every `n`-th.
struct Ahead {
    queues: Vec<Receiver<Result<Batch>>>,
    threads: Vec<JoinHandle<()>>,
    turn: usize,
    next: u64,
}

impl Ahead {
    fn start(work: &Work, workers: usize, first: u64) -> Result<Self> {
        let mut ahead = Self { queues: Vec::new(), threads: Vec::new(), turn: 0, next: first };
        for worker in 0..workers {
            let (sender, queue) = sync_channel(AHEAD);
            let work = work.clone();
            let steps = (first + worker as u64..).step_by(workers);
            let thread = thread::Builder::new().name(format!("batches-{worker}")).spawn(move || make(&work, steps, &sender));
            ahead.threads.push(thread.map_err(|e| Error::Data(format!("no worker thread: {e}")))?);
            ahead.queues.push(queue);
        }
        Ok(ahead)
    }

    fn take(&mut self) -> Result<Batch> {
        let queue = self.queues.get(self.turn).ok_or_else(|| Error::Data("no worker".into()))?;
        let batch = queue.recv().map_err(|_| Error::Data("a worker stopped".into()))?;
        self.turn = (self.turn + 1) % self.queues.len();
        self.next += 1;
        batch
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.queues.clear();
        for thread in self.threads.drain(..) {
            // A worker has nothing left to say; one that panicked has said it.
            drop(thread.join());
        }
    }
}

fn make(work: &Work, steps: impl Iterator<Item = u64>, sender: &SyncSender<Result<Batch>>) {
    let mut order = None;
    for step in steps {
        if sender.send(work.batch(step, &mut order)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use vimae_core::{ImageSet, ImageShape, PixelRange};

    use super::*;
    use crate::InMemory;

    /// Image `i` is one pixel of value `i` and label `i`.
    fn counting(count: u32) -> Arc<dyn Dataset> {
        let shape = ImageShape { channels: 1, height: 1, width: 1 };
        let set = ImageSet::new(shape, (0..count).map(|i| i as u8).collect(), (0..count).collect()).unwrap();
        Arc::new(InMemory::new("counting", PixelRange::Symmetric, count as usize, "", vec![(Split::Train, set)]).unwrap())
    }

    fn loader(count: u32, batch_size: usize, seed: u64, workers: usize) -> Loader {
        Loader::new(counting(count), Split::Train, batch_size, Streams::new(seed), &Device::Cpu).unwrap().with_workers(workers)
    }

    fn labels(loader: &mut Loader, steps: impl IntoIterator<Item = u64>) -> Vec<Vec<u32>> {
        steps.into_iter().map(|s| loader.batch(s).unwrap().labels).collect()
    }

    #[test]
    fn an_epoch_sees_every_image_of_whole_batches_once_and_no_two_are_alike() {
        let mut loader = loader(103, 10, 1, 1);
        assert_eq!(loader.per_epoch(), 10);
        let epochs: Vec<Vec<u32>> = (0..3).map(|e| labels(&mut loader, e * 10..(e + 1) * 10).concat()).collect();
        for epoch in &epochs {
            let mut seen = epoch.clone();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 100);
        }
        assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2]);
    }

    #[test]
    fn the_order_depends_on_the_seed_alone() {
        let expected = labels(&mut loader(103, 10, 1, 1), 0..35);
        for workers in [2, 3, 7] {
            assert_eq!(labels(&mut loader(103, 10, 1, workers), 0..35), expected);
        }
        assert_ne!(labels(&mut loader(103, 10, 2, 1), 0..35), expected);
    }

    #[test]
    fn any_step_can_be_entered() {
        let expected = labels(&mut loader(103, 10, 1, 1), 0..35);
        assert_eq!(labels(&mut loader(103, 10, 1, 2), 17..35), expected[17..]);
        let mut jumping = loader(103, 10, 1, 2);
        for step in [34, 3, 4, 5, 0, 34, 33] {
            assert_eq!(labels(&mut jumping, [step]), expected[step as usize..=step as usize]);
        }
    }

    #[test]
    fn images_come_with_their_labels_in_the_range_of_the_data_set() {
        let batch = loader(103, 10, 1, 1).batch(4).unwrap();
        assert_eq!(batch.images.dims(), [10, 1, 1, 1]);
        let values: Vec<f32> = batch.images.flatten_all().unwrap().to_vec1().unwrap();
        let expected: Vec<f32> = batch.labels.iter().map(|&l| l as f32 * (2.0 / 255.0) - 1.0).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn the_order_of_seed_one_is_pinned() {
        assert_eq!(shuffled(10, &Streams::new(1), 0), [9, 4, 1, 0, 7, 5, 3, 2, 6, 8]);
    }

    #[test]
    fn batches_that_cannot_be_are_refused() {
        let new = |size| Loader::new(counting(5), Split::Train, size, Streams::new(1), &Device::Cpu).err().map(|e| e.to_string());
        assert_eq!(new(6).unwrap(), "batches of 6: \"counting\" has 5 images to train; set training.batch to 5 or fewer");
        assert!(new(0).is_some() && new(5).is_none());
        assert!(Loader::new(counting(5), Split::Test, 1, Streams::new(1), &Device::Cpu).is_err());
    }
}
