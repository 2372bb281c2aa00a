//! CelebA as torchvision, Kaggle, Google's folders and browsers leave it, made small.

use std::{fs, path::Path};

use serde_json::{Map, json};
use vimae_core::Split;
use vimae_datasets::{Error, Known, Opened, Sources, inventory, open_reporting};

use crate::made::{Member, counts, png_of, tar, unpack, zip};

/// Twenty faces of one brightness each, out of order.
fn faces(folder: &str, ending: &str) -> Vec<Member> {
    (1..=20).map(|i| i * 7 % 20 + 1).map(|i| (format!("{folder}{i:06}.{ending}"), face(i as u8 * 10))).collect()
}

/// Ten train, five validate, five test; not in the order of their numbers.
fn side(i: u32) -> u32 {
    if i.is_multiple_of(2) { 0 } else { 1 + u32::from(i > 10) }
}

fn csv(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    let rows: String = numbers.map(|i| format!("{i:06}.jpg,{}\r\n", side(i))).collect();
    format!("image_id,partition\r\n{rows}").into_bytes()
}

fn txt(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    numbers.map(|i| format!("{i:06}.jpg {}\n", side(i))).collect::<String>().into_bytes()
}

fn packed(path: &Path, members: &[Member]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let is_zip = path.to_string_lossy().to_ascii_lowercase().ends_with(".zip");
    if is_zip { zip(path, members) } else { tar(path, members) }
}

/// A face of one brightness at half of CelebA's size.
fn face(value: u8) -> Vec<u8> {
    png_of(89, 109, value)
}

fn opened(dir: &Path) -> vimae_datasets::Result<Opened> {
    open_reporting("celeba", &Map::new(), &Sources::in_dir(dir))
}

/// Kaggle's other tables, and what an unpacking program adds.
fn beside() -> Vec<Member> {
    let table = |name: &str| (format!("{name}.csv"), b"image_id,x\n000001.jpg,1\n".to_vec());
    vec![table("list_attr_celeba"), table("list_bbox_celeba"), table("list_landmarks_align_celeba"), ("__MACOSX/x".into(), vec![1])]
}

#[test]
fn every_place_and_form_gives_the_splits_of_the_partition() {
    let with = |mut members: Vec<Member>, more: &[(&str, Vec<u8>)]| {
        members.extend(more.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())));
        members.extend(beside());
        members
    };
    let rows: Vec<(&str, &str, Vec<Member>)> = vec![
        ("published", "celeba", with(faces("img_align_celeba/", "jpg"), &[("list_eval_partition.txt", txt(1..=20))])),
        ("Kaggle, one folder", "celeba", with(faces("img_align_celeba/", "jpg"), &[("list_eval_partition.csv", csv(1..=20))])),
        ("Kaggle", "celeba", with(faces("img_align_celeba/img_align_celeba/", "jpg"), &[("list_eval_partition.csv", csv(1..=20))])),
        ("capitals", "CelebA", with(faces("img_align_celeba/", "JPG"), &[("List_Eval_Partition.CSV", csv(1..=20))])),
        ("Google", "CelebA", with(faces("Img/img_align_celeba/", "jpg"), &[("Eval/list_eval_partition.txt", txt(1..=20))])),
        (
            "as unpacked",
            "celeba/archive",
            with(faces("img_align_celeba/img_align_celeba/", "jpg"), &[("list_eval_partition.csv", csv(1..=20))]),
        ),
        ("within", "celeba", with(faces("img_align_celeba/", "png"), &[("img_align_celeba/list_eval_partition.csv", csv(1..=20))])),
        ("bare", "celeba", with(faces("", "jpeg"), &[("list_eval_partition.csv", csv(1..=20))])),
        ("the whole list", "celeba", with(faces("img_align_celeba/", "jpg"), &[("list_eval_partition.csv", csv(1..=999))])),
        (
            "both lists",
            "celeba",
            with(faces("img_align_celeba/", "jpg"), &[("list_eval_partition.csv", csv(1..=20)), ("list_eval_partition.txt", txt(1..=20))]),
        ),
    ];
    let mut digests = Vec::new();
    for (form, place, members) in &rows {
        let dir = tempfile::tempdir().unwrap();
        unpack(&dir.path().join(place), members);
        let opened = opened(dir.path()).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(counts(opened.dataset.as_ref()), [10, 5, 5], "{form}");
        assert_eq!(opened.notes.len(), usize::from(*form == "the whole list"), "{form}: {:?}", opened.notes);
        digests.push((*form, opened.dataset.sha256().to_owned()));
    }
    // The partition in the archive, or beside it.
    for file in ["archive.zip", "celeba-dataset.zip", "img_align_celeba.zip", "img_align_celeba.tar", "Archive.ZIP"] {
        let dir = tempfile::tempdir().unwrap();
        let members = with(faces("img_align_celeba/img_align_celeba/", "jpg"), &[("list_eval_partition.csv", csv(1..=20))]);
        packed(&dir.path().join("celeba").join(file), &members);
        let opened = opened(dir.path()).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(counts(opened.dataset.as_ref()), [10, 5, 5], "{file}");
        assert_eq!(opened.passed_over.to_string(), "3 .csv, 1 system folder", "{file}");
        digests.push((file, opened.dataset.sha256().to_owned()));
    }
    let dir = tempfile::tempdir().unwrap();
    packed(&dir.path().join("img_align_celeba.zip"), &faces("img_align_celeba/", "jpg"));
    fs::write(dir.path().join("list_eval_partition.csv"), csv(1..=20)).unwrap();
    // What a download that did not come about leaves.
    fs::create_dir(dir.path().join("img_align_celeba")).unwrap();
    digests.push(("beside", opened(dir.path()).unwrap().dataset.sha256().to_owned()));
    assert!(digests.iter().all(|(_, digest)| *digest == digests[0].1), "{digests:#?}");
}

