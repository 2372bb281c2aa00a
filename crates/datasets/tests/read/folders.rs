//! Folders and archives of images as people have them: read as they mean it with everything passed over counted, or
//! refused by name.

use std::{
    fs,
    io::{Cursor, Write},
    os::unix::fs::symlink,
    path::Path,
};

use serde_json::{Map, Value, json};
use vimae_core::Split;
use vimae_datasets::{Error, Opened, Sources, inventory, open, open_reporting};

use crate::made::{Member, counts, png, seed, tar_gz, unpack, zip};

/// `count` images in each folder, each folder of a brightness of its own.
fn images(folders: &[(&str, usize)]) -> Vec<Member> {
    let mut members = Vec::new();
    for (at, (folder, count)) in folders.iter().enumerate() {
        for i in 0..*count {
            members.push((format!("{folder}/{i:03}.png").trim_start_matches('/').to_owned(), png(8, at as u8 * 20 + 10)));
        }
    }
    members
}

fn settings(more: Value) -> Map<String, Value> {
    let mut settings = json!({ "size": 8, "channels": 1 }).as_object().unwrap().clone();
    settings.extend(more.as_object().unwrap().clone());
    settings
}

fn opened(path: &Path) -> vimae_datasets::Result<Opened> {
    open_reporting(&format!("folder:{}", path.display()), &settings(json!({})), &Sources::default())
}

/// What programs leave beside images.
fn left_behind(root: &str) -> Vec<Member> {
    let image = || png(8, 255);
    let at = |name: &str| format!("{root}{name}");
    vec![
        (at(".ipynb_checkpoints/000-checkpoint.png"), image()),
        (at("train/cat/.thumbnails/000.png"), image()),
        (at("train/@eaDir/000.png"), image()),
        (at("train/cat/._000.png"), b"AppleDouble".to_vec()),
        (at("train/cat/.DS_Store"), vec![0; 6]),
        (at("train/cat/Thumbs.db"), vec![0; 6]),
        (at("__MACOSX/train/cat/._001.png"), vec![0; 6]),
        (at(".git/objects/aa.png"), image()),
        (at("$RECYCLE.BIN/S-1/000.png"), image()),
        (at("lost+found/000.png"), image()),
        (at("README.md"), b"about".to_vec()),
        (at("LICENSE"), b"free".to_vec()),
        (at("labels.csv"), b"a,b".to_vec()),
        (at("docs/index.html"), b"<p>".to_vec()),
        (at("docs/figure.png"), image()),
        (at("cover.png"), image()),
        (at("train/dog/000.gif"), b"GIF89a".to_vec()),
    ]
}

const PASSED: &str = "3 system folders, 2 hidden, 2 hidden folders, 2 thumbnail folders, 1 .csv, 1 .gif image, a format that is not read, \
     1 .html, 1 .md, 1 file without an ending, 1 image beside the split folders, 1 image in docs/, 1 thumbnail file";

#[test]
fn a_folder_and_archives_of_it_are_the_same_whatever_programs_left_in_them() {
    let classes = [("train/cat", 12), ("train/dog", 7), ("Valid/cat", 3), ("TEST/cat", 2), ("TEST/dog", 4)];
    let mut digests = Vec::new();
    for form in ["plain", "folder", "top", "set.zip", "set.tar.gz", "set.ZIP"] {
        let dir = tempfile::tempdir().unwrap();
        // An archive holds everything in one folder, as programs that pack a folder do.
        let root = if ["plain", "folder"].contains(&form) { "" } else { "pets v2/" };
        let mut members: Vec<Member> = images(&classes).into_iter().map(|(name, bytes)| (format!("{root}{name}"), bytes)).collect();
        if form != "plain" {
            members.extend(left_behind(root));
        }
        // Archives keep an order of their own.
        members.reverse();
        let path = dir.path().join(form);
        match form {
            "set.zip" | "set.ZIP" => zip(&path, &members),
            "set.tar.gz" => tar_gz(&path, &members),
            _ => unpack(&path, &members),
        }
        let opened = opened(&path).unwrap();
        assert_eq!((opened.dataset.class_names().join(","), counts(opened.dataset.as_ref())), ("cat,dog".into(), [19, 3, 6]), "{form}");
        let passed = opened.passed_over.to_string();
        assert_eq!(passed, if form == "plain" { "" } else { PASSED }, "{form}");
        let train = opened.dataset.split(Split::Train).unwrap();
        assert!(train.labels().iter().zip(train.pixels().chunks(64)).all(|(&l, p)| p == [l as u8 * 20 + 10; 64]), "{form}");
        assert_eq!(opened.dataset.split(Split::Test).unwrap().labels(), [0, 0, 1, 1, 1, 1], "{form}");
        digests.push(opened.dataset.sha256().to_owned());
    }
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
}

