//! Data of one's own as arrays and tables: read as their names and shapes mean it, or refused by name.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use vimae_core::{PixelRange, Split};
use vimae_datasets::{ImageArray, Sources, open, open_reporting};

use crate::made::{counts, gzip, npy, npz, problem, put, seed, settings, typed, zip};

/// Ten classes would be too many for ten images: three, and levels that say which image is which.
fn arrays(count: usize) -> (Vec<u8>, Vec<u8>) {
    let images = (0..count).flat_map(|i| [i as u8; 30]).collect();
    (images, (0..count).map(|i| (i % 3) as u8).collect())
}

#[test]
fn arrays_are_a_data_set_split_by_their_names_or_by_tenths() {
    let dir = tempfile::tempdir().unwrap();
    let of = |path: &Path, value: Value| open(&format!("arrays:{}", path.display()), &settings(value), &Sources::default());
    let ((train, classes), (test, tested)) = (arrays(12), arrays(6));
    let wide: Vec<u8> = classes.iter().flat_map(|&c| i64::from(c).to_le_bytes()).collect();
    let names = [
        ["x_train", "y_train", "x_test", "y_test"],
        ["train_images", "train_labels", "test_images", "test_labels"],
        ["imgs-train", "labels-train", "imgs-test", "labels-test"],
        ["trainX", "trainY", "testX", "testY"],
    ];
    for [a, b, c, d] in names {
        let path = dir.path().join("set.npz");
        npz(
            &path,
            true,
            &[
                (a, npy(&[12, 2, 5, 3], &train)),
                (b, typed("<i8", &[12, 1], &wide)),
                (c, npy(&[6, 2, 5, 3], &test)),
                (d, npy(&[6], &tested)),
            ],
        );
        let dataset = of(&path, json!({ "range": "unit" })).unwrap();
        assert_eq!((counts(dataset.as_ref()), dataset.classes(), dataset.range()), ([12, 0, 6], 3, PixelRange::Unit));
        assert_eq!(dataset.shape().unwrap().to_string(), "2x5x3");
        let set = dataset.split(Split::Train).unwrap();
        assert_eq!((set.labels()[4], set.pixels()[4 * 30]), (1, 4));
    }
    let three = dir.path().join("three.npz");
    let of_split = |name, count, bytes: &[u8]| (name, npy(&[count, 2, 5, 3], bytes));
    npz(&three, false, &[of_split("trainX", 12, &train), of_split("valX", 6, &test), of_split("testX", 6, &test)]);
    assert_eq!(counts(of(&three, json!({})).unwrap().as_ref()), [12, 6, 6]);
    // A folder of files, as some data sets are published.
    let folder = dir.path().join("files");
    npz(&folder.join("k-train-imgs.npz"), false, &[("arr_0", npy(&[12, 2, 5, 3], &train))]);
    npz(&folder.join("k-train-labels.npz"), false, &[("arr_0", npy(&[12], &classes))]);
    put(&folder.join("k-test-imgs.npy"), &npy(&[6, 2, 5, 3], &test));
    put(&folder.join("k-test-labels.npy"), &npy(&[6], &tested));
    assert_eq!(counts(of(&folder, json!({})).unwrap().as_ref()), [12, 0, 6]);
    // One set: every tenth of a class tests; what is neither images nor classes is passed over.
    let (many, labels) = arrays(40);
    let one = dir.path().join("one.npz");
    let names = ("names", typed("<U1", &[40], &[0; 160]));
    let of_classes = ("label_names", typed("<U1", &[3], &[0; 12]));
    // Three numbers are no classes of forty images.
    let mean = ("mean", typed("<f8", &[3], &[0; 24]));
    npz(&one, true, &[("arr_0", npy(&[40, 5, 6], &many)), ("arr_1", npy(&[40], &labels)), names, of_classes, mean]);
    let dataset = of(&one, json!({})).unwrap();
    assert_eq!((counts(dataset.as_ref()), dataset.classes()), ([37, 0, 3], 3));
    assert_eq!(dataset.split(Split::Test).unwrap().pixels().chunks(30).map(|i| i[0]).collect::<Vec<_>>(), [27, 28, 29]);
    // What was passed over is said, and levels that may be no levels.
    let notes = |path: &Path| open_reporting(&format!("arrays:{}", path.display()), &Map::new(), &Sources::default()).unwrap().notes;
    let said = notes(&one).join("; ");
    assert!(said.contains("passed over as neither images nor classes: names <U1 [40], label_names <U1 [3], mean <f8 [3]"), "{said}");
    assert!(said.contains("no pixel is above 39 of 255, which is dark: save (array * (255 / 39)).round()"), "{said}");
    let bright = dir.path().join("bright.npy");
    put(&bright, &npy(&[10, 5, 6], &[200; 300]));
    assert!(notes(&bright).is_empty());
    let alone = dir.path().join("alone.npy");
    put(&alone, &npy(&[40, 5, 6], &many));
    let dataset = of(&alone, json!({ "train_images": 5 })).unwrap();
    assert_eq!((counts(dataset.as_ref()), dataset.classes()), ([5, 0, 4], 1));
}

