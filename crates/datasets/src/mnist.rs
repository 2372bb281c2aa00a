//! # MNIST
//! 70 000 handwritten digits, LeCun et al. 1998, from the Hub's parquet files or the original idx files: both must
//! give the bytes that were published, and are refused otherwise.
//!
//! **Shapes**: 28 x 28 x 1 in \[0, 1\], ten classes. **Split** (docs/protocols.md): 50 000 / 10 000 / 10 000, the last 10 000
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
    fewer,
    gather::{Broken, Gather},
    idx, numpy, parquet,
    stack::Stack,
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "70 000 handwritten digits; 28x28 grayscale",
    source: "LeCun, Cortes, Burges 1998; Hub ylecun/mnist or the idx files",
    keys: &[
        Key::choice("split", &["paper", "wae"], "paper: 50 000 / 10 000 / 10 000; wae: pooled and shuffled as the WAE code does"),
        fewer::TRAIN,
        fewer::TEST,
    ],
    build: BuildDataset { card: include_str!("../cards/mnist.toml"), find, open },
};

const NAME: &str = "mnist";
const REPO: &str = "ylecun/mnist";
const PARQUET: [&str; 2] = ["mnist/train-00000-of-00001.parquet", "mnist/test-00000-of-00001.parquet"];
const IDX: [&str; 4] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
const CLASSES: usize = 10;
const SHAPE: ImageShape = ImageShape { channels: 1, height: 28, width: 28 };
const TRAIN: usize = 50_000;
/// Images of the parts of each parquet file.
const PARTS: [&[usize]; 2] = [&[TRAIN, 10_000], &[10_000]];

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
    let (parts, skipped) = match files.as_slice() {
        [train_images, train_labels, test_images, test_labels] => {
            let (train, validation) = from_idx(train_images, train_labels)?.cut(TRAIN);
            (vec![train, validation, from_idx(test_images, test_labels)?], Vec::new())
        }
        _ => from_parquet(&files, request.sources.skip_broken)?,
    };
    let (Ok([train, validation, test]), Some(train_file), Some(test_file)) =
        (<[Stack; 3]>::try_from(parts), files.first(), files.get(files.len() / 2))
    else {
        return Err(request.missing(NAME, &card));
    };
    if skipped.is_empty() {
        check(&card, [IDX[0], IDX[1]], &[&train, &validation], train_file)?;
        check(&card, [IDX[2], IDX[3]], &[&test], test_file)?;
    }
    let (rule, splits) = if request.settings.choice("split")? == "wae" {
        ("pooled, shuffled with NumPy's seed 123, the last 10 000 test", wae(train.join(&validation), test)?)
    } else {
        ("the last 10 000 of the training file validate", vec![(Split::Train, train), (Split::Validation, validation), (Split::Test, test)])
    };
    Opened::new(request, NAME, PixelRange::Unit, CLASSES, rule, splits, (files, skipped))
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

/// The parts of both files, each gathered where it stays: cutting the training file later would cost a copy.
fn from_parquet(files: &[PathBuf], skip_broken: bool) -> Result<(Vec<Stack>, Vec<Broken>)> {
    let (mut parts, mut skipped) = (Vec::new(), Vec::new());
    for (path, sizes) in files.iter().zip(PARTS) {
        let mut gathers: Vec<Gather> = sizes.iter().map(|&n| Gather::new(SHAPE, n, skip_broken, &Ok)).collect();
        let mut row = 0;
        let columns = parquet::Columns { image: "image.bytes", label: "label", rows: sizes.iter().sum::<usize>() as u64 };
        parquet::read(path, &columns, &mut |batch| {
            let mut rest = batch.as_slice();
            let mut end = 0;
            for (k, (gather, size)) in gathers.iter_mut().zip(sizes).enumerate() {
                end += size;
                // The last part takes whatever there is: a file that is too long fails by its digest.
                let here = if k + 1 == sizes.len() { rest.len() } else { rest.len().min(end.saturating_sub(row)) };
                let (now, later) = rest.split_at(here);
                gather.add(now, &|i| format!("{}, row {}", path.display(), row + i))?;
                row += now.len();
                rest = later;
            }
            Ok(())
        })?;
        for gather in gathers {
            let (part, broken) = gather.finish();
            parts.push(part);
            skipped.extend(broken);
        }
    }
    Ok((parts, skipped))
}

/// Holds the parts of a file against the digests of the published idx files of images and labels.
fn check(card: &Card, names: [&str; 2], parts: &[&Stack], file: &Path) -> Result<()> {
    let count = parts.iter().map(|p| p.len()).sum::<usize>() as u32;
    let shape = parts.first().map_or(SHAPE, |p| p.shape);
    let (mut images, mut labels) = (Sha256::new(), Sha256::new());
    for word in [0x803, count, shape.height as u32, shape.width as u32] {
        images.update(word.to_be_bytes());
    }
    for word in [0x801, count] {
        labels.update(word.to_be_bytes());
    }
    for part in parts {
        images.update(&part.pixels);
        labels.update(part.labels.iter().map(|&l| l as u8).collect::<Vec<_>>());
    }
    expect(card, names[0], file, &hex(&images.finalize()))?;
    expect(card, names[1], file, &hex(&labels.finalize()))
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