#[test]
fn verify_says_classes_splits_and_what_was_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &images(&[("train/cat", 3), ("train/dog", 2), ("test/cat", 1)]));
    unpack(dir.path(), &[("train/notes.txt".into(), vec![1]), ("train/cat/.x".into(), vec![1])]);
    fs::create_dir(dir.path().join("train/bird")).unwrap();
    let name = format!("folder:{}", dir.path().display());
    let verified = inventory::verify(&name, &settings(json!({})), &Sources::default()).unwrap();
    assert_eq!(verified.splits, [(Split::Train, 5), (Split::Test, 1)]);
    let classes: Vec<_> = verified.classes.iter().map(|class| (class.name.as_str(), class.images.as_slice())).collect();
    assert_eq!(classes, [("cat", &[3, 1][..]), ("dog", &[2, 0])]);
    assert_eq!(verified.spread(), (2, 4));
    assert_eq!(verified.passed_over.to_string(), "1 .txt, 1 hidden");
    assert_eq!(verified.notes, ["no images in the folder \"train/bird\""]);
    // Data sets whose classes have no names have numbers.
    let digits = inventory::verify("digits", &Map::new(), &Sources::default()).unwrap();
    assert_eq!((digits.classes.len(), digits.classes[9].name.as_str(), digits.classes[9].images[1]), (10, "9", 200));
    let none = inventory::verify(&name, &settings(json!({ "classes": "none" })), &Sources::default()).unwrap();
    assert_eq!((none.classes.len(), none.spread()), (1, (6, 6)));
}

#[test]
fn every_ending_of_an_image_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut members = Vec::new();
    for ending in ["jpg", "JPG", "jpeg", "Jpeg", "jpe", "jfif"] {
        members.push((format!("a.{ending}"), seed("colour.jpg")));
    }
    // What a file holds decides how it is decoded, not its ending.
    for ending in ["png", "PNG", "webp", "bmp", "BMP", "tif", "TIFF"] {
        members.push((format!("b.{ending}"), png(8, 9)));
    }
    unpack(dir.path(), &members);
    let opened = opened(dir.path()).unwrap();
    assert_eq!(counts(opened.dataset.as_ref()).iter().sum::<usize>(), 13);
    assert!(opened.passed_over.is_empty());
}

#[test]
fn a_folder_without_images_says_what_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &[("a.gif".into(), vec![1]), ("b.txt".into(), vec![1]), ("thumbnails/c.png".into(), png(8, 1))]);
    let problem = opened(dir.path()).err().unwrap().to_string();
    let end = "holds no PNG, JPEG, WebP, BMP or TIFF files; passed over: 1 .gif image, a format that is not read, 1 .txt, 1 thumbnail folder; \
         convert images of other formats to PNG (magick mogrify -format png FILES)";
    assert!(problem.ends_with(end), "{problem}");
    let file = dir.path().join("b.txt");
    assert!(opened(&file).err().unwrap().to_string().ends_with("b.txt: is neither a folder, a zip nor a tar"));
}

#[test]
fn a_class_that_training_lacks_is_refused_and_a_split_that_is_absent_says_what_to_set() {
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &images(&[("train/cat", 20), ("val/cat", 4)]));
    let dataset = opened(dir.path()).unwrap().dataset;
    assert_eq!(counts(dataset.as_ref()), [20, 4, 0]);
    let problem = dataset.split(Split::Test).unwrap_err().to_string();
    assert!(problem.contains("it has train, validation; set test = \"validation\""), "{problem}");
    let name = format!("folder:{}", dir.path().display());
    let read = |more: Value| open(&name, &settings(more), &Sources::default());
    assert_eq!(counts(read(json!({ "test": "validation" })).unwrap().as_ref()), [20, 0, 4]);
    assert_eq!(counts(read(json!({ "test": "tenth" })).unwrap().as_ref()), [18, 4, 2]);
    unpack(dir.path(), &images(&[("test/bird", 1)]));
    let problem = read(json!({})).err().unwrap().to_string();
    assert!(problem.contains("holds \"bird\" in test/, a class that training lacks"), "{problem}");
    assert_eq!(read(json!({ "new_classes": "allow" })).unwrap().classes(), 2);
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    unpack(dir.path(), &images(&[("a", 10)]));
    unpack(elsewhere.path(), &images(&[("cats", 10), ("more", 1)]));
    symlink(elsewhere.path().join("cats"), dir.path().join("b")).unwrap();
    symlink(elsewhere.path().join("more/000.png"), dir.path().join("a/extra.png")).unwrap();
    for name in ["a/up", "a/up2", "self"] {
        symlink(dir.path(), dir.path().join(name)).unwrap();
    }
    let opened_links = opened(dir.path()).unwrap();
    assert_eq!((opened_links.dataset.class_names().join(","), counts(opened_links.dataset.as_ref())), ("a,b".into(), [19, 0, 2]));
    assert_eq!(opened_links.passed_over.to_string(), "3 links to a folder above it");
    let name = format!("folder:{}", dir.path().display());
    assert!(inventory::verify(&name, &settings(json!({})), &Sources::default()).is_ok());
    // Two folders that link to each other.
    symlink(dir.path(), elsewhere.path().join("cats/back")).unwrap();
    assert_eq!(counts(opened(dir.path()).unwrap().dataset.as_ref()), [19, 0, 2]);
    // A link to nothing is an image that is missing.
    symlink(dir.path().join("nowhere"), dir.path().join("a/gone.png")).unwrap();
    assert!(opened(dir.path()).err().unwrap().to_string().contains("gone.png"));
}

