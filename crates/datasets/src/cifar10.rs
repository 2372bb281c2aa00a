//! # CIFAR-10
//! 60 000 photographs, Krizhevsky 2009, from the Python version of the original archive or its binary version, packed
//! or not, or from the Hub's parquet files. The pickles of the Python version are read as data (`pickle.rs`).
//!
//! **Shapes**: 32 x 32 x 3 in \[-1, 1\], ten classes. **Split** (docs/protocols.md): 50 000 / 10 000 as published; or
//! `split = "wae"`, as the WAE code splits: pooled, shuffled with NumPy's seed 123, the last 1 000 test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use vimae_core::{Entry, ImageShape, PixelRange, Split, settings::Schema};

use crate::{
    BuildDataset, Card, Container, Error, Opened, Request, Result, downloaded,
    fewer::FewerOfFiles,
    gather::{Broken, Gather},
    open::Parts,
    parquet,
    pickle::Pickle,
    published,
    sources::{called, file_in},
    stack::Stack,
    stream,
    tables::{self, Tables},
    wae_split::{Way, wae},
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "60 000 photographs of ten classes; 32 x 32 colour",
    source: "Krizhevsky 2009; cifar-10-python.tar.gz, cifar-10-binary.tar.gz or Hub uoft-cs/cifar10",
    settings: Schema::of::<SplitSettings>,
    build: BuildDataset { card: include_str!("../cards/cifar10.toml"), find, open },
};

vimae_core::settings! {
    /// How the images are split.
    struct SplitSettings {
        /// paper: 50 000 / 10 000; wae: pooled and shuffled as the WAE code does
        split: Way = Way::Paper;
        #[serde(flatten)]
        fewer: FewerOfFiles = FewerOfFiles::default();
    }
}

const NAME: &str = "cifar10";
const REPOS: [&str; 2] = ["uoft-cs/cifar10", "cifar10"];
const CONFIGURATION: &str = "plain_text";
const ARCHIVES: [[&str; 4]; 2] = [
    ["cifar-10-binary.tar.gz", "cifar-10-binary.tgz", "cifar-10-binary.tar", "cifar-10-binary.zip"],
    ["cifar-10-python.tar.gz", "cifar-10-python.tgz", "cifar-10-python.tar", "cifar-10-python.zip"],
];
/// Other names that archives of the batches are downloaded under, without ending.
const DOWNLOADED: [&str; 3] = ["cifar10-python", "cifar-10", "cifar10"];
/// The endings of the batches in the binary and in the Python version.
const ENDINGS: [&str; 2] = [".bin", ""];
/// The folders of both versions.
const FOLDERS: [&str; 2] = ["cifar-10-batches-bin", "cifar-10-batches-py"];
const BATCHES: [&str; 6] = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
const CLASSES: usize = 10;
const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
const COUNTS: [usize; 2] = [50_000, 10_000];
const ROWS: [u64; 2] = [50_000, 10_000];
/// The most bytes of a batch: of 31 million as published, a pickle of protocol 2 makes 46.
const LIMIT: u64 = 64 << 20;
/// One byte of class, then the image, channels first.
const RECORD: usize = 1 + 3 * 32 * 32;
const BATCH: usize = 10_000;

/// The files, and what they are.
enum Form {
    /// The six batches, in their order.
    Batches(Vec<PathBuf>),
    Archive(PathBuf),
    Tables(Tables),
}

impl Form {
    fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Batches(files) => files.clone(),
            Self::Archive(file) => vec![file.clone()],
            Self::Tables(tables) => tables.files(),
        }
    }
}

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    locate(request).ok().flatten().map(|form| form.files())
}

