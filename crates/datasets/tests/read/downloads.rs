//! Data sets in the layouts in which they are downloaded, made small: read as they are meant, or said what to do.

use std::path::Path;

use serde_json::{Map, Value, json};
use vimae_core::Split;
use vimae_datasets::{Opened, Sources, open_reporting};

use crate::made::{Member, counts, png, tar, unpack, zip};

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

/// Two classes of images in folders `images`, three images of validation whose classes a list says, and two without any.
fn tiny_imagenet() -> Vec<Member> {
    let top = |name: &str| format!("tiny-imagenet-200/{name}");
    let mut members = images(&[("train/n01443537/images", 12), ("train/n02423022/images", 10), ("val/images", 3), ("test/images", 2)]);
    members.extend(["wnids.txt", "words.txt", "train/n01443537/n01443537_boxes.txt"].map(text));
    let list = "000.png\tn02423022\t0\t32\t44\t62\n001.png\tn01443537\t52\t55\t57\t59\n002.png\tn02423022\t4\t0\t60\t55\n";
    members.push(("val/val_annotations.txt".into(), list.into()));
    members.into_iter().map(|(name, bytes)| (top(&name), bytes)).collect()
}

#[test]
fn tiny_imagenet_is_read_as_it_is_downloaded() {
    let mut digests = Vec::new();
    for form in ["folder", "tiny-imagenet-200.zip"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(form);
        if form == "folder" {
            unpack(&path, &tiny_imagenet())
        } else {
            zip(&path, &tiny_imagenet())
        }
        let problem = opened(&path, json!({})).err().unwrap().to_string();
        assert!(problem.contains("no class folder in test/images/") && problem.contains("classes = \"folders\""), "{problem}");
        let read = opened(&path, json!({ "classes": "folders" })).unwrap();
        assert_eq!((read.dataset.class_names().join(","), counts(read.dataset.as_ref())), ("n01443537,n02423022".into(), [22, 3, 0]));
        let validation = read.dataset.split(Split::Validation).unwrap();
        assert_eq!((validation.labels(), validation.pixels()), (&[1, 0, 1][..], &[50; 3 * 64][..]), "{form}");
        assert_eq!(read.passed_over.to_string(), "4 .txt, 2 images in no class folder in test/images/", "{form}");
        let list = "tiny-imagenet-200/val/val_annotations.txt gives the classes of 3 images";
        assert!(
            read.notes.iter().any(|note| note == list) && !read.notes.iter().any(|note| note.contains("no images in")),
            "{:?}",
            read.notes
        );
        let tested = opened(&path, json!({ "classes": "folders", "test": "validation" })).unwrap();
        assert_eq!(counts(tested.dataset.as_ref()), [22, 0, 3], "{form}");
        assert_eq!(opened(&path, json!({ "classes": "none" })).unwrap().dataset.classes(), 1, "{form}");
        digests.push(read.dataset.sha256().to_owned());
    }
    assert_eq!(digests[0], digests[1]);
    // An image that the list lacks is of no class.
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &tiny_imagenet());
    unpack(dir.path(), &images(&[("tiny-imagenet-200/val/images", 4)]));
    let read = opened(dir.path(), json!({ "classes": "folders" })).unwrap();
    assert_eq!(counts(read.dataset.as_ref()), [22, 3, 0]);
    assert!(read.passed_over.to_string().contains("1 image beside the class folders"), "{}", read.passed_over);
}

#[test]
fn downloads_without_image_files_say_what_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let pickle = b"\x80\x02}q\x01(U\x04dataq\x02".to_vec();
    for (folder, files, ways) in [
        ("cifar-100-python", vec![("train".into(), pickle.clone()), ("file.txt~".into(), vec![1])], &["; train is a pickle of Python"][..]),
        ("FashionMNIST", vec![text("raw/train-images-idx3-ubyte"), text("raw/t10k-labels-idx1-ubyte.gz")], &["arrays:PATH reads .npz"]),
        ("svhn", vec![text("train_32x32.mat"), text("test_32x32.mat")], &["2 .mat", "scipy.io.loadmat"]),
        ("stl10_binary", vec![text("train_X.bin"), text("class_names.txt")], &["numpy.fromfile(FILE, \"uint8\").reshape(-1, C, H, W)"]),
        ("shapes3d", vec![text("3dshapes.h5")], &["h5py"]),
        ("bedroom_train_lmdb", vec![text("data.mdb"), text("lock.mdb")], &["LMDB"]),
    ] {
        unpack(&dir.path().join(folder), &files);
        let problem = opened(&dir.path().join(folder), json!({})).err().unwrap().to_string();
        assert!(problem.contains("holds no PNG") && ways.iter().all(|way| problem.contains(way)), "{folder}: {problem}");
    }
    // One by one, as arrays.
    let arrays = |file: &str, bytes: &[u8]| {
        std::fs::write(dir.path().join(file), bytes).unwrap();
        let name = format!("arrays:{}", dir.path().join(file).display());
        open_reporting(&name, &Map::new(), &Sources::default()).err().unwrap().to_string()
    };
    for (file, bytes, way) in [
        ("train_32x32.mat", &b"MATLAB 5.0 MAT-file"[..], "numpy.moveaxis(X, -1, 0)"),
        ("3dshapes.h5", b"\x89HDF\r\n\x1a\n\0", "h5py"),
        ("train_X.bin", &[146, 146, 146, 145, 145, 145, 145, 144, 140], "numpy.fromfile(FILE, \"uint8\")"),
        ("train", &pickle, "is a pickle of Python"),
    ] {
        let problem = arrays(file, bytes);
        assert!(problem.contains(way), "{file}: {problem}");
    }
}

#[test]
fn files_of_other_data_sets_in_the_format_of_mnist_are_arrays() {
    let dir = tempfile::tempdir().unwrap();
    let idx = |sizes: &[u8], numbers: Vec<u8>| -> Vec<u8> {
        let head = [0, 0, 8, sizes.len() as u8].into_iter().chain(sizes.iter().flat_map(|size| [0, 0, 0, *size]));
        head.chain(numbers).collect()
    };
    // FashionMNIST and KMNIST have the names of MNIST's files; EMNIST's say which of its splits they are.
    for (folder, before) in [("KMNIST/raw", ["train", "t10k"]), ("EMNIST/raw", ["emnist-digits-train", "emnist-digits-test"])] {
        for (part, count) in before.into_iter().zip([12_u8, 4]) {
            let images = idx(&[count, 2, 6], vec![200; usize::from(count) * 12]);
            let classes = idx(&[count], (0..count).map(|i| i % 2).collect());
            let files = [(format!("{part}-images-idx3-ubyte"), images), (format!("{part}-labels-idx1-ubyte"), classes)];
            unpack(&dir.path().join(folder), &files);
        }
        let name = format!("arrays:{}", dir.path().join(folder).display());
        let read = open_reporting(&name, &Map::new(), &Sources::default()).unwrap();
        assert_eq!((counts(read.dataset.as_ref()), read.dataset.classes()), ([12, 0, 4], 2), "{folder}");
    }
}