#[test]
fn images_are_in_the_split_that_the_partition_says() {
    let dir = tempfile::tempdir().unwrap();
    unpack(&dir.path().join("celeba"), &faces("img_align_celeba/", "jpg"));
    fs::write(dir.path().join("celeba/list_eval_partition.csv"), csv(1..=20)).unwrap();
    let opened = opened(dir.path()).unwrap();
    for (split, part) in [(Split::Train, 0), (Split::Validation, 1), (Split::Test, 2)] {
        let set = opened.dataset.split(split).unwrap();
        let found: Vec<u32> = set.pixels().chunks(64 * 64 * 3).map(|image| u32::from(image[0]) / 10).collect();
        assert_eq!(found, (1..=20).filter(|&i| side(i) == part).collect::<Vec<_>>());
        assert!(set.labels().iter().all(|&label| label == 0));
    }
}

#[test]
fn a_partition_and_images_that_disagree_are_said() {
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &faces("img_align_celeba/", "jpg"));
    let list = dir.path().join("list_eval_partition.csv");
    fs::write(&list, csv(3..=30)).unwrap();
    let found = opened(dir.path()).unwrap();
    assert_eq!(counts(found.dataset.as_ref()), [9, 4, 5]);
    assert!(found.notes[0].contains("does not say where 000001.jpg belongs, nor 1 others: left out"), "{:?}", found.notes);
    assert!(found.notes[1].ends_with("names 10 images that are not here"), "{:?}", found.notes);
    assert_eq!(found.passed_over.to_string(), "2 images that the partition does not name");
    fs::write(&list, csv(100..=130)).unwrap();
    assert!(opened(dir.path()).err().unwrap().to_string().ends_with("names none of the 20 images, such as 000001.jpg"));
    fs::write(&list, "image_id,Smiling\n000001.jpg,1\n").unwrap();
    assert!(opened(dir.path()).err().unwrap().to_string().contains("list_eval_partition.csv: line 1:"));
    fs::write(&list, csv(1..=20)).unwrap();
    fs::write(dir.path().join("list_eval_partition.txt"), "000007.jpg 0\n").unwrap();
    let problem = opened(dir.path()).err().unwrap().to_string();
    assert!(problem.contains("list_eval_partition.csv: says of 000007.jpg otherwise than"), "{problem}");
}