fn locate(request: &Request) -> Result<Option<Form>> {
    let beside = request.sources.folders(NAME).into_iter().find_map(|folder| {
        let batches =
            |end: &str, folder: &Path| BATCHES.iter().map(|b| file_in(folder, &[&format!("{b}{end}")])).collect::<Option<Vec<_>>>();
        let versions = ENDINGS.iter().zip(FOLDERS).zip(&ARCHIVES);
        let forms = versions.map(|((end, inside), archives)| {
            let batches = batches(end, &folder).or_else(|| batches(end, &folder.join(inside)));
            batches.map(Form::Batches).or_else(|| file_in(&folder, archives).map(Form::Archive))
        });
        forms.flatten().next()
    });
    if beside.is_some() {
        return Ok(beside);
    }
    for folder in request.sources.folders(NAME) {
        let Some(path) = downloaded::archive(&folder, &DOWNLOADED, called(&folder, NAME)) else { continue };
        let members = downloaded::members(&path)?;
        if (0..BATCHES.len()).all(|batch| members.iter().any(|member| place(member) == Some(batch))) {
            return Ok(Some(Form::Archive(path)));
        }
    }
    Ok(tables::published(request.sources, NAME, &REPOS, CONFIGURATION, ROWS)?.map(Form::Tables))
}

/// Which batch a member of an archive is.
fn place(name: &str) -> Option<usize> {
    let name = name.rsplit('/').next().unwrap_or_default();
    BATCHES.iter().position(|batch| name.strip_suffix(".bin").unwrap_or(name) == *batch)
}

/// The error for files that are nowhere, with the batches that are there without the others.
fn missing(request: &Request, card: &Card) -> Error {
    let some = request.sources.folders(NAME).into_iter().find_map(|folder| {
        ENDINGS.iter().find_map(|end| {
            let there = |b: &&&str| file_in(&folder, &[&format!("{b}{end}")]).is_some();
            let (there, not): (Vec<&str>, Vec<&str>) = BATCHES.iter().partition(there);
            (!there.is_empty()).then(|| {
                let names = |names: Vec<&str>| names.iter().map(|n| format!("{n}{end}")).collect::<Vec<_>>().join(", ");
                format!("; {} holds {} but lacks {}", folder.display(), names(there), names(not))
            })
        })
    });
    request.missing_but(NAME, card, &some.unwrap_or_default())
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/cifar10.toml")?;
    let form = locate(request)?.ok_or_else(|| missing(request, &card))?;
    let files = form.files();
    let (train, test, skipped) = match &form {
        Form::Tables(tables) => {
            let (train, mut skipped) = from_parquet(tables.of(Split::Train), COUNTS[0], request.sources.skip_broken)?;
            let (test, broken) = from_parquet(tables.of(Split::Test), COUNTS[1], request.sources.skip_broken)?;
            skipped.extend(broken);
            (train, test, skipped)
        }
        Form::Archive(path) => {
            published::check(&card, path)?;
            let (train, test) = from_archive(path)?;
            (train, test, Vec::new())
        }
        Form::Batches(files) => {
            let mut batches = Vec::with_capacity(files.len());
            for path in files {
                published::check(&card, path)?;
                batches.push(Some(batch(&contents(path)?, &path.display().to_string())?));
            }
            let (train, test) = in_order(batches, &files.first().map(|f| f.display().to_string()).unwrap_or_default())?;
            (train, test, Vec::new())
        }
    };
    let (rule, splits) = if request.settings.read::<SplitSettings>()?.split == Way::Wae {
        ("pooled, shuffled with NumPy's seed 123, the last 1 000 test", wae(train, test, 1_000)?)
    } else {
        ("as published", vec![(Split::Train, train), (Split::Test, test)])
    };
    let (range, class_names) = (PixelRange::Symmetric, card.class_names);
    let parts = Parts { name: NAME, range, classes: CLASSES, class_names, groups: Vec::new(), rule, splits, advice: "" };
    Ok(Opened { files, skipped, ..Opened::of(request, parts)? })
}

/// The shards of a split, one after another.
fn from_parquet(shards: &[PathBuf], expected: usize, skip_broken: bool) -> Result<(Stack, Vec<Broken>)> {
    let mut gather = Gather::new(SHAPE, expected, skip_broken, &Ok);
    let mut total = 0;
    for path in shards {
        let (image, label) = tables::columns(path, None, "")?;
        let columns = parquet::Columns { image: &image, label: Some(label.as_str()), rows: expected.saturating_sub(total) as u64 };
        let mut row = 0;
        parquet::read(path, &columns, &mut |batch| {
            gather.add(&batch, &|i| format!("{}, row {}", path.display(), row + i))?;
            row += batch.len();
            Ok(())
        })?;
        total += row;
    }
    let (set, skipped) = gather.finish();
    if total != expected {
        let names = shards.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(Error::damaged(names, format!("holds {total} images, not {expected}")));
    }
    Ok((set, skipped))
}