#[test]
fn broken_images_are_refused_with_the_setting_that_leaves_them_out() {
    let mut members = images(&[("a", 20), ("b", 20)]);
    members[3].1.truncate(40);
    members.push(("b/empty.JPG".into(), Vec::new()));
    for form in ["folder", "set.zip"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(form);
        if form == "folder" {
            unpack(&path, &members)
        } else {
            zip(&path, &members)
        }
        let problem = opened(&path).err().unwrap().to_string();
        assert!(problem.contains("003.png: broken PNG") || problem.contains("empty.JPG"), "{problem}");
        assert!(problem.ends_with("broken = \"skip\" in [dataset] leaves such images out and counts them"), "{problem}");
        let name = format!("folder:{}", path.display());
        let opened = open_reporting(&name, &settings(json!({ "broken": "skip" })), &Sources::default()).unwrap();
        let broken: Vec<&str> = opened.skipped.iter().map(|b| b.file.rsplit(['/', '!']).next().unwrap()).collect();
        assert_eq!(broken, ["003.png", "empty.JPG"], "{form}");
        assert_eq!(counts(opened.dataset.as_ref()), [35, 0, 4]);
    }
}

#[test]
fn members_that_cannot_be_read_are_left_out_as_broken_images_are() {
    let dir = tempfile::tempdir().unwrap();
    let members = images(&[("a", 20)]);
    unpack(&dir.path().join("folder"), &members);
    symlink("nowhere.png", dir.path().join("folder/a/gone.png")).unwrap();
    // A byte of the second image is another one than its checksum says.
    let stored = ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &members {
        writer.start_file(name, stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.add_symlink("a/gone.png", "nowhere.png", stored).unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    let at = bytes.windows(4).enumerate().filter(|(_, window)| window.starts_with(b"\x89PNG")).nth(1).unwrap().0;
    bytes[at + 20] ^= 1;
    fs::write(dir.path().join("set.zip"), bytes).unwrap();
    let mut builder = tar::Builder::new(fs::File::create(dir.path().join("set.tar")).unwrap());
    for (name, bytes) in &members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    for (name, target) in [("a/gone.png", "nowhere.png"), ("a/out.png", "/data/001.png"), ("a/again.png", "000.png")] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, name, target).unwrap();
    }
    builder.finish().unwrap();
    for (form, expected, kept) in
        [("folder", vec!["gone.png"], 20), ("set.zip", vec!["001.png", "gone.png"], 19), ("set.tar", vec!["gone.png", "out.png"], 21)]
    {
        let path = dir.path().join(form);
        assert!(matches!(opened(&path).err().unwrap(), Error::BrokenImage(_)), "{form}");
        let name = format!("folder:{}", path.display());
        let opened = open_reporting(&name, &settings(json!({ "broken": "skip" })), &Sources::default()).unwrap();
        let broken: Vec<&str> = opened.skipped.iter().map(|b| b.file.rsplit(['/', '!']).next().unwrap()).collect();
        assert_eq!(broken, expected, "{form}");
        assert_eq!(counts(opened.dataset.as_ref()).iter().sum::<usize>(), kept, "{form}");
        assert!(opened.passed_over.is_empty(), "{form}: {}", opened.passed_over);
        // `verify` reads every file for its digest, and leaves out what training leaves out.
        let verify = |broken: &str| inventory::verify(&name, &settings(json!({ "broken": broken })), &Sources::default());
        assert!(matches!(verify("refuse").err().unwrap(), Error::BrokenImage(_)), "{form}");
        assert_eq!(verify("skip").unwrap().skipped, opened.skipped, "{form}");
    }
}

