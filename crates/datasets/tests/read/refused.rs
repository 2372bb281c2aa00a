//! What users and strangers put in place of a data set: each is refused with one message that names the file.

use std::{fs, path::Path};

use serde_json::{Map, json};
use vimae_core::{Error as CoreError, Split};
use vimae_datasets::{Error, Image, Sources, hostile, open, open_reporting};

use crate::made::{png, seed};

fn refusal(name: &str, dir: &Path) -> Error {
    open(name, &Map::new(), &Sources::in_dir(dir)).err().unwrap()
}

/// The data set must be refused for the damage of a file whose name holds `file`.
#[track_caller]
fn damaged(name: &str, dir: &Path, file: &str) {
    let error = refusal(name, dir);
    assert!(matches!(&error, Error::Damaged { file: named, .. } if named.contains(file)), "{error}");
}

#[test]
fn torn_images_and_tables_are_refused_wherever_they_are_cut() {
    for name in ["colour.jpg", "progressive.jpg", "grey.jpg", "colour.png", "bits.png", "palette.png", "deep.png", "alpha.png"] {
        let whole = seed(name);
        assert!(Image::decode(&whole, name).is_ok(), "{name}");
        for end in 0..whole.len() - 1 {
            assert!(Image::decode(&whole[..end], name).is_err(), "{name} cut at {end} of {}", whole.len());
        }
    }
    for name in ["snappy.parquet", "zstd.parquet", "plain.parquet"] {
        let whole = seed(name);
        assert_eq!(hostile::read("parquet", &whole).unwrap(), 12);
        for end in 0..whole.len() {
            assert!(hostile::read("parquet", &whole[..end]).is_err(), "{name} cut at {end}");
        }
    }
}

#[test]
fn a_image_of_sixty_thousand_squared_is_refused_before_memory_is_taken() {
    let mut large = png(4, 9);
    large[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let refused = |bytes: &[u8]| {
        let message = Image::decode(bytes, "large").unwrap_err().to_string();
        assert!(message.contains("60000x60000 = 3600000000 pixels, more than the limit of 64000000"), "{message}");
        assert!(message.ends_with("make it smaller (magick IMAGE -resize 4096x4096 SMALLER)"), "{message}");
    };
    refused(&large);
    let mut large = seed("grey.jpg");
    let frame = large.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    large[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    refused(&large);
}

#[test]
fn an_image_that_is_not_read_says_how_to_make_it_one_that_is_and_leaves_other_ways_to_the_command() {
    let message = Image::decode(b"GIF89a", "a.gif").unwrap_err().to_string();
    assert!(message.ends_with("GIF is not read: convert it to PNG (magick IMAGE IMAGE.png)"), "{message}");
}

#[test]
fn a_page_that_claims_gigabytes_is_refused() {
    let mut lying = seed("plain.parquet");
    // The header of the last page, that of labels: kind, then the unpacked size as a zigzag varint of two bytes. The
    // claim needs five; what is behind moves, but is found from the end of the file.
    let header = lying.windows(3).rposition(|w| w == [0x15, 0x06, 0x15]).unwrap();
    lying.splice(header + 3..header + 5, [0xfe, 0xff, 0xff, 0xff, 0x0f]);
    let error = hostile::read("parquet", &lying).unwrap_err();
    assert!(error.to_string().contains("2147483647"), "{error}");
}

#[test]
fn mnist_with_other_images_without_labels_or_with_half_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, words: &[u32], body: usize| {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).chain(std::iter::repeat_n(0, body)).collect();
        fs::write(dir.path().join(name), bytes).unwrap();
    };
    file("train-images-idx3-ubyte", &[0x803, 10, 28, 28], 7840);
    file("t10k-images-idx3-ubyte", &[0x803, 10, 28, 28], 7840);
    file("t10k-labels-idx1-ubyte", &[0x801, 10], 10);
    let error = refusal("mnist", dir.path());
    let Error::Missing { name, looked, .. } = &error else { panic!("{error}") };
    assert!(name == "mnist" && looked.iter().any(|place| place.starts_with(dir.path())), "{error}");
    file("train-labels-idx1-ubyte", &[0x801, 10], 10);
    let error = refusal("mnist", dir.path());
    let Error::Digest { file: named, expected, .. } = &error else { panic!("{error}") };
    assert!(named.ends_with("train-images-idx3-ubyte") && expected.starts_with("ba891046"), "{error}");
    file("train-labels-idx1-ubyte", &[0x801, 9], 9);
    damaged("mnist", dir.path(), "train-labels-idx1-ubyte");
    file("train-images-idx3-ubyte", &[0x803, 1 << 31, 28, 28], 7840);
    let error = refusal("mnist", dir.path());
    let Error::TooLarge { file: named, size, .. } = &error else { panic!("{error}") };
    assert!(named.ends_with("train-images-idx3-ubyte") && *size == 1_683_627_180_032, "{error}");
}