fn contents(path: &Path) -> Result<Vec<u8>> {
    let file = path.display().to_string();
    let size = fs::metadata(path).map_err(|e| Error::io(&file, e))?.len();
    if size > LIMIT {
        return Err(Error::TooLarge { file, what: "a batch", unit: "bytes", size, limit: LIMIT });
    }
    stream::exactly(&mut crate::container::open(path)?, size as usize, &file)
}

fn from_archive(path: &Path) -> Result<(Stack, Stack)> {
    let container = Container::open(path)?;
    let mut batches: Vec<Option<Stack>> = BATCHES.iter().map(|_| None).collect();
    container.read(&|name| place(name).is_some(), &mut |name, bytes| {
        if let Some(slot) = place(&name).and_then(|i| batches.get_mut(i)) {
            *slot = Some(batch(&bytes?, &format!("{}!{name}", path.display()))?);
        }
        Ok(())
    })?;
    in_order(batches, &path.display().to_string())
}

fn in_order(batches: Vec<Option<Stack>>, file: &str) -> Result<(Stack, Stack)> {
    let mut all = Stack { shape: SHAPE, pixels: Vec::with_capacity(6 * BATCH * SHAPE.len()), labels: Vec::new() };
    for (batch, name) in batches.into_iter().zip(BATCHES) {
        let batch = batch.ok_or_else(|| Error::damaged(file, format!("lacks {name}")))?;
        all.pixels.extend_from_slice(&batch.pixels);
        all.labels.extend_from_slice(&batch.labels);
    }
    Ok(all.cut(COUNTS[0]))
}

/// A batch of either version: records, or a pickle.
fn batch(bytes: &[u8], file: &str) -> Result<Stack> {
    let stack = if file.to_ascii_lowercase().ends_with(".bin") { from_records(bytes, file)? } else { from_pickle(bytes, file)? };
    match stack.labels.iter().find(|l| **l as usize >= CLASSES) {
        Some(label) => Err(Error::damaged(file, format!("a label of {label}, among {CLASSES} classes"))),
        None => Ok(stack),
    }
}

fn from_records(bytes: &[u8], file: &str) -> Result<Stack> {
    if bytes.len() != BATCH * RECORD {
        let problem = format!("{} bytes, not {BATCH} records of {RECORD}", bytes.len());
        return Err(Error::damaged(file, problem));
    }
    let mut set = Stack { shape: SHAPE, pixels: Vec::with_capacity(BATCH * SHAPE.len()), labels: Vec::with_capacity(BATCH) };
    for record in bytes.chunks_exact(RECORD) {
        if let [label, image @ ..] = record {
            set.labels.push((*label).into());
            set.pixels.extend_from_slice(image);
        }
    }
    Ok(set)
}

fn from_pickle(bytes: &[u8], file: &str) -> Result<Stack> {
    let pickle = Pickle::read(bytes, file)?;
    let names = pickle.names()?;
    let find = |name: &str| {
        let there = || names.keys().map(|k| k.as_ref()).collect::<Vec<_>>().join(", ");
        names.get(name).copied().ok_or_else(|| Error::damaged(file, format!("no batch of CIFAR-10: lacks {name}; there are: {}", there())))
    };
    let data = pickle.array(find("data")?)?.filter(|data| data.dtype.is_byte());
    let data = data.filter(|data| matches!(*data.shape.as_slice(), [BATCH, 3072] | [BATCH, 3, 32, 32]));
    let data = data.ok_or_else(|| Error::damaged(file, format!("no batch of CIFAR-10: data is no uint8 array [{BATCH}, 3072]")))?;
    let labels = pickle.numbers(find("labels")?)?.unwrap_or_default();
    let labels: Option<Vec<u32>> = labels.iter().map(|&l| (l.fract() == 0.0 && (0.0..256.0).contains(&l)).then_some(l as u32)).collect();
    let labels = labels.filter(|l| l.len() == BATCH);
    let labels = labels.ok_or_else(|| Error::damaged(file, format!("no batch of CIFAR-10: labels are no {BATCH} classes")))?;
    Ok(Stack { shape: SHAPE, pixels: data.bytes.into_owned(), labels })
}
