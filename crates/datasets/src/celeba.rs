//! # CelebA
//! Aligned faces, Liu et al. 2015, from the folder `img_align_celeba`, or a zip or tar of it, of any size.
//!
//! **Shapes**: 64 x 64 x 3 in \[-1, 1\]: a centre crop of 140 of 178 columns (the same share of a smaller copy), then
//! Lanczos (docs/protocols.md). No classes: every label is 0. **Split**: as `list_eval_partition.txt` says, where it lies
//! beside the images; otherwise the last 20 000 by file number test, or the last tenth of a copy with fewer than
//! 200 000.
//!
//! Decoded in parallel once, then kept in `CACHE/prepared` under the digest of source and parameters.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use vimae_core::{Entry, ImageShape, PixelRange, Split};

use crate::{
    BuildDataset, Card, Container, Error, Opened, Image, Request, Result,
    fewer,
    gather::{Broken, Gather},
    prepared, published,
    stack::Stack,
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "202 599 faces; 64x64 colour",
    source: "Liu, Luo, Wang, Tang 2015; img_align_celeba as folder, zip or tar",
    keys: &[fewer::TRAIN, fewer::TEST],
    build: BuildDataset { card: include_str!("../cards/celeba.toml"), find, open },
};

const NAME: &str = "celeba";
const SIDE: usize = 64;
const SHAPE: ImageShape = ImageShape { channels: 3, height: SIDE, width: SIDE };
const PARTITION: &str = "list_eval_partition.txt";
/// Everything about the preparation that the cache must not mix up.
const RECIPE: &str = "celeba 1: centre 140/178, 64x64 Lanczos3";
/// Encoded images that are in memory at once.
const BATCH: usize = 512;

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    let endings = ["", ".zip", ".tar", ".tar.gz", ".tgz"];
    request.sources.folders(NAME).into_iter().find_map(|folder| {
        let container = endings.iter().map(|end| folder.join(format!("img_align_celeba{end}"))).find(|p| p.exists())?;
        // The published zip holds the folder twice in its path once it is unpacked by some programs.
        let inner = container.join("img_align_celeba");
        let container = if inner.is_dir() { inner } else { container };
        let partition = [folder.join(PARTITION), container.join(PARTITION)].into_iter().find(|p| p.is_file());
        Some(std::iter::once(container).chain(partition).collect())
    })
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/celeba.toml")?;
    let files = find(request).ok_or_else(|| request.missing(NAME, &card))?;
    let source = files.first().ok_or_else(|| request.missing(NAME, &card))?;
    let key = prepared::Key::new(source, &format!("{RECIPE}, skip {}", request.sources.skip_broken), request.sources)?;
    let (set, skipped) = match key.load(SHAPE) {
        Some(set) => (set, Vec::new()),
        None => {
            published::check(&card, source)?;
            let (set, skipped) = decode(source, request.sources.skip_broken)?;
            key.store(&set)?;
            (set, skipped)
        }
    };
    let (rule, splits) = match files.get(1) {
        Some(partition) => (format!("{PARTITION} {}", digest(partition)?), by_partition(&set, partition)?),
        None => by_number(set),
    };
    Opened::new(request, NAME, PixelRange::Symmetric, 1, &rule, splits, (files, skipped))
}

/// A face as networks see it: the middle 140 of 178 columns and as many rows, 64 x 64 by Lanczos.
///
/// # Errors
/// As [`Image::resize`].
pub fn prepare(face: Image) -> Result<Image> {
    let side = (face.width() * 140 + 89) / 178;
    face.with_channels(3).centre(side, side).resize(SIDE, SIDE)
}

/// All images in the order of their file numbers, which are their labels for now.
fn decode(source: &Path, skip_broken: bool) -> Result<(Stack, Vec<Broken>)> {
    let container = Container::at(source).ok_or_else(|| Error::damaged(source.display(), "is neither a folder, a zip nor a tar"))?;
    let mut gather = Gather::new(SHAPE, 0, skip_broken, &prepare);
    let mut names = Vec::new();
    let mut batch: Vec<(Vec<u8>, u32)> = Vec::new();
    let mut flush = |batch: &mut Vec<(Vec<u8>, u32)>, names: &mut Vec<String>| {
        gather.add(batch, &|i| format!("{}!{}", source.display(), names.get(i).map_or("", String::as_str)))?;
        batch.clear();
        names.clear();
        Ok::<(), Error>(())
    };
    container.read(&|name| number(name).is_some(), &mut |name, bytes| {
        batch.push((bytes, number(&name).unwrap_or_default()));
        names.push(name);
        if batch.len() == BATCH { flush(&mut batch, &mut names) } else { Ok(()) }
    })?;
    flush(&mut batch, &mut names)?;
    let (set, skipped) = gather.finish();
    if set.len() == 0 {
        return Err(Error::damaged(source.display(), "holds no images like 000001.jpg"));
    }
    Ok((set.sort_by_label(), skipped))
}

/// The number of a image's file: `img_align_celeba/000001.jpg`.
fn number(name: &str) -> Option<u32> {
    if name.starts_with("__MACOSX") {
        return None;
    }
    let (stem, ending) = name.rsplit('/').next()?.rsplit_once('.')?;
    matches!(ending, "jpg" | "png").then(|| stem.parse().ok()).flatten()
}

fn unlabelled(mut set: Stack) -> Stack {
    set.labels.fill(0);
    set
}

fn by_number(set: Stack) -> (String, Vec<(Split, Stack)>) {
    let test = if set.len() >= 200_000 { 20_000 } else { set.len() / 10 };
    let train = set.len() - test;
    let (train, test) = unlabelled(set).cut(train);
    (format!("the last {} by file number test", test.len()), vec![(Split::Train, train), (Split::Test, test)])
}

fn digest(partition: &Path) -> Result<String> {
    let [sha256, _] = published::digests(crate::container::open(partition)?, partition)?;
    Ok(sha256)
}

fn by_partition(set: &Stack, partition: &Path) -> Result<Vec<(Split, Stack)>> {
    let file = partition.display().to_string();
    let text = fs::read_to_string(partition).map_err(|e| Error::io(&file, e))?;
    let mut side = BTreeMap::new();
    for (line, row) in text.lines().enumerate() {
        let mut words = row.split_whitespace();
        let (Some(number), Some(part @ ("0" | "1" | "2"))) = (words.next().and_then(number), words.next()) else {
            return Err(Error::damaged(&file, format!("line {}: {row:?} is not a file and 0, 1 or 2", line + 1)));
        };
        side.insert(number, part);
    }
    if let Some(number) = set.labels.iter().find(|n| !side.contains_key(n)) {
        return Err(Error::damaged(&file, format!("does not say where {number:06}.jpg belongs")));
    }
    let mut splits = Vec::new();
    for (split, part) in [(Split::Train, "0"), (Split::Validation, "1"), (Split::Test, "2")] {
        let belongs = |&i: &usize| set.labels.get(i).and_then(|n| side.get(n)) == Some(&part);
        let indices: Vec<usize> = (0..set.len()).filter(belongs).collect();
        if !indices.is_empty() {
            splits.push((split, unlabelled(set.select(&indices)?)));
        }
    }
    Ok(splits)
}
