//! Published data as other programs leave it, made small or of the right size: each form gives what the others give.

use std::{
    fs::{self, File},
    io::{BufReader, Write},
    path::{Path, PathBuf},
};

use serde_json::Map;
use vimae_core::{Dataset, PixelRange, Split};
use vimae_datasets::{Sources, inventory, open};
use vimae_testing::{need, shared};

use crate::made::{Member, counts, npy, npz, png, problem, put, seed, tar_gz, zip};

fn read(name: &str, dir: &Path) -> Box<dyn Dataset> {
    open(name, &Map::new(), &Sources::in_dir(dir)).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Other content than MNIST's, of ten images: refused by its digest, once it was found and read.
fn idx_files() -> [(&'static str, Vec<u8>); 4] {
    let file = |words: &[u32], body: usize| -> Vec<u8> {
        words.iter().flat_map(|w| w.to_be_bytes()).chain(std::iter::repeat_n(7, body)).collect()
    };
    [
        ("train-images-idx3-ubyte", file(&[0x803, 10, 28, 28], 7840)),
        ("train-labels-idx1-ubyte", file(&[0x801, 10], 10)),
        ("t10k-images-idx3-ubyte", file(&[0x803, 10, 28, 28], 7840)),
        ("t10k-labels-idx1-ubyte", file(&[0x801, 10], 10)),
    ]
}

/// A file's name, written in another way.
type Named<'a> = &'a dyn Fn(&str) -> String;

#[test]
fn idx_files_are_found_wherever_torchvision_and_users_put_them() {
    let other = "holds other content than MNIST's train-images-idx3-ubyte: wrong digest: expected sha256 ba891046";
    let dotted = |name: &str| name.replace("-idx", ".idx");
    let plain = |name: &str| name.to_owned();
    let cases: [(&str, Named, bool); 10] = [
        ("MNIST/raw", &plain, true),
        ("MNIST/raw", &dotted, false),
        ("", &plain, false),
        ("raw", &|name| dotted(name).to_uppercase(), false),
        ("data/MNIST/raw", &plain, true),
        ("anything/mnist", &dotted, true),
        ("mnist/archive", &plain, false),
        ("Mnist", &|name| format!("{}.GZ", name.to_uppercase()), true),
        // As Kaggle's archive is unpacked.
        ("mnist", &|name| format!("{name}/{name}"), false),
        ("any", &|name| format!("{}/{name}", dotted(name)), true),
    ];
    for (folder, name, packed) in cases {
        let dir = tempfile::tempdir().unwrap();
        for (file, bytes) in idx_files() {
            let named = name(file);
            let (named, bytes) = if packed && !named.ends_with("GZ") { (format!("{named}.gz"), gzip(&bytes)) } else { (named, bytes) };
            let bytes = if named.ends_with("GZ") { gzip(&bytes) } else { bytes };
            put(&dir.path().join(folder).join(named), &bytes);
        }
        // Another data set beside has files of the same names.
        for (file, _) in idx_files() {
            put(&dir.path().join("FashionMNIST/raw").join(file), b"not MNIST");
        }
        let message = problem("mnist", dir.path());
        assert!(message.contains(other), "{folder}: {message}");
        // The folder itself may be named.
        let message = problem("mnist", &dir.path().join(folder));
        assert!(message.contains(other), "{folder}: {message}");
    }
}

/// Kaggle's archive has each file in a folder of its own name, and again with a dot.
#[test]
fn an_archive_of_idx_files_is_read_without_unpacking_it() {
    let each = |name: &str, bytes: &[u8]| [(format!("{name}/{name}"), bytes.to_vec()), (name.replace("-idx", ".idx"), bytes.to_vec())];
    let members: Vec<Member> = idx_files().iter().flat_map(|(name, bytes)| each(name, bytes)).collect();
    for file in ["mnist/archive.zip", "MNIST/Archive.ZIP", "mnist-dataset.zip", "any/mnist.zip", "any/mnist.tar.gz"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if file.ends_with("gz") {
            tar_gz(&path, &members)
        } else {
            zip(&path, &members)
        }
        let here = inventory::list(&Sources::in_dir(dir.path())).unwrap().into_iter().find(|listed| listed.name == "mnist").unwrap();
        assert_eq!(here.files, Some(vec![path.clone()]));
        let message = problem("mnist", dir.path());
        assert!(
            message.starts_with(&format!("{} holds other content than MNIST's train-images-idx3-ubyte: ", path.display())),
            "{message}"
        );
    }
    // Of a name that says nothing, only where the folder's says it.
    let dir = tempfile::tempdir().unwrap();
    zip(&dir.path().join("archive.zip"), &members);
    assert!(problem("mnist", dir.path()).contains("archive.zip is read in a folder mnist"));
    fs::create_dir(dir.path().join("mnist")).unwrap();
    zip(&dir.path().join("mnist/archive.zip"), &members[2..]);
    assert!(problem("mnist", dir.path()).contains("mnist/archive.zip does not hold the four idx files"));
}

#[test]
fn tensors_of_an_older_torchvision_are_named() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["training.pt", "test.pt"] {
        put(&dir.path().join("MNIST/processed").join(file), b"PK");
    }
    let message = problem("mnist", dir.path());
    assert!(message.contains("processed holds training.pt and test.pt, PyTorch's pickles"), "{message}");
}

#[test]
fn of_a_file_packed_and_unpacked_either_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for (file, bytes) in idx_files() {
        put(&dir.path().join("MNIST/raw").join(file), &bytes);
        put(&dir.path().join("MNIST/raw").join(format!("{file}.gz")), b"\x1f\x8bbroken");
    }
    assert!(problem("mnist", dir.path()).contains("wrong digest"));
    fs::remove_file(dir.path().join("MNIST/raw/t10k-labels-idx1-ubyte.gz")).unwrap();
    fs::remove_file(dir.path().join("MNIST/raw/t10k-labels-idx1-ubyte")).unwrap();
    let message = problem("mnist", dir.path());
    assert!(
        message.contains(
            "MNIST/raw holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte but not t10k-labels-idx1-ubyte"
        ),
        "{message}"
    );
}

