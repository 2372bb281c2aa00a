//! # MNIST
//! 70 000 handwritten digits, LeCun et al. 1998, from the Hub's parquet files or the original idx files: both must
//! give the bytes that were published, and are refused otherwise.
//!
//! **Shapes**: 28 x 28 x 1 in \[0, 1\], ten classes. **Split** (protocols.md): 50 000 / 10 000 / 10 000, the last 10 000
//! of the training file validate; or `split = "wae"`, as the WAE code splits: both files pooled, shuffled with NumPy's
//! seed 123, the last 10 000 test, no validation.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use vimae_core::{Entry, ImageShape, Key, PixelRange, Split};

use crate::{
    BuildDataset, Card, Error, Opened, Request, Result,
    digest::hex,
    gather::{Broken, Gather},
    idx, numpy,
    stack::Stack,
    table,
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "70 000 handwritten digits; 28x28 grey",
    source: "LeCun, Cortes, Burges 1998; Hub ylecun/mnist or the idx files",
    keys: &[Key::choice("split", &["paper", "wae"], "paper: 50 000 / 10 000 / 10 000; wae: pooled and shuffled as the WAE code does")],
    build: BuildDataset { card: include_str!("../../../datasets/mnist.toml"), find, open },
};

const NAME: &str = "mnist";
const REPO: &str = "ylecun/mnist";
const PARQUET: [&str; 2] = ["mnist/train-00000-of-00001.parquet", "mnist/test-00000-of-00001.parquet"];
const IDX: [&str; 4] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
const CLASSES: usize = 10;
const SHAPE: ImageShape = ImageShape { channels: 1, height: 28, width: 28 };
const COUNTS: [usize; 2] = [60_000, 10_000];
const TRAIN: usize = 50_000;

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    let idx = request.sources.folders(NAME).into_iter().find_map(|folder| idx_files(&folder));
    idx.or_else(|| request.sources.hub(NAME, REPO, &PARQUET))
}

/// The four idx files of a folder, packed or not, under either way of writing their names.
fn idx_files(folder: &Path) -> Option<Vec<PathBuf>> {
    let find = |name: &str| {
        let dotted = name.replace("-idx", ".idx");
        [name, &dotted].iter().flat_map(|n| [folder.join(n), folder.join(format!("{n}.gz"))]).find(|p| p.is_file())
    };
    IDX.iter().map(|name| find(name)).collect()
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/mnist.toml")?;
    let files = find(request).ok_or_else(|| request.missing(NAME, &card))?;
    let mut halves = Vec::new();
    let mut skipped = Vec::new();
    for half in 0..2 {
        let (set, file) = match files.as_slice() {
            [train_images, train_labels, test_images, test_labels] => {
                let (images, labels) = if half == 0 { (train_images, train_labels) } else { (test_images, test_labels) };
                (from_idx(images, labels)?, images)
            }
            _ => {
                let file = files.get(half).ok_or_else(|| request.missing(NAME, &card))?;
                let (set, broken) = from_parquet(file, COUNTS.get(half).copied().unwrap_or(0), request.sources.skip_broken)?;
                skipped.extend(broken);
                (set, file)
            }
        };
        if skipped.is_empty() {
            check(&card, half, &set, file)?;
        }
        halves.push(set);
    }
    let (Some(test), Some(train)) = (halves.pop(), halves.pop()) else { return Err(request.missing(NAME, &card)) };
    let (rule, splits) = if request.settings.choice("split")? == "wae" {
        ("pooled, shuffled with NumPy's seed 123, the last 10 000 test", wae(train, test)?)
    } else {
        let (train, validation) = train.cut(TRAIN);
        ("the last 10 000 of the training file validate", vec![(Split::Train, train), (Split::Validation, validation), (Split::Test, test)])
    };
    Opened::new(NAME, PixelRange::Unit, CLASSES, rule, splits, files, skipped)
}

fn wae(train: Stack, test: Stack) -> Result<Vec<(Split, Stack)>> {
    let pooled = train.join(&test);
    drop(test);
    let (train, test) = pooled.select(&numpy::shuffled(123, pooled.len()))?.cut(pooled.len() - 10_000);
    Ok(vec![(Split::Train, train), (Split::Test, test)])
}

fn from_idx(images: &Path, labels: &Path) -> Result<Stack> {
    let open = |path: &Path| -> Result<(BufReader<File>, String)> {
        let file = path.display().to_string();
        Ok((BufReader::new(File::open(path).map_err(|e| Error::io(&file, e))?), file))
    };
    let ((images, images_file), (labels, labels_file)) = (open(images)?, open(labels)?);
    idx::both((images, &images_file), (labels, &labels_file))
}

fn from_parquet(path: &Path, expected: usize, skip_broken: bool) -> Result<(Stack, Vec<Broken>)> {
    let mut gather = Gather::new(SHAPE, expected, skip_broken, &Ok);
    let mut row = 0;
    table::read(path, &table::Columns { picture: "image.bytes", label: "label" }, &mut |batch| {
        gather.add(&batch, &|i| format!("{}, row {}", path.display(), row + i))?;
        row += batch.len();
        Ok(())
    })?;
    Ok(gather.finish())
}

/// Holds a half against the digests of the published idx files.
fn check(card: &Card, half: usize, set: &Stack, file: &Path) -> Result<()> {
    let (images, labels) = if half == 0 { (IDX[0], IDX[1]) } else { (IDX[2], IDX[3]) };
    let count = set.len() as u32;
    let shape = set.shape;
    let mut state = Sha256::new();
    for word in [0x803, count, shape.height as u32, shape.width as u32] {
        state.update(word.to_be_bytes());
    }
    state.update(&set.pixels);
    expect(card, images, file, &hex(&state.finalize()))?;
    let mut state = Sha256::new();
    for word in [0x801, count] {
        state.update(word.to_be_bytes());
    }
    state.update(set.labels.iter().map(|&l| l as u8).collect::<Vec<_>>());
    expect(card, labels, file, &hex(&state.finalize()))
}

fn expect(card: &Card, name: &str, file: &Path, found: &str) -> Result<()> {
    match card.file(name).and_then(|f| f.unpacked_sha256.as_ref()) {
        Some(expected) if expected != found => Err(Error::Digest {
            file: format!("{}, as {name}", file.display()),
            algorithm: "sha256",
            expected: expected.clone(),
            found: found.into(),
        }),
        _ => Ok(()),
    }
}