#[test]
fn a_table_of_another_data_set_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["train-00000-of-00001.parquet", "test-00000-of-00001.parquet"] {
        fs::create_dir_all(dir.path().join("mnist")).unwrap();
        fs::create_dir_all(dir.path().join("cifar10")).unwrap();
        fs::write(dir.path().join("mnist").join(name), seed("snappy.parquet")).unwrap();
        fs::write(dir.path().join("cifar10").join(name), seed("snappy.parquet")).unwrap();
    }
    for name in ["mnist", "cifar10"] {
        let error = refusal(name, dir.path());
        assert!(matches!(&error, Error::BrokenImage(_)) && error.to_string().contains("row 0: an image of 24x20 among"), "{error}");
    }
}

#[test]
fn cifar_batches_that_are_cut_or_absent_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("data_batch_1.bin"), vec![0; 3073 * 2]).unwrap();
    let error = refusal("cifar10", dir.path());
    let lacking = "holds data_batch_1.bin but lacks data_batch_2.bin, data_batch_3.bin";
    assert!(matches!(&error, Error::Missing { .. }) && error.to_string().contains(lacking), "{error}");
    for name in ["data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
        fs::write(dir.path().join(format!("{name}.bin")), vec![0; 3073 * 2]).unwrap();
    }
    damaged("cifar10", dir.path(), "data_batch_1.bin");
    let mut batch = vec![0; 3073 * 10_000];
    batch[3073] = 10;
    fs::write(dir.path().join("data_batch_1.bin"), batch).unwrap();
    damaged("cifar10", dir.path(), "data_batch_1.bin");
}

#[test]
fn an_absent_data_set_says_what_to_put_where() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["mnist", "cifar10", "omniglot", "celeba"] {
        let message = refusal(name, dir.path()).to_string();
        assert!(message.contains("DATA_DIR") && message.contains("cargo xtask data fetch"), "{message}");
    }
    let message = refusal("table:some/body", dir.path()).to_string();
    assert!(message.contains("`cargo xtask data fetch table:some/body` brings one"), "{message}");
    let message = refusal("table:one.parquet", dir.path()).to_string();
    assert!(!message.contains("data fetch"), "{message}");
    let Error::Core(error) = refusal("mnits", dir.path()) else { panic!("an unknown name") };
    let CoreError::UnknownName { nearest, available, .. } = *error else { panic!("{error}") };
    assert_eq!(nearest.as_deref(), Some("mnist"));
    assert_eq!(available, ["arrays", "celeba", "cifar10", "digits", "folder", "mnist", "omniglot", "table"]);
}

#[test]
fn an_empty_folder_and_settings_without_meaning_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let name = format!("folder:{}", dir.path().display());
    damaged(&name, dir.path(), &dir.path().display().to_string());
    damaged("folder:/nowhere", dir.path(), "/nowhere");
    let message = refusal("folder", dir.path()).to_string();
    assert!(message.contains("folder:PATH"), "{message}");
    let size = json!({ "size": 100_000 });
    let Err(Error::Core(error)) = open(&name, size.as_object().unwrap(), &Sources::default()) else { panic!("a size out of range") };
    assert!(matches!(&*error, CoreError::Setting { key, given, .. } if key == "size" && given == "100000"), "{error}");
}

#[test]
fn one_broken_image_among_thousands_is_named_and_can_be_left_out() {
    let dir = tempfile::tempdir().unwrap();
    for (class, value) in [("dark", 10), ("light", 200)] {
        fs::create_dir(dir.path().join(class)).unwrap();
        for i in 0..1_000 {
            fs::write(dir.path().join(class).join(format!("{i:04}.png")), png(8, value)).unwrap();
        }
    }
    fs::write(dir.path().join("light/0500.png"), &png(8, 200)[..50]).unwrap();
    let name = format!("folder:{}", dir.path().display());
    let settings = json!({ "size": 8, "channels": 1 });
    let settings = settings.as_object().unwrap();
    let error = open(&name, settings, &Sources::default()).err().unwrap();
    assert!(matches!(error, Error::BrokenImage(_)) && error.to_string().contains("light/0500.png: broken PNG"), "{error}");
    let opened = open_reporting(&name, settings, &Sources { skip_broken: true, ..Sources::default() }).unwrap();
    assert_eq!(opened.skipped.len(), 1);
    assert!(opened.skipped.iter().all(|b| b.file.ends_with("light/0500.png")));
    let count = |split| opened.dataset.split(split).unwrap().len();
    assert_eq!(count(Split::Train) + count(Split::Test), 1_999);
    // Labels and pixels are still of one another.
    let test = opened.dataset.split(Split::Test).unwrap();
    assert!(test.labels().iter().zip(test.pixels().chunks(64)).all(|(&l, p)| p == [if l == 0 { 10 } else { 200 }; 64]));
}
