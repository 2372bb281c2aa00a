//! Names of folders that mean a split, in the spellings that data sets have.

use vimae_core::Split;

const TRAIN: [&str; 3] = ["train", "training", "trn"];
const VALIDATION: [&str; 9] = ["val", "valid", "validation", "validate", "validating", "dev", "devel", "development", "vali"];
const TEST: [&str; 9] = ["test", "testing", "tst", "eval", "evaluation", "evaluate", "holdout", "heldout", "tests"];
/// Words that say nothing beside one of these: `train_images`, `test-set`.
const FILLERS: [&str; 15] =
    ["set", "sets", "data", "dataset", "image", "images", "img", "imgs", "pics", "pictures", "photos", "split", "folder", "dir", "x"];
/// Words that mean images, and nothing that tells one class from another.
const IMAGES: [&str; 5] = ["image", "images", "img", "imgs", "jpegimages"];
/// Folders beside splits that hold other things than the data, though there may be images among them.
const AUXILIARY: [&str; 34] = [
    "doc",
    "docs",
    "documentation",
    "asset",
    "assets",
    "figure",
    "figures",
    "fig",
    "figs",
    "example",
    "examples",
    "script",
    "scripts",
    "src",
    "code",
    "notebook",
    "notebooks",
    "annotation",
    "annotations",
    "label",
    "labels",
    "mask",
    "masks",
    "meta",
    "metadata",
    "demo",
    "preview",
    "previews",
    "static",
    "media",
    "devkit",
    "readme",
    "licence",
    "license",
];

/// Words of images that are drawn of others, beside those of [`AUXILIARY`].
const DRAWN: [&str; 7] = ["segmentation", "segmentations", "trimap", "trimaps", "groundtruth", "gt", "matte"];

/// The split that a folder's name means, and what else is in the name: `ILSVRC_train` is `train` and `ilsvrc`.
pub(super) fn split(name: &str) -> Option<(Split, String)> {
    let mut found = None;
    let mut rest = Vec::new();
    for word in words(name) {
        match meaning(&word) {
            Some(split) if found.is_none() => found = Some(split),
            // Two splits in one name: it means neither.
            Some(_) => return None,
            None if FILLERS.contains(&word.as_str()) => {}
            None => rest.push(word),
        }
    }
    Some((found?, rest.join(" ")))
}

/// Whether a folder beside those of splits is known to hold no data.
pub(super) fn is_auxiliary(name: &str) -> bool {
    AUXILIARY.contains(&name.to_lowercase().as_str())
}

/// Whether a folder is called after images alone: `images`, `img_64x64`, VOC's `JPEGImages`.
pub(super) fn is_images(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str], word: &String| list.contains(&word.as_str());
    words.iter().any(|word| has(&IMAGES, word)) && words.iter().all(|word| has(&IMAGES, word) || has(&FILLERS, word))
}

/// Of folders side by side, one that is called after images alone, and one after what is drawn or written of them: `images`
/// and `masks`, `JPEGImages` and `SegmentationClass`.
pub(super) fn images_beside<'a>(names: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let of_them = |word: &String| AUXILIARY.contains(&word.as_str()) || DRAWN.contains(&word.as_str());
    let images = names.iter().copied().find(|name| is_images(name))?;
    let other = names.iter().copied().find(|name| words(name).iter().any(of_them))?;
    Some((images, other))
}

/// Names in quotes, the first few of many.
pub(super) fn listed(names: &[&str]) -> String {
    const MOST: usize = 6;
    let quoted: Vec<String> = names.iter().take(MOST).map(|name| format!("\"{name}\"")).collect();
    let more = names.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", quoted.join(", "))
}

fn meaning(word: &str) -> Option<Split> {
    let known = |word: &str| {
        let lists = [(&TRAIN[..], Split::Train), (&VALIDATION[..], Split::Validation), (&TEST[..], Split::Test)];
        lists.into_iter().find(|(list, _)| list.contains(&word)).map(|(_, split)| split)
    };
    // `trainset`, `testdata`, `valimages`.
    known(word).or_else(|| FILLERS.iter().find_map(|filler| known(word.strip_suffix(filler)?)))
}

/// The words of a name, in lower case: runs of letters, cut where a capital follows a small letter. Digits say which
/// edition or size (`train2017`, `train_64x64`).
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphabetic() || (small && letter.is_uppercase()) {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphabetic() {
            word.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_splits() {
        let plain = |name: &str| split(name).filter(|(_, rest)| rest.is_empty()).map(|(split, _)| split);
        for name in
            ["train", "Train", "TRAINING", "training_set", "train-images", "TrainSet", "trainset", "train2017", "train_64x64", "trn"]
        {
            assert_eq!(plain(name), Some(Split::Train), "{name}");
        }
        for name in ["val", "Valid", "validation", "VAL", "dev", "valid_64x64", "val2017", "validation_data", "ValidationSet"] {
            assert_eq!(plain(name), Some(Split::Validation), "{name}");
        }
        for name in ["test", "Testing", "test_set", "TEST", "eval", "evaluation", "test-data", "test1", "hold-out"] {
            assert_eq!(plain(name).is_some(), name != "hold-out", "{name}");
        }
        for name in ["cat", "trains", "invalid", "contest", "latest", "retrain", "value", "device", "0", "", "train_test", "train-val"] {
            assert_eq!(split(name), None, "{name}");
        }
        assert_eq!(split("ILSVRC2012_img_train"), Some((Split::Train, "ilsvrc".into())));
        assert_eq!(split("trainA"), Some((Split::Train, "a".into())));
        assert_eq!(split("cats_test"), Some((Split::Test, "cats".into())));
        for (name, expected) in
            [("images", true), ("img_64x64", true), ("JPEGImages", true), ("Image Data", true), ("data", false), ("cat images", false)]
        {
            assert_eq!(is_images(name), expected, "{name}");
        }
        for (names, expected) in [
            (&["annotations", "images"][..], Some(("images", "annotations"))),
            (&["JPEGImages", "SegmentationClass"], Some(("JPEGImages", "SegmentationClass"))),
            (&["images", "masks_png"], Some(("images", "masks_png"))),
            (&["images", "drawings"], None),
            (&["fig", "label", "mask", "without mask"], None),
        ] {
            assert_eq!(images_beside(names), expected, "{names:?}");
        }
    }
}
