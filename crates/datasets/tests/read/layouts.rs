//! The forms in which users have data, made small: each is read as the full one is.

use std::{fs, path::Path};

use serde_json::{Map, json};
use vimae_core::{Dataset, PixelRange, Split};
use vimae_datasets::{Error, Known, Sources, inventory, open};

use crate::made::{Member, png, seed, tar_gz, unpack, zip};

fn read(name: &str, dir: &Path) -> Box<dyn Dataset> {
    open(name, &Map::new(), &Sources::in_dir(dir)).unwrap()
}

/// Twenty faces of one brightness each, out of order.
fn faces() -> Vec<Member> {
    let order = (1..=20).map(|i| i * 7 % 20 + 1);
    order.map(|i| (format!("img_align_celeba/{i:06}.png"), png(89, i as u8 * 10))).collect()
}

#[test]
fn celeba_is_the_same_as_folder_zip_and_tar() {
    let mut digests = Vec::new();
    for form in ["folder", "zip", "tar.gz"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(format!("img_align_celeba.{form}"));
        match form {
            "folder" => unpack(dir.path(), &faces()),
            "zip" => zip(&path, &faces()),
            _ => tar_gz(&path, &faces()),
        }
        let dataset = read("celeba", dir.path());
        let test = dataset.split(Split::Test).unwrap();
        assert_eq!((dataset.split(Split::Train).unwrap().len(), test.len()), (18, 2));
        assert_eq!((test.pixels().first(), test.pixels().last()), (Some(&190), Some(&200)), "the last numbers test");
        assert_eq!((dataset.shape().unwrap().to_string(), dataset.range()), ("64x64x3".into(), PixelRange::Symmetric));
        digests.push(dataset.sha256().to_owned());
    }
    assert!(digests.windows(2).all(|d| d[0] == d[1]), "{digests:?}");
}

#[test]
fn celeba_follows_a_partition_that_lies_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &faces());
    let side = |i: u32| if i <= 10 { 0 } else { u32::from(i.is_multiple_of(2)) + 1 };
    let lines: Vec<String> = (1..=20).map(|i| format!("{i:06}.jpg {}", side(i))).collect();
    fs::write(dir.path().join("list_eval_partition.txt"), lines.join("\n")).unwrap();
    let dataset = read("celeba", dir.path());
    let counts = [Split::Train, Split::Validation, Split::Test].map(|s| dataset.split(s).unwrap().len());
    assert_eq!(counts, [10, 5, 5]);
    assert_eq!(dataset.split(Split::Validation).unwrap().pixels().first(), Some(&110));
}

#[test]
fn cifar_is_the_same_as_archive_and_unpacked() {
    let batches = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
    let record = |batch: usize| {
        let mut record = vec![batch as u8; 3073];
        record[0] = batch as u8 + 1;
        record.repeat(10_000)
    };
    let members: Vec<_> = batches.iter().enumerate().map(|(i, b)| (format!("cifar-10-batches-bin/{b}.bin"), record(i))).collect();
    let [packed, unpacked, kaggle] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    tar_gz(&packed.path().join("cifar-10-binary.tar.gz"), &members);
    unpack(unpacked.path(), &members);
    // Kaggle's; one of another content is passed over.
    for (folder, content) in [("cifar10", &[("00000/img00000000.png".to_owned(), png(32, 1))][..]), ("cifar10-kaggle", &members)] {
        fs::create_dir(kaggle.path().join(folder)).unwrap();
        zip(&kaggle.path().join(folder).join("archive.zip"), content);
    }
    assert_eq!(read("cifar10", kaggle.path()).sha256(), read("cifar10", unpacked.path()).sha256());
    let (packed, unpacked) = (read("cifar10", packed.path()), read("cifar10", unpacked.path()));
    assert_eq!(packed.sha256(), unpacked.sha256());
    let (train, test) = (packed.split(Split::Train).unwrap(), packed.split(Split::Test).unwrap());
    assert_eq!((train.len(), test.len()), (50_000, 10_000));
    assert_eq!((train.labels()[10_000], train.pixels()[3072 * 10_000], test.labels()[0], test.pixels()[0]), (2, 1, 6, 5));
}

/// Two characters of two drawings in each alphabet.
fn drawings(root: &str, alphabets: &[&str]) -> Vec<Member> {
    let mut members = vec![("__MACOSX/._x.png".to_owned(), vec![1])];
    for (a, alphabet) in alphabets.iter().enumerate() {
        for (i, place) in [(1, 1), (1, 2), (2, 1), (2, 2)].iter().enumerate() {
            let name = format!("{root}/{alphabet}/character{:02}/00{a}_{:02}.png", place.0, place.1);
            members.push((name, png(105, (a * 50 + i * 10) as u8)));
        }
    }
    members
}