#[test]
fn without_a_partition_the_last_tenth_tests_and_files_without_numbers_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut members = faces("img_align_celeba/", "jpg");
    members.extend([("img_align_celeba/me.jpg".into(), face(1)), ("img_align_celeba/._000001.jpg".into(), vec![1])]);
    members.extend([("img_align_celeba/+5.jpg".into(), face(1)), ("img_align_celeba/@eaDir/000002.jpg".into(), face(1))]);
    unpack(dir.path(), &members);
    let found = opened(dir.path()).unwrap();
    assert_eq!(counts(found.dataset.as_ref()), [18, 0, 2]);
    assert_eq!(found.passed_over.to_string(), "2 images without a number, 1 hidden, 1 thumbnail folder");
    unpack(dir.path(), &[("img_align_celeba/more/000003.png".into(), face(1))]);
    assert!(opened(dir.path()).err().unwrap().to_string().contains("holds two images of the number 000003"));
}

#[test]
fn broken_faces_that_were_left_out_are_known_from_the_cache_too() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut members = faces("img_align_celeba/", "jpg");
    members[0].1.truncate(50);
    unpack(dir.path(), &members);
    let sources = Sources { cache_dir: Some(cache.path().into()), ..Sources::in_dir(dir.path()) };
    let read = |broken: &str| open_reporting("celeba", json!({ "broken": broken }).as_object().unwrap(), &sources);
    assert!(read("refuse").err().unwrap().to_string().contains("broken = \"skip\" in [dataset]"));
    let first = read("skip").unwrap();
    assert!(fs::read_dir(cache.path().join("prepared")).unwrap().count() > 0);
    let again = read("skip").unwrap();
    assert_eq!((first.skipped.len(), &first.skipped, counts(first.dataset.as_ref())), (1, &again.skipped, counts(again.dataset.as_ref())));
    assert!(read("refuse").is_err(), "what was left out once is not forgotten");
    // A list of fewer faces than were published is another edition, not a damaged one.
    fs::write(dir.path().join("list_eval_partition.txt"), txt(1..=20)).unwrap();
    let verified = inventory::verify("celeba", &Map::new(), &Sources { skip_broken: true, ..sources.clone() }).unwrap();
    assert_eq!(verified.files.iter().map(|file| file.known).collect::<Vec<_>>(), [Known::Unknown, Known::Other]);
    assert_eq!((verified.skipped.len(), verified.classes.len()), (1, 1));
}

#[cfg(unix)]
#[test]
fn a_face_that_is_a_link_to_nothing_is_left_out_with_a_cache_too() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    unpack(dir.path(), &faces("img_align_celeba/", "jpg"));
    std::os::unix::fs::symlink("nowhere.jpg", dir.path().join("img_align_celeba/000021.jpg")).unwrap();
    let sources = Sources { cache_dir: Some(cache.path().into()), ..Sources::in_dir(dir.path()) };
    let refused = open_reporting("celeba", &Map::new(), &sources).err().unwrap();
    assert!(matches!(refused, Error::BrokenImage(_)), "{refused}");
    let opened = open_reporting("celeba", &Map::new(), &Sources { skip_broken: true, ..sources }).unwrap();
    assert_eq!((counts(opened.dataset.as_ref()), opened.skipped.len()), ([18, 0, 2], 1));
}

#[test]
fn other_numbered_images_are_not_taken_for_it() {
    let dir = tempfile::tempdir().unwrap();
    unpack(&dir.path().join("celeba_hq"), &[("00001.jpg".into(), face(1)), ("000002.jpg".into(), face(1))]);
    packed(&dir.path().join("celeba/archive.zip"), &faces("CelebA-HQ-img/", "jpg"));
    let problem = opened(dir.path()).err().unwrap().to_string();
    assert!(problem.ends_with("passed over: 20 images not in a folder img_align_celeba"), "{problem}");
    fs::remove_dir_all(dir.path().join("celeba")).unwrap();
    assert!(opened(dir.path()).err().unwrap().to_string().starts_with("data set \"celeba\" is not on this machine"));
}