/// FashionMNIST, KMNIST and EMNIST are published in MNIST's format.
#[test]
fn idx_files_are_arrays_packed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let (raw, packed) = (dir.path().join("FashionMNIST/raw"), dir.path().join("packed"));
    let ((train, classes), (test, tested)) = (arrays(12), arrays(6));
    let idx = |sizes: &[u32], numbers: &[u8]| -> Vec<u8> {
        let head = [&[0, 0, 8, sizes.len() as u8][..], &sizes.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<_>>()[..]].concat();
        [&head[..], numbers].concat()
    };
    for (name, bytes) in [
        ("train-images-idx3-ubyte", idx(&[12, 5, 6], &train)),
        ("train-labels-idx1-ubyte", idx(&[12], &classes)),
        ("t10k-images-idx3-ubyte", idx(&[6, 5, 6], &test)),
        ("t10k-labels-idx1-ubyte", idx(&[6], &tested)),
    ] {
        put(&packed.join(format!("{name}.gz")), &gzip(&bytes));
        // torchvision leaves both.
        put(&raw.join(format!("{name}.gz")), &gzip(&bytes));
        put(&raw.join(name), &bytes);
    }
    put(&dir.path().join("npy/x_train.npy.gz"), &gzip(&npy(&[12, 5, 6], &train)));
    put(&dir.path().join("npy/x_test.npy.gz"), &gzip(&npy(&[6, 5, 6], &test)));
    let of = |path: &Path| open(&format!("arrays:{}", path.display()), &Map::new(), &Sources::default()).unwrap();
    let dataset = of(&raw);
    assert_eq!((counts(dataset.as_ref()), dataset.classes(), dataset.shape().unwrap().to_string()), ([12, 0, 6], 3, "5x6x1".into()));
    let set = dataset.split(Split::Train).unwrap();
    assert_eq!((set.pixels(), set.labels()[4]), (train.as_slice(), 1));
    assert_eq!(of(&packed).sha256(), dataset.sha256());
    assert_eq!(of(&dir.path().join("npy")).split(Split::Test).unwrap().pixels(), test);
    let images = ImageArray::open(&packed.join("t10k-images-idx3-ubyte.gz")).unwrap();
    assert_eq!((images.name(), images.len(), images.read().unwrap()), ("t10k-images-idx3-ubyte", 6, test));
    assert!(ImageArray::is_file_of_arrays(&raw.join("t10k-images-idx3-ubyte")));
    put(&packed.join("t10k-images-idx3-ubyte.gz"), &gzip(&idx(&[6, 5, 6], &[0; 100])));
    let message = problem(&format!("arrays:{}", packed.display()), dir.path());
    assert!(message.contains("t10k-images-idx3-ubyte.gz: ends after 100 of 180 bytes"), "{message}");
}

