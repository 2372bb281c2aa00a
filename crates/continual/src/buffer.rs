//! Which images of earlier tasks a buffer holds.

use std::collections::BTreeMap;

use rand::RngCore;
use vimae_core::{ImageSet, Purpose, Split, Streams};

use crate::{Error, Result, Task, task::select};

vimae_core::settings! {
    /// Which images a buffer keeps as tasks come and go.
    pub enum Policy {
        /// Algorithm R over the training images of all tasks so far: each is in the buffer with the same probability.
        Reservoir,
        /// As many of each class of each task as there is room for, the first ones of an order drawn once.
        Balanced,
    }
}

/// An image of a task: the task's place, and the image's in its training split.
type Place = (usize, usize);

/// The images that a buffer of `size` holds after `tasks`. One as large as the data holds all.
///
/// # Errors
/// As [`vimae_core::Dataset::split`].
pub(crate) fn buffer(tasks: &[Task], policy: Policy, size: usize, streams: &Streams) -> Result<ImageSet> {
    let mut places = match policy {
        Policy::Reservoir => reservoir(tasks, size, &streams.fold_in("continual.reservoir"))?,
        Policy::Balanced => balanced(groups(tasks)?, size, &streams.fold_in("continual.balanced")),
    };
    places.sort_unstable();
    let mut joined: Option<ImageSet> = None;
    for (number, task) in tasks.iter().enumerate() {
        let mine = places.iter().filter(|(task, _)| *task == number).map(|(_, image)| *image);
        let images = select(task.dataset.split(Split::Train)?, mine)?;
        joined = Some(match joined {
            None => images,
            Some(before) => {
                ImageSet::new(before.shape(), [before.pixels(), images.pixels()].concat(), [before.labels(), images.labels()].concat())?
            }
        });
    }
    joined.ok_or_else(|| Error::NoTasks { stream: String::new(), reason: "a buffer keeps images of earlier tasks".into() })
}

/// The training images of each class of each task.
pub(crate) fn groups(tasks: &[Task]) -> Result<Vec<Vec<Place>>> {
    let mut groups: BTreeMap<(usize, u32), Vec<Place>> = BTreeMap::new();
    for (number, task) in tasks.iter().enumerate() {
        for (image, label) in task.dataset.split(Split::Train)?.labels().iter().enumerate() {
            groups.entry((number, *label)).or_default().push((number, image));
        }
    }
    Ok(groups.into_values().collect())
}

/// A number below `below`, each as likely as another but for 2^-64.
fn below(rng: &mut impl RngCore, below: usize) -> usize {
    ((u128::from(rng.next_u64()) * below as u128) >> 64) as usize
}

/// Vitter's algorithm R, image after image.
fn reservoir(tasks: &[Task], size: usize, streams: &Streams) -> Result<Vec<Place>> {
    let mut rng = streams.at(Purpose::Shuffle, 0);
    let (mut kept, mut seen) = (Vec::new(), 0);
    for (number, task) in tasks.iter().enumerate() {
        for image in 0..task.train_images()? {
            seen += 1;
            if kept.len() < size {
                kept.push((number, image));
            } else if let Some(place) = kept.get_mut(below(&mut rng, seen)) {
                *place = (number, image);
            }
        }
    }
    Ok(kept)
}

/// The first of each group in an order of its own, as many of each as fit; what a small group leaves goes to the others.
/// With more groups no group has more, so that a buffer never needs an image that it threw away.
fn balanced(groups: Vec<Vec<Place>>, size: usize, streams: &Streams) -> Vec<Place> {
    let mut counts = vec![0_usize; groups.len()];
    let mut left = size;
    loop {
        let open: Vec<usize> = (0..groups.len()).filter(|&g| counts[g] < groups[g].len()).collect();
        if open.is_empty() || left == 0 {
            break;
        }
        // Whole rounds at once; the last round goes to the first groups.
        let room = open.iter().map(|&g| groups[g].len() - counts[g]).min().unwrap_or(0);
        let rounds = (left / open.len()).min(room);
        for &group in open.iter().take(if rounds == 0 { left } else { open.len() }) {
            counts[group] += rounds.max(1);
            left -= rounds.max(1);
        }
    }
    let mut kept = Vec::new();
    for (number, (mut group, count)) in groups.into_iter().zip(counts).enumerate() {
        let mut rng = streams.at(Purpose::Shuffle, number as u64);
        for last in (1..group.len()).rev() {
            group.swap(last, below(&mut rng, last + 1));
        }
        kept.extend(group.into_iter().take(count));
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use vimae_core::{ImageShape, PixelRange};
    use vimae_datasets::InMemory;

    use super::*;

    /// Tasks with so many training images of each class.
    fn tasks(counts: &[&[usize]]) -> Vec<Task> {
        let mut byte = 0_u8;
        let mut task = |number: usize, counts: &&[usize]| {
            let labels: Vec<u32> = counts.iter().enumerate().flat_map(|(class, n)| vec![(2 * number + class) as u32; *n]).collect();
            let pixels = labels
                .iter()
                .map(|_| {
                    byte = byte.wrapping_add(1);
                    byte
                })
                .collect();
            let set = ImageSet::new(ImageShape { channels: 1, height: 1, width: 1 }, pixels, labels).unwrap();
            let dataset = InMemory::new("made", PixelRange::Unit, 20, "", vec![(Split::Train, set.clone()), (Split::Test, set)]).unwrap();
            Task { name: number.to_string(), dataset: Arc::new(dataset) }
        };
        counts.iter().enumerate().map(|(number, counts)| task(number, counts)).collect()
    }

    fn held(tasks: &[Task], policy: Policy, size: usize) -> Vec<u8> {
        buffer(tasks, policy, size, &Streams::new(3)).unwrap().pixels().to_vec()
    }

    #[test]
    fn a_buffer_as_large_as_the_data_holds_every_image_once() {
        let tasks = tasks(&[&[7, 3], &[5, 9]]);
        for policy in [Policy::Reservoir, Policy::Balanced] {
            assert_eq!(held(&tasks, policy, 24), (1..=24).collect::<Vec<u8>>());
            assert_eq!(held(&tasks, policy, 1_000).len(), 24);
        }
    }

    #[test]
    fn no_image_comes_back_that_was_thrown_away() {
        let tasks = tasks(&[&[20, 20], &[20, 3], &[20, 20]]);
        for policy in [Policy::Reservoir, Policy::Balanced] {
            let first: BTreeSet<u8> = held(&tasks[..1], policy, 16).into_iter().collect();
            let second: BTreeSet<u8> = held(&tasks[..2], policy, 16).into_iter().collect();
            let third: BTreeSet<u8> = held(&tasks, policy, 16).into_iter().collect();
            assert_eq!([first.len(), second.len(), third.len()], [16; 3]);
            assert!(second.iter().all(|image| *image > 40 || first.contains(image)));
            assert!(third.iter().all(|image| *image > 63 || second.contains(image)));
        }
    }

    #[test]
    fn classes_are_balanced_and_small_ones_leave_their_place_to_others() {
        let tasks = tasks(&[&[20, 20], &[20, 3]]);
        let images = buffer(&tasks, Policy::Balanced, 18, &Streams::new(3)).unwrap();
        let count = |class: u32| images.labels().iter().filter(|label| **label == class).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [5, 5, 5, 3]);
    }
}
