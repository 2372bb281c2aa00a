//! Data sets in the layouts in which they are downloaded, made small: read as they are meant, or said what to do.

use std::path::Path;

use serde_json::{Map, Value, json};
use vimae_datasets::{Opened, Sources, open_reporting};

use crate::made::{Member, png, tar, unpack};

/// So many images in each folder, each folder of a brightness of its own.
fn images(folders: &[(&str, usize)]) -> Vec<Member> {
    let of = |(at, (folder, count)): (usize, &(&str, usize))| {
        let (folder, level) = ((*folder).to_owned(), at as u8 * 20 + 10);
        (0..*count).map(move |i| (format!("{folder}/{i:03}.png").trim_start_matches('/').to_owned(), png(8, level))).collect::<Vec<_>>()
    };
    folders.iter().enumerate().flat_map(of).collect()
}

/// A text of any content.
fn text(name: &str) -> Member {
    (name.to_owned(), b"1".to_vec())
}

fn small(more: Value) -> Map<String, Value> {
    let mut settings = json!({ "size": 8, "channels": 1 }).as_object().unwrap().clone();
    settings.extend(more.as_object().unwrap().clone());
    settings
}

fn opened(path: &Path, more: Value) -> vimae_datasets::Result<Opened> {
    open_reporting(&format!("folder:{}", path.display()), &small(more), &Sources::default())
}

#[test]
fn labels_of_the_hub_of_webdataset_and_of_coco_are_said_not_to_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let with = |mut members: Vec<Member>, files: &[&str]| {
        members.extend(files.iter().map(|file| text(file)));
        members
    };
    let begins = |path: &Path, expected: &str| {
        let notes = opened(path, json!({})).unwrap().notes;
        assert!(notes.len() == 1 && notes[0].starts_with(&format!("{expected} not read, and all images are one class; ")), "{notes:?}");
    };
    let hub = dir.path().join("hub");
    unpack(&hub, &with(images(&[("train", 12), ("test", 3)]), &["train/metadata.jsonl", "test/metadata.jsonl"]));
    begins(&hub, "test/metadata.jsonl and 1 other table are");
    let shard = dir.path().join("00000.tar");
    tar(&shard, &with(images(&[("", 12)]), &["000.cls", "001.cls", "000.json"]));
    begins(&shard, "000.cls and 2 other files are");
    let coco = dir.path().join("coco");
    unpack(&coco, &with(images(&[("train2017", 12), ("val2017", 3)]), &["annotations/instances_train2017.json", "licenses.json"]));
    let notes = opened(&coco, json!({ "test": "validation" })).unwrap().notes;
    assert!(notes[1].starts_with("annotations/instances_train2017.json is not read, and all images are one class; "), "{notes:?}");
    // Beside classes they are no loss.
    let classes = dir.path().join("classes");
    unpack(&classes, &with(images(&[("cat", 12), ("dog", 12)]), &["metadata.jsonl", "cat/000.cls", "dog/000.json"]));
    assert_eq!(opened(&classes, json!({})).unwrap().notes, [""; 0]);
}