#[test]
fn keras_has_mnist_in_one_file() {
    for (packed, name) in [(true, "mnist.npz"), (false, "keras/MNIST.npz")] {
        let dir = tempfile::tempdir().unwrap();
        let images = |n: usize| npy(&[n, 28, 28], &vec![7; n * 784]);
        let arrays = [("x_test", images(2)), ("x_train", images(3)), ("y_train", npy(&[3], &[1, 2, 3])), ("y_test", npy(&[2], &[1, 2]))];
        npz(&dir.path().join(name), packed, &arrays);
        let message = problem("mnist", dir.path());
        assert!(message.contains("npz holds other content than MNIST's train-images-idx3-ubyte: wrong digest"), "{message}");
        npz(&dir.path().join(name), packed, &arrays[..3]);
        assert!(problem("mnist", dir.path()).contains("lacks the array y_test; there are: x_test |u1 [2, 28, 28], x_train"));
    }
}

/// The bytes of a gzip file.
fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut vimae_datasets::gzip::Members::new(BufReader::new(File::open(path).unwrap())), &mut bytes).unwrap();
    bytes
}

/// With the real files: every form has one content.
#[test]
fn mnist_is_the_same_in_every_form() {
    let (idx, hub) = (need!(shared("data/mnist-idx")), need!(shared("data/hf-home/hub")));
    let digest = read("mnist", &idx).sha256().to_owned();
    let files = idx_files().map(|(name, _)| unpacked(&idx.join(format!("{name}.gz"))));
    let dir = tempfile::tempdir().unwrap();
    let part = |i: usize, skip: usize| files[i][skip..].to_vec();
    let arrays = [
        ("x_train", npy(&[60_000, 28, 28], &part(0, 16))),
        ("y_train", npy(&[60_000], &part(1, 8))),
        ("x_test", npy(&[10_000, 28, 28], &part(2, 16))),
        ("y_test", npy(&[10_000], &part(3, 8))),
    ];
    for packed in [false, true] {
        npz(&dir.path().join("mnist.npz"), packed, &arrays);
        assert_eq!(read("mnist", dir.path()).sha256(), digest);
    }
    fs::remove_file(dir.path().join("mnist.npz")).unwrap();
    let members: Vec<Member> = idx_files().iter().zip(&files).map(|((name, _), bytes)| (format!("{name}/{name}"), bytes.clone())).collect();
    zip(&dir.path().join("mnist.zip"), &members);
    assert_eq!(read("mnist", dir.path()).sha256(), digest);
    // The Hub's files under the repository's short name, of another owner, copied, and named by their snapshot.
    let snapshot = fs::read_dir(hub.join("datasets--ylecun--mnist/snapshots")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(read("mnist", &snapshot).sha256(), digest);
    assert_eq!(read("mnist", &snapshot.join("mnist")).sha256(), digest);
    assert_eq!(read("mnist", snapshot.parent().unwrap().parent().unwrap()).sha256(), digest);
    for repo in ["datasets--mnist", "datasets--someone--MNIST"] {
        let home = tempfile::tempdir().unwrap();
        let to = home.path().join("hub").join(repo).join("snapshots/0123/data");
        fs::create_dir_all(&to).unwrap();
        for name in ["train-00000-of-00001.parquet", "test-00000-of-00001.parquet"] {
            fs::copy(snapshot.join("mnist").join(name), to.join(name)).unwrap();
        }
        let sources = Sources { hub_cache: Some(home.path().join("hub")), ..Sources::default() };
        assert_eq!(open("mnist", &Map::new(), &sources).unwrap().sha256(), digest, "{repo}");
        assert_eq!(read("mnist", home.path()).sha256(), digest, "{repo}");
    }
}

/// The batches of CIFAR-10, each of one level and one class, as Python 2 pickled them.
fn batches(label: impl Fn(usize) -> u8) -> Vec<Member> {
    let names = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
    let batch = |k: usize| {
        let mut bytes = b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03".to_vec();
        for _ in 0..10 {
            bytes.push(b'(');
            bytes.extend([b'K', label(k)].repeat(1_000));
            bytes.push(b'e');
        }
        bytes.extend(
            b"U\x04dataq\x04cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85q\x07U\x01bq\x08\x87q\x09Rq\x0a",
        );
        bytes.extend(
            b"(K\x01M\x10'M\x00\x0c\x86q\x0bcnumpy\ndtype\nq\x0cU\x02u1q\x0dK\x00K\x01\x87q\x0eRq\x0f(K\x03U\x01|q\x10NNNJ\xff\xff\xff\xff",
        );
        bytes.extend(b"J\xff\xff\xff\xffK\x00tq\x11b\x89T\x00\xc0\xd4\x01");
        bytes.extend(vec![k as u8; 30_720_000]);
        bytes.extend(b"q\x12tq\x13bu.");
        bytes
    };
    names.iter().enumerate().map(|(k, name)| (format!("cifar-10-batches-py/{name}"), batch(k))).collect()
}

#[test]
fn cifars_pickles_are_the_same_as_its_records() {
    let dir = tempfile::tempdir().unwrap();
    let members = batches(|k| k as u8 + 1);
    for (name, bytes) in &members {
        put(&dir.path().join("root").join(name), bytes);
    }
    let dataset = read("cifar10", &dir.path().join("root"));
    assert_eq!((counts(dataset.as_ref()), dataset.range()), ([50_000, 0, 10_000], PixelRange::Symmetric));
    let (train, test) = (dataset.split(Split::Train).unwrap(), dataset.split(Split::Test).unwrap());
    assert_eq!((train.labels()[10_000], train.pixels()[3072 * 10_000], test.labels()[0], test.pixels()[0]), (2, 1, 6, 5));
    // The folder itself, and one level up.
    for place in ["root/cifar-10-batches-py", ""] {
        assert_eq!(read("cifar10", &dir.path().join(place)).sha256(), dataset.sha256(), "{place}");
    }
    // Packed, beside a folder that an interrupted extraction left.
    fs::remove_file(dir.path().join("root/cifar-10-batches-py/test_batch")).unwrap();
    let message = problem("cifar10", dir.path());
    assert!(
        message.contains(
            "cifar-10-batches-py holds data_batch_1, data_batch_2, data_batch_3, data_batch_4, data_batch_5 but lacks test_batch"
        ),
        "{message}"
    );
    tar_gz(&dir.path().join("root/cifar-10-python.tar.gz"), &members);
    assert_eq!(read("cifar10", dir.path()).sha256(), dataset.sha256());
    // The binary version of the same.
    let records = tempfile::tempdir().unwrap();
    for (k, name) in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"].iter().enumerate() {
        let mut record = vec![k as u8; 3073];
        record[0] = k as u8 + 1;
        put(&records.path().join("cifar-10-batches-bin").join(format!("{name}.bin")), &record.repeat(10_000));
    }
    assert_eq!(read("cifar10", records.path()).sha256(), dataset.sha256());
}

