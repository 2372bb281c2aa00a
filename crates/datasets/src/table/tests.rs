//! Tables written by hand, with and without splits, colours and classes.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::{Sources, open_reporting, parquet::by_hand};

/// An image of two pixels of that level, in one or three channels.
fn png(channels: u8, level: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(if channels == 1 { ::png::ColorType::Grayscale } else { ::png::ColorType::Rgb });
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![level; 2 * usize::from(channels)]).unwrap();
    writer.finish().unwrap();
    bytes
}

/// Sixty images of three classes; those of `rows` are grayscale, all others in colour.
fn images(rows: &[usize]) -> Vec<(Vec<u8>, u32)> {
    (0..60).map(|i| (png(if rows.contains(&i) { 1 } else { 3 }, i as u8), i as u32 % 3)).collect()
}

fn write(path: &Path, rows: &[(Vec<u8>, u32)]) {
    fs::write(path, by_hand::table(rows, 0, &<[u8]>::to_vec)).unwrap();
}

fn opened(path: &Path, settings: Value) -> Result<Opened> {
    open_reporting(&format!("table:{}", path.display()), settings.as_object().unwrap(), &Sources::default())
}

#[test]
fn grayscale_among_colour_has_three_channels_wherever_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.parquet");
    let of = |grayscale: &[usize], settings: Value| {
        write(&file, &images(grayscale));
        opened(&file, settings).unwrap()
    };
    let colour = of(&[], json!({}));
    for rows in [&[0][..], &[7], &[0, 1, 2, 3, 59]] {
        for broken in ["refuse", "skip"] {
            let mixed = of(rows, json!({ "broken": broken }));
            assert_eq!((mixed.dataset.sha256(), mixed.skipped.len()), (colour.dataset.sha256(), 0), "{rows:?}");
            assert_eq!(mixed.notes.len(), usize::from(rows.contains(&0)), "{:?}", mixed.notes);
        }
    }
    let all: Vec<usize> = (0..60).collect();
    let grayscale = of(&all, json!({}));
    assert_eq!((grayscale.dataset.shape().unwrap().channels, grayscale.notes.len()), (1, 0));
    assert_eq!(of(&[0], json!({ "channels": 1 })).dataset.sha256(), grayscale.dataset.sha256());
    assert_eq!(of(&[], json!({ "channels": 1 })).dataset.sha256(), grayscale.dataset.sha256());
    assert_eq!(of(&all, json!({ "channels": 3 })).dataset.sha256(), colour.dataset.sha256());
    let error = opened(&file, json!({ "channels": 2 })).err().unwrap();
    assert!(matches!(&error, Error::Damaged { problem, .. } if problem.contains("channels = 2")), "{error}");
}

#[test]
fn images_are_one_class_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.parquet");
    write(&file, &images(&[]));
    let (all, one) = (opened(&file, json!({})).unwrap().dataset, opened(&file, json!({ "label": "none" })).unwrap().dataset);
    assert_eq!((all.classes(), one.classes()), (3, 1));
    // Every tenth of all, in place of every tenth of each class.
    assert_eq!(one.split(Split::Test).unwrap().pixels().chunks(6).map(|image| image[0]).collect::<Vec<_>>(), [9, 19, 29, 39, 49, 59]);
    let message = opened(&file, json!({ "label": "fine_label" })).err().unwrap().to_string();
    assert!(
        message.ends_with(
            "there are image (bytes), label (int64); rename that of classes to label, or label = \"none\" in [dataset] takes all images as one class"
        ),
        "{message}"
    );
}

#[test]
fn tables_that_only_train_are_one_set_and_those_to_validate_test_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let counts = |settings: Value| {
        let opened = opened(dir.path(), settings)?;
        let count = |split| opened.dataset.split(split).map_or(0, vimae_core::ImageSet::len);
        Ok::<_, Error>(([Split::Train, Split::Validation, Split::Test].map(count), opened.notes.len(), opened.passed_over.to_string()))
    };
    let shard = |name: &str| {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        write(&dir.path().join(name), &images(&[]));
    };
    shard("data/train-00000-of-00002.parquet");
    shard("data/train-00001-of-00002.parquet");
    assert_eq!(counts(json!({})).unwrap(), ([108, 0, 12], 0, String::new()));
    assert!(counts(json!({ "test": "validation" })).unwrap_err().to_string().contains("no tables to validate"));
    shard("data/validation.parquet");
    let message = counts(json!({})).unwrap_err().to_string();
    assert!(message.contains("none to test: set test = \"validation\"") && message.contains("test = \"tenth\""), "{message}");
    assert_eq!(counts(json!({ "test": "validation" })).unwrap().0, [120, 0, 60]);
    assert_eq!(counts(json!({ "test": "tenth" })).unwrap().0, [108, 60, 12]);
    // Other tables are said: of no split, and in a folder beside.
    shard("data/test.parquet");
    shard("data/extra.parquet");
    shard("other/train.parquet");
    shard("other/test.parquet");
    assert_eq!(counts(json!({})).unwrap(), ([120, 60, 60], 1, "1 parquet file of no split".to_owned()));
    assert!(counts(json!({ "test": "tenth" })).unwrap_err().to_string().contains("leave the setting test out"));
}