#[test]
fn omniglot_is_the_same_as_zips_and_folders_and_splits_as_published() {
    let [packed, unpacked, shouted, named] = [(); 4].map(|()| tempfile::tempdir().unwrap());
    for (root, alphabets) in [("images_background", &["Latin", "Greek"][..]), ("images_evaluation", &["Angelic"])] {
        let members = drawings(root, alphabets);
        zip(&packed.path().join(format!("{root}.zip")), &members);
        zip(&shouted.path().join(format!("{root}.zip").to_uppercase()), &members);
        unpack(unpacked.path(), &members);
        // As Windows and macOS let people write it.
        unpack(named.path(), &drawings(&root.replace("images", "Images"), alphabets));
    }
    let dataset = read("omniglot", packed.path());
    for other in [unpacked, shouted, named] {
        assert_eq!(dataset.sha256(), read("omniglot", other.path()).sha256());
    }
    assert_eq!(dataset.classes(), 6);
    let (train, test) = (dataset.split(Split::Train).unwrap(), dataset.split(Split::Test).unwrap());
    assert_eq!((train.len(), test.len()), (4 * 2 * 4, 2 * 2 * 4));
    assert_eq!(train.labels()[..9], [0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(test.labels()[0], 4);
    // Greek comes before Latin, and strokes are bright: 255 - 50.
    assert_eq!(train.pixels()[0], 205);
    let plain = json!({ "rotations": "none" });
    let plain = open("omniglot", plain.as_object().unwrap(), &Sources::in_dir(packed.path())).unwrap();
    assert_eq!(plain.split(Split::Test).unwrap().len(), 4);
}

#[test]
fn a_published_archive_with_a_flipped_bit_is_refused_and_another_edition_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("images_background_small1.zip");
    zip(&path, &drawings("images_background_small1", &["A", "B", "C", "D", "E"]));
    assert_eq!(read("omniglot", dir.path()).classes(), 10);
    let report = inventory::verify("omniglot", &Map::new(), &Sources::in_dir(dir.path())).unwrap();
    assert_eq!(report.files.iter().map(|f| f.known).collect::<Vec<_>>(), [Known::Other]);
    assert_eq!((report.classes[0].name.as_str(), report.classes[9].name.as_str()), ("A/character01", "E/character02"));
    // Of the size that was published, but not the content.
    fs::write(&path, vec![0; 1_319_022]).unwrap();
    let error = open("omniglot", &Map::new(), &Sources::in_dir(dir.path())).err().unwrap();
    assert!(
        matches!(&error, Error::Digest { file, expected, .. } if file.ends_with("small1.zip") && expected.starts_with("f38eb80f")),
        "{error}"
    );
}

#[test]
fn a_folder_of_any_images_is_a_data_set() {
    let dir = tempfile::tempdir().unwrap();
    let seeds = ["colour.jpg", "progressive.jpg", "grey.jpg", "colour.png", "palette.png", "deep.png", "alpha.png", "bits.png"];
    let members: Vec<_> = (0..24).map(|i| (format!("{}/{i:02}_{}", ["b", "a"][i % 2], seeds[i % 8]), seed(seeds[i % 8]))).collect();
    unpack(dir.path(), &members);
    fs::write(dir.path().join("a/notes.txt"), "no image").unwrap();
    let name = format!("folder:{}", dir.path().display());
    let dataset = open(&name, json!({ "size": 16 }).as_object().unwrap(), &Sources::default()).unwrap();
    assert_eq!((dataset.classes(), dataset.shape().unwrap().to_string()), (2, "16x16x3".to_owned()));
    assert_eq!((dataset.split(Split::Train).unwrap().len(), dataset.split(Split::Test).unwrap().len()), (22, 2));
    let split = tempfile::tempdir().unwrap();
    unpack(split.path(), &[("train/x/1.png".into(), png(9, 1)), ("train/y/1.png".into(), png(9, 2)), ("test/y/2.png".into(), png(9, 3))]);
    let name = format!("folder:{}", split.path().display());
    let grey = json!({ "size": 9, "channels": 1, "range": "unit" });
    let dataset = open(&name, grey.as_object().unwrap(), &Sources::default()).unwrap();
    assert_eq!((dataset.classes(), dataset.range()), (2, PixelRange::Unit));
    assert_eq!(dataset.split(Split::Test).unwrap().labels(), [1]);
    assert_eq!(dataset.split(Split::Test).unwrap().pixels(), [3; 81]);
}

#[test]
fn the_list_says_what_is_here_and_how_to_get_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &faces());
    let list = inventory::list(&Sources::in_dir(dir.path())).unwrap();
    let here = |name: &str| list.iter().find(|l| l.name == name).unwrap().files.clone();
    assert_eq!(here("digits"), Some(vec![]));
    assert_eq!(here("celeba"), Some(vec![dir.path().join("img_align_celeba")]));
    assert!(here("mnist").is_none() && here("folder").is_none());
    assert!(list.iter().all(|l| !l.card.licence.is_empty() && !l.card.place.is_empty()));
    let fetched = |name: &str| inventory::card(name).unwrap().files.iter().filter(|f| f.fetch).count();
    assert_eq!([fetched("mnist"), fetched("cifar10"), fetched("omniglot"), fetched("celeba"), fetched("digits")], [2, 2, 2, 1, 0]);
}
