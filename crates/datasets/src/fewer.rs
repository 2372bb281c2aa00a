//! Fewer images of a split than there are, for runs that must be short, and images held out of the training split.
//!
//! The images are drawn without repetition, by a generator of their own (the same images in every run, whatever its
//! seed), and stay in the order of the data set. How many were taken is part of the data set's digest.

use rand::seq::index;
use vimae_core::{Error, Purpose, Settings, Split, Streams};

use crate::{Result, stack::Stack};

vimae_core::settings! {
    /// The settings of every data set.
    pub(crate) struct Fewer {
        /// images of the training split, drawn once for all; 0: all
        train_images: usize = 0, from 0, to 4_294_967_296_u64;
        /// images of the test split, drawn once for all; 0: all
        test_images: usize = 0, from 0, to 4_294_967_296_u64;
        /// images held out of the training split, drawn once for all, where there is no validation split; 0: none
        validation_images: usize = 0, from 0, to 4_294_967_296_u64;
        /// how pixels become 0 or 1: at 1/2; by one draw, a pixel its probability; by a draw in every epoch of training, one for the rest
        pub(crate) binarise: Binarise = Binarise::None;
        /// uniform noise between the 256 levels, drawn again in every epoch of training, once for the rest
        pub(crate) dequantise: bool = false;
        /// seed of pixels and noise that are drawn once
        pub(crate) draw_seed: u64 = 0, from 0, to 4_294_967_296_u64;
    }
}

vimae_core::settings! {
    pub(crate) enum Binarise { None, Threshold, Fixed, Stochastic }
}

vimae_core::settings! {
    /// The settings of every data set that holds images in files.
    pub(crate) struct FewerOfFiles {
        #[serde(flatten)]
        fewer: Fewer = Fewer::default();
        /// images that cannot be decoded; skip: leave them out and count them in the record
        pub(crate) broken: Broken = Broken::Refuse;
    }
}

vimae_core::settings! {
    pub(crate) enum Broken { Refuse, Skip }
}

/// The splits with as many images as the settings say, and the rule that gave them.
pub(crate) fn fewer(settings: &Settings, rule: &str, splits: Vec<(Split, Stack)>) -> Result<(String, Vec<(Split, Stack)>)> {
    let Fewer { train_images, test_images, validation_images, .. } = settings.read()?;
    let (mut rule, splits) = held_out(rule.to_owned(), splits, validation_images)?;
    let mut kept = Vec::with_capacity(splits.len());
    for (split, stack) in splits {
        let count = match split {
            Split::Train => train_images,
            Split::Test => test_images,
            Split::Validation => 0,
        };
        if count > stack.len() {
            return Err(Error::Unsupported {
                what: format!("dataset.{split}_images = {count}"),
                reason: format!("there are {} images to {split}; leave the setting out for all of them", stack.len()),
            }
            .into());
        }
        if count == 0 || count == stack.len() {
            kept.push((split, stack));
            continue;
        }
        let mut chosen = index::sample(&mut Streams::new(0).at(Purpose::Shuffle, split as u64), stack.len(), count).into_vec();
        chosen.sort_unstable();
        rule = format!("{rule}; {count} of {} to {split}", stack.len());
        kept.push((split, stack.select(&chosen)?));
    }
    Ok((rule, kept))
}

