//! Which images carry labels, and which are asked for.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::{SliceRandom, index};
use vimae_core::{Purpose, Split, Streams};

/// Characters of a draw where the test split holds classes that nothing was trained on.
const UNSEEN: usize = 5;
/// Of the images of such a character, three in four carry labels.
const LABELLED: (usize, usize) = (3, 4);
/// Steps of [`Purpose::LabelDraw`] for unseen classes begin here.
const UNSEEN_STEPS: u64 = 1 << 32;

/// One draw: labelled images, and images of the test split to classify, both in rising order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// Labelled images.
    pub known: Vec<usize>,
    /// Images of the test split to classify.
    pub asked: Vec<usize>,
}

/// All draws of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws {
    /// The split that the labelled images come from.
    pub split: Split,
    /// Classes in each draw where they are drawn too.
    pub unseen: Option<usize>,
    /// Labels of each draw at most.
    pub labels: usize,
    /// The draws.
    pub draws: Vec<Draw>,
}

impl Draws {
    /// `count` draws of `labels` labelled images. Where the test images are of classes that the training split
    /// has: class-balanced training images, and all test images to classify. Where they are of other classes,
    /// as Omniglot's: five classes of the test split, three quarters of their images labelled, the rest to classify.
    ///
    /// # Errors
    /// The reason, in words, where the labels do not suffice.
    pub fn new(labels: usize, count: u64, train: &[u32], test: &[u32], streams: &Streams) -> Result<Self, String> {
        let classes = |labels: &[u32]| labels.iter().copied().collect::<BTreeSet<_>>();
        let (known, asked) = (classes(train), classes(test));
        if known.is_disjoint(&asked) {
            return Self::unseen(count, test, streams);
        }
        let missing = asked.difference(&known).count();
        if missing > 0 {
            return Err(format!("{missing} of {} test classes have no training images, the others have", asked.len()));
        }
        if known.len() < 2 {
            return Err("the data set has one class, so there is nothing to tell apart".into());
        }
        if labels < known.len() {
            return Err(format!("{labels} labels for {} classes", known.len()));
        }
        let draw = |draw| Draw { known: balanced(labels, train, streams, draw), asked: (0..test.len()).collect() };
        // Where every image carries a label there is one draw.
        let mut draws: Vec<Draw> = (0..count).map(draw).collect();
        if labels >= train.len() {
            draws.truncate(1);
        }
        let labels = draws.iter().map(|draw| draw.known.len()).max().unwrap_or(0);
        Ok(Self { split: Split::Train, unseen: None, labels, draws })
    }

    fn unseen(count: u64, test: &[u32], streams: &Streams) -> Result<Self, String> {
        let by_class: Vec<Vec<usize>> = by_class(test).into_values().filter(|images| images.len() >= LABELLED.1).collect();
        if by_class.len() < UNSEEN {
            return Err(format!("{} unseen classes of at least {} images, {UNSEEN} are needed", by_class.len(), LABELLED.1));
        }
        let draw = |draw| {
            let mut rng = streams.at(Purpose::LabelDraw, UNSEEN_STEPS + draw);
            let (mut known, mut asked) = (Vec::new(), Vec::new());
            for class in index::sample(&mut rng, by_class.len(), UNSEEN) {
                let mut images = by_class[class].clone();
                images.shuffle(&mut rng);
                let (first, rest) = images.split_at(images.len() * LABELLED.0 / LABELLED.1);
                known.extend(first);
                asked.extend(rest);
            }
            known.sort_unstable();
            asked.sort_unstable();
            Draw { known, asked }
        };
        let draws: Vec<Draw> = (0..count).map(draw).collect();
        let labels = draws.iter().map(|draw| draw.known.len()).max().unwrap_or(0);
        Ok(Self { split: Split::Test, unseen: Some(UNSEEN), labels, draws })
    }

    /// Every labelled image of any draw, in rising order.
    pub fn known(&self) -> Vec<usize> {
        union(self.draws.iter().flat_map(|draw| &draw.known))
    }