#[test]
fn an_archive_that_holds_a_name_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut members = images(&[("a", 3)]);
    members.push(members[1].clone());
    tar_gz(&dir.path().join("set.tar.gz"), &members);
    let problem = opened(&dir.path().join("set.tar.gz")).err().unwrap().to_string();
    assert!(problem.ends_with("holds two images of the name a/001.png"), "{problem}");
}

#[test]
fn a_table_beside_images_without_classes_is_said_not_to_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let labels = |name: &str| (name.to_owned(), b"file,label\n000.png,cat\n".to_vec());
    let notes = |name: &str, members: &[Member]| {
        let path = dir.path().join(name);
        if name.ends_with(".zip") {
            zip(&path, members)
        } else {
            unpack(&path, members)
        }
        let opened = opened(&path).unwrap();
        let verified = inventory::verify(&format!("folder:{}", path.display()), &settings(json!({})), &Sources::default()).unwrap();
        assert_eq!(opened.notes, verified.notes);
        opened.notes
    };
    let flat = images(&[("", 20)]);
    let with =
        |members: &[Member], tables: &[&str]| -> Vec<Member> { members.iter().cloned().chain(tables.iter().map(|t| labels(t))).collect() };
    assert_eq!(notes("plain", &flat), [""; 0]);
    let one = "labels.csv is not read, and all images are one class; for classes, put the images of each into a folder of its own";
    for name in ["flat", "flat.zip"] {
        let found = notes(name, &with(&flat, &["labels.csv"]));
        assert!(found.len() == 1 && found[0].starts_with(one), "{name}: {found:?}");
    }
    let found = notes("two", &with(&flat, &["test.csv", "labels.tsv", "train.csv"]));
    assert!(found.len() == 1 && found[0].starts_with("labels.tsv and 2 other tables are not read"), "{found:?}");
    // In splits that have no classes as well, and not beside classes.
    let found = notes("splits", &with(&images(&[("train", 20), ("test", 10)]), &["train/labels.csv"]));
    assert!(found.len() == 1 && found[0].starts_with("train/labels.csv is not read"), "{found:?}");
    assert_eq!(notes("classes", &with(&images(&[("cat", 20), ("dog", 20)]), &["labels.csv"])), [""; 0]);
    // One folder of all images is one class.
    let found = notes("one", &with(&images(&[("img", 20)]), &["labels.txt", "README.txt"]));
    assert!(found.len() == 1 && found[0].starts_with("labels.txt is not read, and all images are one class"), "{found:?}");
}

#[test]
fn images_that_were_enlarged_or_cut_are_counted_in_a_note() {
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &images(&[("cat", 20), ("dog", 10)]));
    let of = |size: usize| {
        let settings = settings(json!({ "size": size }));
        open_reporting(&format!("folder:{}", dir.path().display()), &settings, &Sources::default()).unwrap().notes
    };
    assert_eq!((of(8), of(4)), (Vec::new(), Vec::new()));
    let found = of(16);
    assert!(found.len() == 1 && found[0].starts_with("30 of 30 images are smaller than 16 x 16 and were enlarged"), "{found:?}");
}

#[test]
fn images_that_were_moved_are_found_in_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old/faces"), dir.path().join("new/faces"));
    unpack(&old, &images(&[("cat", 20), ("dog", 10)]));
    let of = |data_dir: Option<&Path>| {
        let sources = Sources { data_dir: data_dir.map(Into::into), ..Sources::default() };
        open_reporting(&format!("folder:{}", old.display()), &settings(json!({ "size": 8 })), &sources)
    };
    let before = of(None).unwrap();
    fs::create_dir(dir.path().join("new")).unwrap();
    fs::rename(&old, &new).unwrap();
    let gone = of(None).err().unwrap().to_string();
    assert!(gone.ends_with("old/faces: does not exist; if faces was moved, name the directory that holds faces with --data-dir"), "{gone}");
    for data_dir in [dir.path().join("new"), new.clone()] {
        let moved = of(Some(&data_dir)).unwrap();
        // The same images under the same name, which protocols have.
        assert_eq!((moved.dataset.name(), moved.dataset.sha256()), (before.dataset.name(), before.dataset.sha256()));
        assert_eq!((moved.files, moved.notes), (vec![new.clone()], vec![format!("is read from {}", new.display())]));
    }
    // Nothing else that is there is taken for them.
    assert!(of(Some(dir.path())).is_err());
}
