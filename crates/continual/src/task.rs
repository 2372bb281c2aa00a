//! One task of a stream: images to train and to test on, as a data set of its own.

use std::sync::Arc;

use vimae_core::{Dataset, ImageSet, ImageShape, Split};
use vimae_datasets::InMemory;

use crate::{Error, Result};

/// The splits that a task may have.
const SPLITS: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

/// A task.
#[derive(Clone)]
pub struct Task {
    /// What it is of, for tables: `classes 0, 1`.
    pub name: String,
    /// Its images. Labels are those of the whole data set.
    pub dataset: Arc<dyn Dataset>,
}

impl Task {
    /// The images of `dataset` that `of` gives for each split, under `rule`, which is part of the digest.
    pub(crate) fn of(
        dataset: &dyn Dataset,
        (name, rule): (String, &str),
        of: &dyn Fn(Split, &ImageSet) -> vimae_core::Result<ImageSet>,
    ) -> Result<Self> {
        let mut splits = Vec::new();
        for split in SPLITS {
            let Ok(set) = dataset.split(split) else { continue };
            let images = of(split, set)?;
            // Only what trains and what tests must be there.
            if images.is_empty() && split == Split::Validation {
                continue;
            }
            splits.push((split, images));
        }
        Self::from_splits(dataset, (name, rule), splits)
    }

    /// A task of these images, in the range and with the classes of `dataset`.
    pub(crate) fn from_splits(dataset: &dyn Dataset, (name, rule): (String, &str), splits: Vec<(Split, ImageSet)>) -> Result<Self> {
        if let Some((split, _)) = splits.iter().find(|(_, set)| set.is_empty()) {
            return Err(Error::EmptyTask { task: name, split: *split });
        }
        let rule = format!("{}; {rule}", dataset.sha256());
        let images = InMemory::new(dataset.name(), dataset.range(), dataset.classes(), &rule, splits)?;
        Ok(Self { name, dataset: Arc::new(images) })
    }

    /// How many images it trains on.
    ///
    /// # Errors
    /// As [`Dataset::split`].
    pub fn train_images(&self) -> Result<usize> {
        Ok(self.dataset.split(Split::Train)?.len())
    }
}

/// Checks the tasks of a stream: that there are some, that each has images to train and to test, and all the same shape.
///
/// # Errors
/// [`Error::NoTasks`], [`Error::EmptyTask`], [`Error::Shapes`].
pub fn check(stream: &str, tasks: &[Task]) -> Result<()> {
    let mut expected: Option<ImageShape> = None;
    for Task { name, dataset } in tasks {
        for split in [Split::Train, Split::Test] {
            if dataset.split(split)?.is_empty() {
                return Err(Error::EmptyTask { task: name.clone(), split });
            }
        }
        let found = dataset.shape()?;
        let expected = *expected.get_or_insert(found);
        if found != expected {
            return Err(Error::Shapes { task: name.clone(), found, expected });
        }
    }
    match tasks.is_empty() {
        true => Err(Error::NoTasks { stream: stream.into(), reason: "it gave none for this data set".into() }),
        false => Ok(()),
    }
}

/// The images of all `tasks` as one data set, task after task.
///
/// # Errors
/// [`Error::NoTasks`] for none; where their images differ in shape.
pub fn together(tasks: &[Task]) -> Result<Arc<dyn Dataset>> {
    let first = match tasks {
        [] => return Err(Error::NoTasks { stream: String::new(), reason: "there is nothing to put together".into() }),
        [one] => return Ok(one.dataset.clone()),
        [first, ..] => first.dataset.as_ref(),
    };
    let mut splits = Vec::new();
    for split in SPLITS {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for set in tasks.iter().filter_map(|task| task.dataset.split(split).ok()) {
            pixels.extend_from_slice(set.pixels());
            labels.extend_from_slice(set.labels());
        }
        if !labels.is_empty() {
            splits.push((split, ImageSet::new(first.shape()?, pixels, labels)?));
        }
    }
    let rule: Vec<&str> = tasks.iter().map(|task| task.dataset.sha256()).collect();
    Ok(Arc::new(InMemory::new(first.name(), first.range(), first.classes(), &rule.join(" "), splits)?))
}

/// The same images in an order that follows from them alone, so that the same images give the same data set however a
/// stream cut them.
///
/// # Errors
/// As [`Dataset::split`].
pub fn in_one_order(dataset: &dyn Dataset) -> Result<Arc<dyn Dataset>> {
    let mut splits = Vec::new();
    for split in SPLITS {
        let Ok(set) = dataset.split(split) else { continue };
        let size = set.shape().len().max(1);
        let mut order: Vec<(u64, &[u8], u32, usize)> = set
            .pixels()
            .chunks_exact(size)
            .zip(set.labels())
            .enumerate()
            // A hash first: in the order of their pixels images of one class would stand together.
            .map(|(index, (pixels, label))| (hash(pixels), pixels, *label, index))
            .collect();
        order.sort_unstable();
        splits.push((split, select(set, order.into_iter().map(|(.., index)| index))?));
    }
    Ok(Arc::new(InMemory::new(dataset.name(), dataset.range(), dataset.classes(), "in one order", splits)?))
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The images of `set` at `indices`, in that order.
///
/// # Errors
/// [`vimae_core::Error::Data`] for an index beyond the last.
pub(crate) fn select(set: &ImageSet, indices: impl IntoIterator<Item = usize>) -> vimae_core::Result<ImageSet> {
    let size = set.shape().len();
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for index in indices {
        let image = set.pixels().get(index * size..(index + 1) * size).zip(set.labels().get(index));
        let (bytes, label) = image.ok_or_else(|| vimae_core::Error::Data(format!("image {index} asked for, {} there", set.len())))?;
        pixels.extend_from_slice(bytes);
        labels.push(*label);
    }
    ImageSet::new(set.shape(), pixels, labels)
}