#[test]
fn a_pickle_that_is_no_batch_is_refused_and_never_run() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cifar-10-batches-py");
    let all = |bytes: &[u8]| {
        for name in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
            put(&folder.join(name), bytes);
        }
        problem("cifar10", dir.path())
    };
    for protocol in 2..=5 {
        let message = all(&seed(&format!("marker.p{protocol}.pickle")));
        assert!(message.contains("data_batch_1: refused: a pickle with the name ") && message.contains(".open; arrays"), "{message}");
    }
    assert!(!Path::new("a-pickle-was-run").exists() && !folder.join("a-pickle-was-run").exists());
    let message = all(&seed("numpy2-list.p5.pickle"));
    assert!(message.contains("no batch of CIFAR-10: data is no uint8 array [10000, 3072]"), "{message}");
    let message = all(b"\x80\x02}(U\x0bfine_labels]U\x04data]u.");
    assert!(message.contains("no batch of CIFAR-10: data is no uint8 array"), "{message}");
    assert!(all(b"\x80\x02}.").contains("lacks data; there are: "));
}

fn drawings(root: &str, alphabets: &[&str]) -> Vec<Member> {
    let names = alphabets.iter().enumerate().flat_map(|(a, alphabet)| {
        (1..=2).map(move |i| (format!("{root}/{alphabet}/character01/00{a}_{i:02}.png"), png(105, (a * 50 + i * 10) as u8)))
    });
    names.collect()
}

