//! # MNIST
//! 70 000 handwritten digits, LeCun et al. 1998, from the original idx files, Kaggle's archive of them, Keras's `mnist.npz` or the
//! Hub's parquet files: all must give the bytes that were published, and are refused otherwise.
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
use vimae_core::{Entry, ImageShape, PixelRange, Split, settings::Schema};

use crate::{
    BuildDataset, Card, Container, Error, Opened, Request, Result,
    array_file::{self, Array, Place},
    arrays,
    digest::hex,
    fewer::FewerOfFiles,
    gather::{Broken, Gather},
    idx, parquet,
    stack::Stack,
    tables::{self, Tables},
    wae_split::{Way, wae},
};

mod places;

use places::{Form, locate, missing};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "70 000 handwritten digits; 28 x 28 grayscale",
    source: "LeCun, Cortes, Burges 1998; the idx files, Keras's mnist.npz or Hub ylecun/mnist",
    settings: Schema::of::<SplitSettings>,
    build: BuildDataset { card: include_str!("../cards/mnist.toml"), find, open },
};

vimae_core::settings! {
    /// How the images are split.
    struct SplitSettings {
        /// paper: 50 000 / 10 000 / 10 000; wae: pooled and shuffled as the WAE code does
        split: Way = Way::Paper;
        #[serde(flatten)]
        fewer: FewerOfFiles = FewerOfFiles::default();
    }
}

const NAME: &str = "mnist";
/// The arrays of Keras's file, as the idx files stand.
const ARRAYS: [&str; 4] = ["x_train", "y_train", "x_test", "y_test"];
const IDX: [&str; 4] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
const CLASSES: usize = 10;
const SHAPE: ImageShape = ImageShape { channels: 1, height: 28, width: 28 };
const TRAIN: usize = 50_000;
/// Images of the parts of each split of the parquet files.
const PARTS: [&[usize]; 2] = [&[TRAIN, 10_000], &[10_000]];

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    locate(request).ok().flatten().map(|form| form.files())
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/mnist.toml")?;
    let form = locate(request)?.ok_or_else(|| missing(request, &card))?;
    let files = form.files();
    let (parts, skipped) = match (&form, files.as_slice()) {
        (Form::Tables(tables), _) => from_parquet(tables, request.sources.skip_broken)?,
        (Form::Npz(path), _) => {
            let (train, test) = from_npz(path)?;
            let (train, validation) = train.cut(TRAIN);
            (vec![train, validation, test], Vec::new())
        }
        (Form::Idx(_), [train_images, train_labels, test_images, test_labels]) => {
            let (train, validation) = from_idx(train_images, train_labels)?.cut(TRAIN);
            (vec![train, validation, from_idx(test_images, test_labels)?], Vec::new())
        }
        (Form::Archive(path, members), _) => {
            let (train, test) = from_archive(path, members)?;
            let (train, validation) = train.cut(TRAIN);
            (vec![train, validation, test], Vec::new())
        }
        (Form::Idx(_), _) => return Err(missing(request, &card)),
    };
    let (Ok([train, validation, test]), Some(train_file), Some(test_file)) =
        (<[Stack; 3]>::try_from(parts), files.first(), if matches!(form, Form::Idx(_)) { files.get(2) } else { files.last() })
    else {
        return Err(missing(request, &card));
    };
    if skipped.is_empty() {
        check(&card, [IDX[0], IDX[1]], &[&train, &validation], train_file)?;
        check(&card, [IDX[2], IDX[3]], &[&test], test_file)?;
    }
    let (rule, splits) = if request.settings.read::<SplitSettings>()?.split == Way::Wae {
        ("pooled, shuffled with NumPy's seed 123, the last 10 000 test", wae(train.join(&validation), test, 10_000)?)
    } else {
        ("the last 10 000 of the training file validate", vec![(Split::Train, train), (Split::Validation, validation), (Split::Test, test)])
    };
    Opened::new(request, NAME, PixelRange::Unit, CLASSES, rule, splits, (files, skipped))
}