#[test]
fn arrays_that_say_nothing_clear_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("set.npz");
    let images = |n: usize| npy(&[n, 5, 6], &vec![9; n * 30]);
    let ten = || npy(&[10], &[0; 10]);
    let refused = |arrays: &[(&str, Vec<u8>)]| {
        npz(&path, false, arrays);
        open(&format!("arrays:{}", path.display()), &Map::new(), &Sources::default()).err().unwrap().to_string()
    };
    for (message, wanted) in [
        (refused(&[("x", npy(&[10, 784], &[0; 7840]))]), "holds no array [N, H, W] or [N, H, W, C] of images; there are: x |u1 [10, 784]"),
        (
            refused(&[("a", images(10)), ("b", images(10))]),
            "holds two arrays of images: a |u1 [10, 5, 6] and b |u1 [10, 5, 6]; leave one out, join them",
        ),
        (refused(&[("x", images(10)), ("x_test", images(10))]), "holds images of no split beside others: x |u1 [10, 5, 6]; say train"),
        (
            refused(&[("x_train", images(10)), ("y_train", ten()), ("x_test", images(10))]),
            "holds the images x_test |u1 [10, 5, 6] without classes",
        ),
        (refused(&[("x_train", images(10)), ("y_train", ten()), ("y_test", ten())]), "holds the classes y_test |u1 [10] without images"),
        (refused(&[("x", images(10)), ("labels", npy(&[10, 3], &[0; 30]))]), "its name says classes"),
        (refused(&[("x", images(10)), ("labels", npy(&[10, 3], &[0; 30]))]), "save array.argmax(axis=1)"),
        (
            refused(&[("x", images(10)), ("y", typed("<U1", &[10], &[97; 40]))]),
            "an array of <U1 [10]: its name says classes; those are whole",
        ),
        (refused(&[("x", images(10)), ("y", typed("<U1", &[10, 1], &[97; 40]))]), "return_inverse=True"),
        (refused(&[("x", images(10)), ("target", typed("|b1", &[10], &[1; 10]))]), "return_inverse=True"),
        (refused(&[("x", images(10)), ("y", npy(&[9], &[0; 9]))]), "has 9 labels for the 10 images of x"),
        (refused(&[("x", images(10)), ("y", typed("|i1", &[10], &[0xff; 10]))]), "classes are whole numbers from 0"),
        (
            refused(&[("x_train", images(10)), ("x_val", images(10))]),
            "holds images of train, validation; one set, or train and test, are wanted",
        ),
        (refused(&[("x_train", images(10)), ("x_test", npy(&[10, 6, 6], &[0; 360]))]), "images of 5x6x1 to train and of 6x6x1 to test"),
        (refused(&[("x_train", images(10)), ("x_test", images(10)), ("x", images(10))]), "images of no split beside"),
        (refused(&[("a", npy(&[28, 28], &[0; 784])), ("b", npy(&[28, 28], &[0; 784]))]), "become one by numpy.stack"),
        (
            refused(&[("x_train", images(10)), ("y_train", ten()), ("x_test", images(10)), ("y_test", npy(&[10], &[4; 10]))]),
            "class 4 is in test and not in train",
        ),
        (refused(&[("x", images(9))]), "holds 9 images and no split"),
    ] {
        assert!(message.contains(wanted), "{message}\n{wanted}");
    }
    let torch = dir.path().join("tensors.pt");
    zip(&torch, &[("archive/data.pkl".into(), vec![1]), ("archive/data/0".into(), vec![1])]);
    let torch = torch.display();
    for (name, wanted) in [
        (format!("arrays:{torch}"), "tensors.pt: is a file of PyTorch"),
        (format!("folder:{torch}"), "tensors.pt: is a zip by its content"),
        (format!("table:{torch}"), "tensors.pt: is a zip by its content"),
        (format!("folder:{}", path.display()), "set.npz: is a zip by its content: call it .zip if it holds image files; arrays:PATH"),
    ] {
        let message = problem(&name, dir.path());
        assert!(message.contains(wanted), "{message}");
    }
    let empty = format!("arrays:{}", dir.path().join("empty").display());
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (name, wanted) in [
        ("arrays", "say which: arrays:PATH"),
        ("arrays:/nowhere", "/nowhere: does not exist; name a .npz, .npy or idx file, or a folder of them"),
        ("arrays:~/x.npz", "~/x.npz: does not exist: a shell leaves ~ behind a colon as it is; write $HOME; name a .npz"),
        ("table:/nowhere/x.parquet", "/nowhere/x.parquet: does not exist; name a parquet file, or a folder of them"),
        ("table:nowhere/x.parquet", "nowhere/x.parquet: does not exist; name"),
        ("table:~/x", "~/x: does not exist: a shell leaves ~ behind a colon as it is; write $HOME"),
        ("folder:", "folder: names no path; write folder:PATH"),
        ("folder:~/photos", "~/photos: does not exist: a shell leaves ~ behind a colon as it is; write $HOME"),
        (empty.as_str(), "empty: is neither a .npz, .npy or idx file nor a folder of them"),
    ] {
        assert!(problem(name, dir.path()).contains(wanted));
    }
}

