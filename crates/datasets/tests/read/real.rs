//! The real data sets, where they are on this machine: `VIMAE_SHARED` names the directory that holds `data`.

use serde_json::{Map, json};
use vimae_core::{Dataset, Split};
use vimae_datasets::{Sources, digest, inventory, open, open_reporting};
use vimae_testing::{need, shared};

use crate::made::{counts, settings};

fn hub() -> Result<Sources, String> {
    Ok(Sources { hub_cache: Some(shared("data/hf-home/hub")?), ..Sources::default() })
}

fn per_class(dataset: &dyn Dataset, splits: &[Split]) -> Vec<usize> {
    let mut counts = vec![0; dataset.classes()];
    for split in splits {
        dataset.split(*split).unwrap().labels().iter().for_each(|&l| counts[l as usize] += 1);
    }
    counts
}

#[test]
fn mnist_is_the_same_from_both_sources_down_to_the_official_digest() {
    let (idx, hub) = (need!(shared("data/mnist-idx")), need!(hub()));
    let from_idx = open("mnist", &Map::new(), &Sources::in_dir(idx)).unwrap();
    let from_hub = open("mnist", &Map::new(), &hub).unwrap();
    assert_eq!(from_idx.sha256(), from_hub.sha256());
    for dataset in [&from_idx, &from_hub] {
        assert_eq!(counts(dataset.as_ref()), [50_000, 10_000, 10_000]);
        let mut file: Vec<u8> = [0x803_u32, 60_000, 28, 28].iter().flat_map(|w| w.to_be_bytes()).collect();
        file.extend(dataset.split(Split::Train).unwrap().pixels());
        file.extend(dataset.split(Split::Validation).unwrap().pixels());
        assert_eq!(digest::md5(&file), "6bbc9ace898e44ae57da46a324031adb");
    }
    let wae = open("mnist", &settings(json!({ "split": "wae" })), &hub).unwrap();
    assert_eq!(counts(wae.as_ref()), [60_000, 0, 10_000]);
}

#[test]
fn mnist_is_found_below_the_data_folder() {
    let data = need!(shared("data"));
    assert_eq!(open_reporting("mnist", &Map::new(), &Sources::in_dir(data)).unwrap().files.len(), 4);
}

#[test]
fn cifar10_has_six_thousand_images_a_class() {
    let hub = need!(hub());
    let dataset = open("cifar10", &Map::new(), &hub).unwrap();
    assert_eq!(counts(dataset.as_ref()), [50_000, 0, 10_000]);
    assert_eq!(per_class(dataset.as_ref(), &[Split::Train, Split::Test]), [6_000; 10]);
    assert_eq!(dataset.shape().unwrap().to_string(), "32x32x3");
}

#[test]
fn omniglot_small_has_as_many_characters_as_its_archives() {
    let folder = need!(shared("data/omniglot"));
    let sources = Sources::in_dir(&folder);
    let dataset = open("omniglot", &Map::new(), &sources).unwrap();
    assert_eq!(dataset.classes(), 136 + 156);
    assert!(per_class(dataset.as_ref(), &[Split::Train, Split::Test]).iter().all(|&n| n == 80));
    let plain = open("omniglot", &settings(json!({ "rotations": "none" })), &sources).unwrap();
    assert!(per_class(plain.as_ref(), &[Split::Train, Split::Test]).iter().all(|&n| n == 20));
    // Latin and Greek are in both archives, drawing for drawing.
    let distinct = open("omniglot", &settings(json!({ "repeats": "drop" })), &sources).unwrap();
    assert_eq!(distinct.classes(), 292 - 26 - 24);
    let only = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("images_background_small1.zip"), only.path().join("images_background_small1.zip")).unwrap();
    assert_eq!(open("omniglot", &Map::new(), &Sources::in_dir(only.path())).unwrap().classes(), 136);
}

#[test]
fn celeba_prepared_before_is_the_same_as_prepared_now() {
    let folder = need!(shared("data/celeba-half"));
    let cache = tempfile::tempdir().unwrap();
    let sources = Sources { cache_dir: Some(cache.path().into()), ..Sources::in_dir(folder) };
    let mut digests = Vec::new();
    for prepared in [0, 1] {
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), prepared);
        let dataset = open("celeba", &Map::new(), &sources).unwrap();
        assert_eq!(counts(dataset.as_ref()), [9_000, 0, 1_000]);
        assert_eq!(dataset.shape().unwrap().to_string(), "64x64x3");
        digests.push(dataset.sha256().to_owned());
    }
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn verify_names_every_file_and_what_it_was_compared_with() {
    let idx = need!(shared("data/mnist-idx"));
    let found = inventory::verify("mnist", &Map::new(), &Sources::in_dir(idx)).unwrap();
    assert_eq!(found.files.len(), 4);
    assert!(found.files.iter().all(|f| f.known == vimae_datasets::Known::Published));
    assert_eq!(found.splits, [(Split::Train, 50_000), (Split::Validation, 10_000), (Split::Test, 10_000)]);
    assert_eq!((found.classes.len(), found.spread()), (10, (6_313, 7_877)));
}