/// The splits with so many images of the training split as one that validates.
fn held_out(rule: String, splits: Vec<(Split, Stack)>, count: usize) -> Result<(String, Vec<(Split, Stack)>)> {
    if count == 0 {
        return Ok((rule, splits));
    }
    let refused = |reason: String| Error::Unsupported { what: format!("dataset.validation_images = {count}"), reason };
    if splits.iter().any(|(split, _)| *split == Split::Validation) {
        return Err(refused("the data set has a validation split of its own; leave the setting out".into()).into());
    }
    let mut parted = Vec::with_capacity(splits.len() + 1);
    for (split, stack) in splits {
        if split != Split::Train {
            parted.push((split, stack));
            continue;
        }
        if count >= stack.len() {
            return Err(refused(format!("there are {} images to train", stack.len())).into());
        }
        let mut chosen = index::sample(&mut Streams::new(0).at(Purpose::Shuffle, Split::Validation as u64), stack.len(), count).into_vec();
        chosen.sort_unstable();
        let rest: Vec<usize> = (0..stack.len()).filter(|place| chosen.binary_search(place).is_err()).collect();
        parted.push((Split::Train, stack.select(&rest)?));
        parted.push((Split::Validation, stack.select(&chosen)?));
    }
    Ok((format!("{rule}; {count} of train to {}", Split::Validation), parted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vimae_core::{Dataset, Error};

    use crate::{Sources, open};

    fn digits(settings: serde_json::Value) -> crate::Result<Box<dyn Dataset>> {
        open("digits", settings.as_object().unwrap(), &Sources::default())
    }

    #[test]
    fn fewer_images_are_some_of_all_in_their_order_and_another_data_set() {
        let (all, few) = (digits(json!({})).unwrap(), digits(json!({ "train_images": 1000, "test_images": 50 })).unwrap());
        assert_ne!(all.sha256(), few.sha256());
        assert_eq!((all.all_train_images().unwrap(), few.all_train_images().unwrap()), (8_000, 8_000));
        for (split, count) in [(super::Split::Train, 1_000), (super::Split::Test, 50)] {
            let (whole, part) = (all.split(split).unwrap(), few.split(split).unwrap());
            assert_eq!(part.len(), count);
            let size = whole.shape().len();
            let mut rest = whole.pixels().chunks_exact(size).zip(whole.labels());
            for (image, label) in part.pixels().chunks_exact(size).zip(part.labels()) {
                assert!(rest.any(|(other, l)| other == image && l == label), "an image that is not there, or in another place");
            }
            // Drawn, not cut off: about a tenth of each class.
            assert!((0..10).all(|class| part.labels().iter().filter(|l| **l == class).count() > 0));
        }
    }

    #[test]
    fn images_held_out_of_training_are_the_rest_of_it() {
        let all = digits(json!({})).unwrap();
        let parted = digits(json!({ "validation_images": 500 })).unwrap();
        assert_ne!(all.sha256(), parted.sha256());
        let [train, held_out] = [super::Split::Train, super::Split::Validation].map(|split| parted.split(split).unwrap());
        assert_eq!((train.len(), held_out.len(), parted.all_train_images().unwrap()), (7_500, 500, 8_000));
        let images = |set: &vimae_core::ImageSet| -> Vec<Vec<u8>> { set.pixels().chunks_exact(784).map(<[u8]>::to_vec).collect() };
        let (mut both, mut whole) = ([images(train), images(held_out)].concat(), images(all.split(super::Split::Train).unwrap()));
        both.sort();
        whole.sort();
        assert!(both == whole, "an image is missing or stands in both");
        assert!((0..10).all(|class| held_out.labels().iter().filter(|l| **l == class).count() > 20));
        // Fewer images are drawn of those that are left.
        let few = digits(json!({ "validation_images": 500, "train_images": 100 })).unwrap();
        let (few, rest) = (images(few.split(super::Split::Train).unwrap()), images(held_out));
        assert!(few.len() == 100 && few.iter().all(|image| !rest.contains(image)));
        let refused = digits(json!({ "validation_images": 8_000 })).err().unwrap();
        assert!(matches!(refused, crate::Error::Core(ref e) if matches!(**e, Error::Unsupported { .. })), "{refused}");
    }

    #[test]
    fn as_many_as_there_are_is_all_of_them_and_more_is_refused() {
        let all = digits(json!({})).unwrap();
        for (setting, there) in [("train_images", 8_000), ("test_images", 2_000)] {
            assert_eq!(digits(json!({ setting: there })).unwrap().sha256(), all.sha256());
            let refused = digits(json!({ setting: there + 1 })).err().unwrap();
            assert!(matches!(refused, crate::Error::Core(ref e) if matches!(**e, Error::Unsupported { .. })), "{refused}");
            assert!(refused.to_string().contains(&format!("dataset.{setting} = {}: there are {there} images to ", there + 1)), "{refused}");
        }
        // Those that are held out are not there to train.
        assert!(digits(json!({ "validation_images": 500, "train_images": 7_501 })).is_err());
        let message = digits(json!({ "train_images": -1 })).err().unwrap();
        assert!(matches!(message, crate::Error::Core(ref e) if matches!(**e, Error::Setting { .. })), "{message}");
    }
}