#[test]
fn images_of_several_sizes_say_how_they_become_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = images(&[]);
    rows[7].0 = include_bytes!("../../tests/seeds/colour.png").to_vec();
    write(&dir.path().join("one.parquet"), &rows);
    let message = opened(dir.path(), json!({})).err().unwrap().to_string();
    assert!(message.contains("row 7: an image of 24x20 among 1x2x3; size = 64 in [dataset] brings all to one size"), "{message}");
    assert!(opened(dir.path(), json!({ "size": 8 })).is_ok());
}

#[test]
fn transparent_images_are_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = images(&[0]);
    // Grayscale comes before colour: all are read twice.
    rows[7].0 = include_bytes!("../../tests/seeds/alpha.webp").to_vec();
    write(&dir.path().join("one.parquet"), &rows);
    let notes = opened(dir.path(), json!({ "size": 8 })).unwrap().notes;
    assert!(matches!(&notes[..], [_, note] if note.starts_with("1 image has transparent pixels")), "{notes:?}");
}

#[test]
fn a_folder_of_other_files_says_what_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let problem = || opened(dir.path(), json!({})).err().unwrap().to_string();
    assert!(problem().ends_with("holds no parquet files to train and to test on"), "{}", problem());
    fs::write(dir.path().join("data-train.arrow"), [1]).unwrap();
    assert!(problem().contains("1 .arrow; of the library datasets, dataset.to_parquet"), "{}", problem());
    fs::write(dir.path().join("a.png"), png(1, 9)).unwrap();
    assert!(problem().ends_with("; folder:PATH reads the image files in it (1)"), "{}", problem());
}

#[test]
fn colour_in_a_later_split_is_that_of_all() {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<usize> = (0..60).collect();
    let of = |grayscale: &[usize]| {
        write(&dir.path().join("train.parquet"), &images(grayscale));
        write(&dir.path().join("test.parquet"), &images(&[]));
        opened(dir.path(), json!({})).unwrap().dataset.sha256().to_owned()
    };
    assert_eq!(of(&all), of(&[]));
}

#[test]
fn broken_images_are_named_with_a_setting_that_leaves_them_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.parquet");
    let mut rows = images(&[0]);
    rows[5].0.truncate(30);
    write(&file, &rows);
    let message = opened(&file, json!({})).err().unwrap().to_string();
    assert!(message.contains("one.parquet, row 5: broken PNG") && message.contains("broken = \"skip\" in [dataset]"), "{message}");
    let opened = opened(&file, json!({ "broken": "skip" })).unwrap();
    let left_out: Vec<&str> = opened.skipped.iter().map(|broken| broken.file.as_str()).collect();
    assert!(matches!(left_out.as_slice(), [one] if one.ends_with("one.parquet, row 5")), "{left_out:?}");
    assert_eq!(opened.dataset.split(Split::Train).unwrap().len() + opened.dataset.split(Split::Test).unwrap().len(), 59);
}

#[test]
fn null_images_are_broken_ones() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds");
    let whole = opened(&seeds.join("plain.parquet"), json!({ "label": "none" })).unwrap().dataset;
    let images = |data: &dyn vimae_core::Dataset| -> Vec<Vec<u8>> {
        let set = data.split(Split::Train).unwrap();
        set.pixels().chunks(set.shape().len()).map(<[u8]>::to_vec).collect()
    };
    let all = images(whole.as_ref());
    for name in ["null_image.parquet", "null_struct.parquet"] {
        let file = seeds.join("refused").join(name);
        let message = opened(&file, json!({ "label": "none" })).err().unwrap().to_string();
        let problem = format!("{name}, row 7: has no image: image.bytes is null or empty; a file that image.path names is not read");
        assert!(message.contains(&problem) && message.contains("broken = \"skip\" in [dataset]"), "{message}");
        let Opened { dataset, skipped, .. } = opened(&file, json!({ "label": "none", "broken": "skip" })).unwrap();
        assert!(matches!(&skipped[..], [one] if one.file.ends_with(&format!("{name}, row 7"))), "{skipped:?}");
        // The tenth of those that are left tests: row 10 in place of row 9.
        let left = images(dataset.as_ref());
        assert_eq!((left.len(), all.len()), (10, 11));
        assert!(left[..7] == all[..7] && left[7] == all[8] && left[9] == all[10]);
    }
}
