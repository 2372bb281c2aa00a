//! The images that a run asks of a published data set, against those that its card counts.

use serde_json::Value;
use vimae_core::{Error, Result, Split};
use vimae_datasets::inventory;
use vimae_spec::Component;

use crate::cost::keeps_splits;

/// Checks that a data set of which the card counts the images is asked for no more of them, as opening it does.
///
/// # Errors
/// [`Error::Unsupported`] with the setting and what there is.
pub(crate) fn check(dataset: &Component) -> Result<()> {
    let card = inventory::card(&dataset.name).ok();
    let Some(counts) = card.and_then(|card| card.counts).filter(|_| keeps_splits(dataset)) else { return Ok(()) };
    let asked = |split: Split| {
        let count = dataset.settings.get(&format!("{split}_images")).and_then(Value::as_u64);
        count.map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX))
    };
    let refused = |split: Split, reason: String| {
        let what = format!("dataset.{split}_images = {}", asked(split));
        Err(Error::Unsupported { what, reason })
    };
    let held_out = asked(Split::Validation);
    if held_out > 0 && counts.validation > 0 {
        return refused(Split::Validation, "the data set has a validation split of its own; leave the setting out".into());
    }
    if held_out >= counts.train {
        return refused(Split::Validation, format!("there are {} images to train", counts.train));
    }
    for (split, there) in [(Split::Train, counts.train - held_out), (Split::Test, counts.test)] {
        if asked(split) > there {
            return refused(split, format!("there are {there} images to {split}; leave the setting out for all of them"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Shelf, Sources};

    fn of(name: &str, settings: Value) -> Component {
        Component { name: name.into(), settings: settings.as_object().unwrap().clone() }
    }

    #[test]
    fn more_images_than_there_are_are_refused_in_the_words_in_which_opening_refuses_them() {
        for settings in [
            json!({ "train_images": 90_000 }),
            json!({ "test_images": 2_001 }),
            json!({ "validation_images": 8_000 }),
            json!({ "validation_images": 500, "train_images": 7_501, "binarise": "threshold" }),
        ] {
            let digits = of("digits", settings);
            let opened = Shelf::new(Sources::default()).open(&digits).err().unwrap().to_string();
            assert_eq!(check(&digits).unwrap_err().to_string(), opened);
        }
        // MNIST has a validation split of its own.
        assert!(check(&of("mnist", json!({ "validation_images": 5 }))).is_err());
    }

    #[test]
    fn as_many_as_there_are_are_taken_and_of_ones_own_images_nothing_is_known() {
        for dataset in [
            of("digits", json!({ "train_images": 7_500, "validation_images": 500, "test_images": 2_000 })),
            of("folder:images", json!({ "train_images": 1_000_000 })),
        ] {
            check(&dataset).unwrap();
        }
    }
}