/// The arrays of Keras's file: training images and labels, test images and labels.
fn from_npz(path: &Path) -> Result<(Stack, Stack)> {
    let there = array_file::arrays(&Place::Path(path.into()))?;
    let find = |name: &str| -> Result<&Array> {
        there.iter().find(|a| a.name == name).ok_or_else(|| {
            let words: Vec<String> = there.iter().map(Array::words).collect();
            Error::damaged(path.display(), format!("lacks the array {name}; there are: {}", words.join(", ")))
        })
    };
    let set = |images: &str, labels: &str| arrays::stack(find(images)?, Some(find(labels)?));
    Ok((set(ARRAYS[0], ARRAYS[1])?, set(ARRAYS[2], ARRAYS[3])?))
}

fn from_idx(images: &Path, labels: &Path) -> Result<Stack> {
    let open = |path: &Path| -> Result<(BufReader<File>, String)> {
        let file = path.display().to_string();
        Ok((BufReader::new(File::open(path).map_err(|e| Error::io(&file, e))?), file))
    };
    let ((images, images_file), (labels, labels_file)) = (open(images)?, open(labels)?);
    idx::both((images, &images_file), (labels, &labels_file))
}

/// The idx files of an archive, by the names of its members: training images and labels, test images and labels.
fn from_archive(path: &Path, members: &[String; 4]) -> Result<(Stack, Stack)> {
    let container = Container::open(path)?;
    let mut contents: [Vec<u8>; 4] = Default::default();
    container.read(&|name| members.iter().any(|member| member == name), &mut |name, bytes| {
        if let Some(content) = members.iter().position(|member| *member == name).and_then(|at| contents.get_mut(at)) {
            *content = bytes?;
        }
        Ok(())
    })?;
    let files = members.each_ref().map(|member| container.name_of(member));
    let [train_images, train_labels, test_images, test_labels] = contents.each_ref().map(Vec::as_slice);
    let [a, b, c, d] = files.each_ref().map(String::as_str);
    Ok((idx::both((train_images, a), (train_labels, b))?, idx::both((test_images, c), (test_labels, d))?))
}

/// The parts of both splits, each gathered where it stays: cutting the training images later would cost a copy.
fn from_parquet(tables: &Tables, skip_broken: bool) -> Result<(Vec<Stack>, Vec<Broken>)> {
    let (mut parts, mut skipped) = (Vec::new(), Vec::new());
    for (split, sizes) in [Split::Train, Split::Test].into_iter().zip(PARTS) {
        let mut gathers: Vec<Gather> = sizes.iter().map(|&n| Gather::new(SHAPE, n, skip_broken, &Ok)).collect();
        let total = sizes.iter().sum::<usize>();
        let mut row = 0;
        for path in tables.of(split) {
            let (image, label) = tables::columns(path, None, "")?;
            let columns = parquet::Columns { image: &image, label: Some(label.as_str()), rows: total.saturating_sub(row) as u64 };
            let first = row;
            parquet::read(path, &columns, &mut |batch| {
                let mut rest = batch.as_slice();
                let mut end = 0;
                for (k, (gather, size)) in gathers.iter_mut().zip(sizes).enumerate() {
                    end += size;
                    // The last part takes whatever there is: a file that is too long fails by its digest.
                    let here = if k + 1 == sizes.len() { rest.len() } else { rest.len().min(end.saturating_sub(row)) };
                    let (now, later) = rest.split_at(here);
                    gather.add(now, &|i| format!("{}, row {}", path.display(), row - first + i))?;
                    row += now.len();
                    rest = later;
                }
                Ok(())
            })?;
        }
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
        // A class beyond a byte is other content.
        labels.update(part.labels.iter().map(|&l| u8::try_from(l).unwrap_or(u8::MAX)).collect::<Vec<_>>());
    }
    expect(card, names[0], file, &hex(&images.finalize()))?;
    expect(card, names[1], file, &hex(&labels.finalize()))
}

fn expect(card: &Card, name: &str, file: &Path, found: &str) -> Result<()> {
    match card.file(name).and_then(|f| f.unpacked_sha256.as_ref()) {
        Some(expected) if expected != found => Err(Error::Digest {
            file: format!("{} holds other content than MNIST's {name}", file.display()),
            algorithm: "sha256",
            expected: expected.clone(),
            found: found.into(),
        }),
        _ => Ok(()),
    }
}