#[test]
fn a_path_in_place_of_a_name_says_what_to_write() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["./images", "/data/faces.npz", "photos.zip", "~/photos", "zalando-datasets/fashion_mnist"] {
        let message = problem(name, dir.path());
        assert!(["folder", "arrays", "table"].iter().all(|entry| message.contains(&format!("{entry}:{name} "))), "{message}");
    }
    let nowhere = dir.path().join("nowhere");
    for name in ["mnist", "cifar10", "table:some/body"] {
        let message = problem(name, &nowhere);
        assert!(message.contains(&format!("; DATA_DIR is {}, which is no directory", nowhere.display())), "{message}");
        assert!(!problem(name, dir.path()).contains("no directory"));
    }
    assert!(problem("fashion_mnist", dir.path()).contains("unknown dataset \"fashion_mnist\"; there are: arrays, "));
}

/// A folder with the parquet files of `tests/seeds`: a train split of some shards, and a test split.
fn shards(dir: &Path, train: &[&str], test: &str) {
    for (i, name) in train.iter().enumerate() {
        put(&dir.join(format!("train-{i:05}-of-{:05}.parquet", train.len())), &seed(name));
    }
    put(&dir.join("test-00000-of-00001.parquet"), &seed(test));
}

#[test]
fn tables_of_any_repository_and_any_number_of_shards_are_a_data_set() {
    let home = tempfile::tempdir().unwrap();
    let repo = home.path().join("hub/datasets--some--body");
    let snapshot = repo.join("snapshots/0123");
    shards(&snapshot.join("data"), &["plain.parquet", "snappy.parquet", "zstd.parquet"], "snappy.parquet");
    put(&repo.join("refs/main"), b"0123");
    let sources = Sources { hub_cache: Some(home.path().join("hub")), ..Sources::default() };
    let of = |name: &str| open_reporting(&format!("table:{name}"), &Map::new(), &sources);
    let opened = of("some/body").unwrap();
    assert_eq!((counts(opened.dataset.as_ref()), opened.files.len()), ([36, 0, 12], 4));
    let digest = |name: &Path| open(&format!("table:{}", name.display()), &Map::new(), &Sources::default()).unwrap();
    // The name is no part of the digest: the content is.
    for place in [repo.as_path(), &snapshot, &snapshot.join("data")] {
        assert_eq!(digest(place).sha256(), opened.dataset.sha256());
    }
    let one = format!("table:{}", snapshot.join("data/test-00000-of-00001.parquet").display());
    let message = open(&one, &Map::new(), &Sources::default()).err().unwrap().to_string();
    assert!(message.contains("holds 12 images and no split: of 10 of a class, one tests"), "{message}");
    let small =
        open(&format!("table:{}", snapshot.display()), &settings(json!({ "size": 8, "range": "unit" })), &Sources::default()).unwrap();
    assert_eq!((small.shape().unwrap().height, small.range()), (8, PixelRange::Unit));
    let fine = open("table:some/body", &settings(json!({ "label": "fine_label" })), &Sources::in_dir(home.path())).err().unwrap();
    assert!(
        fine.to_string().contains("no column of classes (fine_label); there are image.bytes (bytes), image.path (text), label (int64)"),
        "{fine}"
    );
    fs::remove_file(snapshot.join("data/train-00001-of-00003.parquet")).unwrap();
    let message = of("some/body").err().unwrap().to_string();
    assert!(message.contains("lacks shard 1 of the 3 that train-00000-of-00003.parquet belongs to"), "{message}");
    let message = of("no/body").err().unwrap().to_string();
    assert!(message.contains("table:no/body") && message.contains(&home.path().join("hub").display().to_string()), "{message}");
}

#[test]
fn a_table_of_other_counts_is_not_taken_for_a_published_data_set() {
    let dir = tempfile::tempdir().unwrap();
    shards(&dir.path().join("other"), &["snappy.parquet"], "snappy.parquet");
    let message = problem("mnist", dir.path());
    assert!(message.contains("is not on this machine") && message.contains("other"), "{message}");
    // Under its own name it is, and what is wrong with it is said.
    shards(&dir.path().join("MNIST"), &["snappy.parquet"], "snappy.parquet");
    assert!(problem("mnist", dir.path()).contains("row 0: an image of 24x20 among 28x28x1"));
}
