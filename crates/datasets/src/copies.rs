//! Images of a data set that are copies of one another, pixel for pixel in the shape that they are read in.

use std::collections::{BTreeMap, btree_map::Entry};

use vimae_core::{ImageSet, Split};

/// What is said of copies within splits, across them, and across classes; nothing where all images differ.
pub(crate) fn notes(splits: &[(Split, &ImageSet)]) -> Vec<String> {
    let mut first: BTreeMap<&[u8], (Split, u32)> = BTreeMap::new();
    let mut across: BTreeMap<(Split, Split), usize> = BTreeMap::new();
    let (mut all, mut copies, mut of_other_classes) = (0_usize, 0_usize, 0_usize);
    for (split, set) in splits {
        for (pixels, label) in set.pixels().chunks_exact(set.shape().len().max(1)).zip(set.labels()) {
            all += 1;
            match first.entry(pixels) {
                Entry::Vacant(place) => {
                    place.insert((*split, *label));
                }
                Entry::Occupied(place) => {
                    let (there, class) = place.get();
                    copies += 1;
                    of_other_classes += usize::from(class != label);
                    if there != split {
                        *across.entry((*split, *there)).or_default() += 1;
                    }
                }
            }
        }
    }
    if copies == 0 {
        return Vec::new();
    }
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    let within = format!("{copies} of {all} images {} equal to an earlier one in every pixel", are(copies));
    let across = across.iter().map(|((split, there), count)| format!("{count} of them in {split} {} also in {there}", are(*count)));
    let classes = (of_other_classes > 0)
        .then(|| format!("{of_other_classes} of them {} of another class than the first with these pixels", are(of_other_classes)));
    std::iter::once(within).chain(across).chain(classes).collect()
}

#[cfg(test)]
mod tests {
    use vimae_core::ImageShape;

    use super::*;

    fn set(images: &[(u8, u32)]) -> ImageSet {
        let pixels = images.iter().flat_map(|(level, _)| [*level; 2]).collect();
        ImageSet::new(ImageShape { channels: 1, height: 1, width: 2 }, pixels, images.iter().map(|(_, label)| *label).collect()).unwrap()
    }

    #[test]
    fn copies_are_counted_within_and_across_splits_and_classes() {
        let said = |train: &[(u8, u32)], test: &[(u8, u32)]| notes(&[(Split::Train, &set(train)), (Split::Test, &set(test))]);
        assert_eq!(said(&[(1, 0), (2, 0)], &[(3, 1)]), [""; 0]);
        assert_eq!(said(&[(1, 0), (1, 0)], &[(3, 1)]), ["1 of 3 images is equal to an earlier one in every pixel"]);
        let whole = said(&[(1, 0), (1, 1), (2, 0)], &[(1, 0), (2, 1), (4, 0), (4, 0)]);
        let expected = [
            "4 of 7 images are equal to an earlier one in every pixel",
            "2 of them in test are also in train",
            "2 of them are of another class than the first with these pixels",
        ];
        assert_eq!(whole, expected);
    }
}
