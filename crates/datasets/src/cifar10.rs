//! # CIFAR-10
//! 60 000 photographs, Krizhevsky 2009, from the Hub's parquet files or the binary version of the original archive.
//! The pickles of the Python version are refused: unpickling runs whatever the file says.
//!
//! **Shapes**: 32 x 32 x 3 in \[-1, 1\], ten classes. **Split** (docs/protocols.md): 50 000 / 10 000 as published; or
//! `split = "wae"`, as the WAE code splits: pooled, shuffled with NumPy's seed 123, the last 1 000 test.

use std::path::{Path, PathBuf};

use vimae_core::{Entry, ImageShape, Key, PixelRange, Split};

use crate::{
    BuildDataset, Card, Container, Error, Opened, Request, Result,
    fewer,
    gather::{Broken, Gather},
    numpy, parquet, published,
    stack::Stack,
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "60 000 photographs of ten kinds; 32x32 colour",
    source: "Krizhevsky 2009; Hub uoft-cs/cifar10 or cifar-10-binary.tar.gz",
    keys: &[
        Key::choice("split", &["paper", "wae"], "paper: 50 000 / 10 000; wae: pooled and shuffled as the WAE code does"),
        fewer::TRAIN,
        fewer::TEST,
    ],
    build: BuildDataset { card: include_str!("../cards/cifar10.toml"), find, open },
};

const NAME: &str = "cifar10";
const REPO: &str = "uoft-cs/cifar10";
const PARQUET: [&str; 2] = ["plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"];
const ARCHIVE: &str = "cifar-10-binary.tar.gz";
const BATCHES: [&str; 6] = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
const CLASSES: usize = 10;
const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const COUNTS: [usize; 2] = [50_000, 10_000];
/// One byte of class, then the image, channels first.
const RECORD: usize = 1 + 3 * 32 * 32;
const BATCH: usize = 10_000;

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    let binary = request.sources.folders(NAME).into_iter().find_map(|folder| {
        let unpacked = [folder.clone(), folder.join("cifar-10-batches-bin")];
        let unpacked = unpacked.into_iter().find(|f| f.join("data_batch_1.bin").is_file());
        unpacked.or_else(|| Some(folder.join(ARCHIVE)).filter(|f| f.is_file())).map(|path| vec![path])
    });
    binary.or_else(|| request.sources.hub(NAME, REPO, &PARQUET))
}

/// The Python version, where a user may have put it.
fn pickles(request: &Request) -> Option<PathBuf> {
    let names = ["cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1"];
    request.sources.folders(NAME).into_iter().find_map(|folder| names.iter().map(|n| folder.join(n)).find(|p| p.exists()))
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/cifar10.toml")?;
    let Some(files) = find(request) else {
        return Err(match pickles(request) {
            Some(path) => refused(&path),
            None => request.missing(NAME, &card),
        });
    };
    let (train, test, skipped) = match files.as_slice() {
        [train, test] => {
            let (train, mut skipped) = from_parquet(train, COUNTS[0], request.sources.skip_broken)?;
            let (test, broken) = from_parquet(test, COUNTS[1], request.sources.skip_broken)?;
            skipped.extend(broken);
            (train, test, skipped)
        }
        [path] => {
            published::check(&card, path)?;
            let (train, test) = from_binary(path)?;
            (train, test, Vec::new())
        }
        _ => return Err(request.missing(NAME, &card)),
    };
    let (rule, splits) = if request.settings.choice("split")? == "wae" {
        let pooled = train.join(&test);
        drop(test);
        let (train, test) = pooled.select(&numpy::shuffled(123, pooled.len()))?.cut(pooled.len().saturating_sub(1_000));
        ("pooled, shuffled with NumPy's seed 123, the last 1 000 test", vec![(Split::Train, train), (Split::Test, test)])
    } else {
        ("as published", vec![(Split::Train, train), (Split::Test, test)])
    };
    Opened::new(request, NAME, PixelRange::Symmetric, CLASSES, rule, splits, (files, skipped))
}

fn refused(path: &Path) -> Error {
    Error::Refused {
        file: path.display().to_string(),
        reason: format!(
            "pickles run code when they are read; take the binary version, {ARCHIVE} (https://www.cs.toronto.edu/~kriz/cifar.html)"
        ),
    }
}

fn from_parquet(path: &Path, expected: usize, skip_broken: bool) -> Result<(Stack, Vec<Broken>)> {
    let mut gather = Gather::new(SHAPE, expected, skip_broken, &Ok);
    let mut row = 0;
    let columns = parquet::Columns { image: "img.bytes", label: "label", rows: expected as u64 };
    parquet::read(path, &columns, &mut |batch| {
        gather.add(&batch, &|i| format!("{}, row {}", path.display(), row + i))?;
        row += batch.len();
        Ok(())
    })?;
    let (set, skipped) = gather.finish();
    if set.len() + skipped.len() != expected {
        return Err(Error::damaged(path.display(), format!("holds {} images, not {expected}", set.len())));
    }
    Ok((set, skipped))
}

fn from_binary(path: &Path) -> Result<(Stack, Stack)> {
    let container = Container::at(path).ok_or_else(|| Error::damaged(path.display(), "is neither a folder nor a tar"))?;
    let mut batches: [Option<Vec<u8>>; 6] = Default::default();
    let stem = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    container.read(&|name| BATCHES.iter().any(|b| stem(name).starts_with(b)), &mut |name, bytes| {
        let stem = stem(&name);
        let place = BATCHES.iter().zip(&mut batches).find(|(b, _)| stem == format!("{b}.bin"));
        let (_, slot) = place.ok_or_else(|| refused(&path.join(&name)))?;
        if bytes.len() != BATCH * RECORD {
            let problem = format!("{} bytes, not {BATCH} records of {RECORD}", bytes.len());
            return Err(Error::damaged(format!("{}!{name}", path.display()), problem));
        }
        *slot = Some(bytes);
        Ok(())
    })?;
    let mut all = Stack { shape: SHAPE, pixels: Vec::with_capacity(6 * BATCH * SHAPE.len()), labels: Vec::new() };
    for (bytes, name) in batches.into_iter().zip(BATCHES) {
        let bytes = bytes.ok_or_else(|| Error::damaged(path.display(), format!("lacks {name}.bin")))?;
        for record in bytes.chunks_exact(RECORD) {
            if let [label, image @ ..] = record {
                all.labels.push((*label).into());
                all.pixels.extend_from_slice(image);
            }
        }
    }
    Ok(all.cut(COUNTS[0]))
}
