//! The real data sets, where they are on this machine: `VIMAE_SHARED` names the folder that holds `data` and
//! `reference` (default: `../shared` beside the repository). Each test says why it is skipped.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "tests say what they skip, and may fail where they stand")]

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Map, Value, json};
use vimae_core::{Dataset, Split};
use vimae_datasets::{Sources, digest, inventory, open, open_reporting};

fn shared(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("VIMAE_SHARED").map_or(beside, PathBuf::from).join(part);
    if !path.exists() {
        println!("skipped: {} is not here (VIMAE_SHARED names another folder)", path.display());
        return None;
    }
    Some(path)
}

fn hub() -> Option<Sources> {
    let hub_cache = Some(shared("data/hf-home/hub")?);
    Some(Sources { hub_cache, ..Sources::default() })
}

fn settings(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn counts(dataset: &dyn Dataset) -> [Option<usize>; 3] {
    [Split::Train, Split::Validation, Split::Test].map(|s| dataset.split(s).ok().map(|set| set.len()))
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
    let (Some(idx), Some(hub)) = (shared("data/mnist-idx"), hub()) else { return };
    let from_idx = open("mnist", &Map::new(), &Sources::in_dir(idx)).unwrap();
    let from_hub = open("mnist", &Map::new(), &hub).unwrap();
    assert_eq!(from_idx.sha256(), from_hub.sha256());
    for dataset in [&from_idx, &from_hub] {
        assert_eq!(counts(dataset.as_ref()), [Some(50_000), Some(10_000), Some(10_000)]);
        let mut file: Vec<u8> = [0x803_u32, 60_000, 28, 28].iter().flat_map(|w| w.to_be_bytes()).collect();
        file.extend(dataset.split(Split::Train).unwrap().pixels());
        file.extend(dataset.split(Split::Validation).unwrap().pixels());
        assert_eq!(digest::md5(&file), "6bbc9ace898e44ae57da46a324031adb");
    }
    let wae = open("mnist", &settings(json!({ "split": "wae" })), &hub).unwrap();
    assert_eq!(counts(wae.as_ref()), [Some(60_000), None, Some(10_000)]);
}

#[test]
fn mnist_is_found_below_the_data_folder() {
    let Some(data) = shared("data") else { return };
    assert_eq!(open_reporting("mnist", &Map::new(), &Sources::in_dir(data)).unwrap().files.len(), 4);
}

#[test]
fn cifar10_has_six_thousand_images_a_class() {
    let Some(hub) = hub() else { return };
    let dataset = open("cifar10", &Map::new(), &hub).unwrap();
    assert_eq!(counts(dataset.as_ref()), [Some(50_000), None, Some(10_000)]);
    assert_eq!(per_class(dataset.as_ref(), &[Split::Train, Split::Test]), [6_000; 10]);
    assert_eq!(dataset.shape().unwrap().to_string(), "32x32x3");
}

#[test]
fn omniglot_small_has_as_many_characters_as_its_archives() {
    let Some(folder) = shared("data/omniglot") else { return };
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
fn celeba_is_prepared_once_within_a_minute() {
    let Some(folder) = shared("data/celeba-half") else { return };
    let cache = tempfile::tempdir().unwrap();
    let sources = Sources { cache_dir: Some(cache.path().into()), ..Sources::in_dir(folder) };
    let mut digests = Vec::new();
    for limit in [60.0, 5.0] {
        let start = Instant::now();
        let dataset = open("celeba", &Map::new(), &sources).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!("celeba: {seconds:.2} s");
        assert!(seconds < limit, "{seconds} s");
        assert_eq!(counts(dataset.as_ref()), [Some(9_000), None, Some(1_000)]);
        assert_eq!(dataset.shape().unwrap().to_string(), "64x64x3");
        digests.push(dataset.sha256().to_owned());
    }
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn verify_names_every_file_and_what_it_was_compared_with() {
    let Some(idx) = shared("data/mnist-idx") else { return };
    let found = inventory::verify("mnist", &Map::new(), &Sources::in_dir(idx)).unwrap();
    assert_eq!(found.files.len(), 4);
    assert!(found.files.iter().all(|f| f.known == vimae_datasets::Known::Published));
    assert_eq!(found.splits, [(Split::Train, 50_000), (Split::Validation, 10_000), (Split::Test, 10_000)]);
    assert_eq!((found.classes.len(), found.spread()), (10, (6_313, 7_877)));
}