#[test]
fn omniglot_is_read_as_it_is_cloned() {
    let dir = tempfile::tempdir().unwrap();
    let zip = |path: PathBuf, members: &[Member]| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut writer = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, bytes) in members {
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
    };
    let (background, evaluation) = (drawings("images_background", &["Latin", "Greek"]), drawings("images_evaluation", &["Angelic"]));
    zip(dir.path().join("flat/images_background.zip"), &background);
    zip(dir.path().join("flat/images_evaluation.zip"), &evaluation);
    let digest = read("omniglot", &dir.path().join("flat")).sha256().to_owned();
    for place in ["omniglot/python", "omniglot-master/python", "python", "any/Omniglot", "omniglot-py"] {
        let root = tempfile::tempdir().unwrap();
        let python = root.path().join(place);
        zip(python.join("images_background.zip"), &background);
        zip(python.join("images_evaluation.zip"), &evaluation);
        // What else lies beside them in the repository.
        zip(python.join("strokes_background.zip"), &[("strokes_background/Latin/character01/0001_01.txt".into(), b"START".to_vec())]);
        zip(python.join("images_background_small1.zip"), &drawings("images_background_small1", &["Tengwar"]));
        zip(python.join("one-shot-classification/all_runs.zip"), &[("run01/training/class01.png".into(), png(9, 1))]);
        zip(root.path().join("omniglot/matlab/data_background.zip"), &[("a.mat".into(), vec![1])]);
        assert_eq!(read("omniglot", root.path()).sha256(), digest, "{place}");
    }
    let unpacked = tempfile::tempdir().unwrap();
    for (name, bytes) in background.iter().chain(&evaluation) {
        put(&unpacked.path().join("omniglot/python").join(name), bytes);
        put(&unpacked.path().join("omniglot/python").join(name.replace("images", "strokes").replace("png", "txt")), b"START");
    }
    assert_eq!(read("omniglot", unpacked.path()).sha256(), digest);
}