    /// Every image to classify of any draw, in rising order.
    pub fn asked(&self) -> Vec<usize> {
        union(self.draws.iter().flat_map(|draw| &draw.asked))
    }
}

fn union<'a>(images: impl Iterator<Item = &'a usize>) -> Vec<usize> {
    images.copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn by_class(labels: &[u32]) -> BTreeMap<u32, Vec<usize>> {
    let mut by_class: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (image, label) in labels.iter().enumerate() {
        by_class.entry(*label).or_default().push(image);
    }
    by_class
}

/// As many of every class as possible, the classes that come first taking one more where the number does not divide;
/// all of a class that has fewer.
fn balanced(amount: usize, labels: &[u32], streams: &Streams, draw: u64) -> Vec<usize> {
    let by_class = by_class(labels);
    let mut rng = streams.at(Purpose::LabelDraw, draw);
    let (each, rest) = (amount / by_class.len().max(1), amount % by_class.len().max(1));
    let mut chosen = Vec::with_capacity(amount.min(labels.len()));
    for (class, images) in by_class.values().enumerate() {
        let amount = (each + usize::from(class < rest)).min(images.len());
        chosen.extend(index::sample(&mut rng, images.len(), amount).into_iter().map(|i| images[i]));
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_balanced_repeatable_and_differ() {
        let labels: Vec<u32> = (0..100).map(|i| if i < 3 { 9 } else { i % 3 }).collect();
        let draws = Draws::new(30, 3, &labels, &[0, 1, 2, 9, 9], &Streams::new(1)).unwrap();
        let counts = |draw: &Draw| [0, 1, 2, 9].map(|c| draw.known.iter().filter(|i| labels[**i] == c).count());
        assert_eq!(counts(&draws.draws[0]), [8, 8, 7, 3]);
        assert_eq!(draws.draws[0].asked, [0, 1, 2, 3, 4]);
        assert_eq!(draws, Draws::new(30, 3, &labels, &[0, 1, 2, 9, 9], &Streams::new(1)).unwrap());
        assert_ne!(draws.draws[1], draws.draws[2]);
        assert!(draws.draws[1].known.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(draws.labels, 26);
        // More labels than there are images: all of them, in one draw.
        let all = Draws::new(10_000, 5, &labels, &[0], &Streams::new(1)).unwrap();
        assert_eq!((all.labels, all.draws.len()), (100, 1));
        assert_eq!(all.draws[0].known, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn unseen_characters_give_three_quarters_of_their_images() {
        let test: Vec<u32> = (0..80 * 12).map(|i| 100 + i / 80).collect();
        let draws = Draws::new(1_000, 4, &[0, 1, 2], &test, &Streams::new(1)).unwrap();
        assert_eq!((draws.split, draws.unseen, draws.labels), (Split::Test, Some(5), 300));
        for draw in &draws.draws {
            let classes: BTreeSet<u32> = draw.known.iter().map(|i| test[*i]).collect();
            assert_eq!(classes.len(), 5);
            assert_eq!((draw.known.len(), draw.asked.len()), (300, 100));
            assert!(draw.asked.iter().all(|i| classes.contains(&test[*i]) && !draw.known.contains(i)));
        }
        assert_ne!(draws.draws[0], draws.draws[1]);
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let new = |labels, train: &[u32], test: &[u32]| Draws::new(labels, 1, train, test, &Streams::new(1)).unwrap_err();
        assert_eq!(new(10, &[1, 2], &[2, 3]), "1 of 2 test classes have no training images, the others have");
        assert_eq!(new(1, &[1, 2], &[2]), "1 labels for 2 classes");
        assert_eq!(new(5, &[1, 1], &[1]), "the data set has one class, so there is nothing to tell apart");
        assert_eq!(new(5, &[1, 2], &[3; 80]), "1 unseen classes of at least 4 images, 5 are needed");
    }
}
