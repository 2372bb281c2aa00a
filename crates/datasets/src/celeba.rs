//! # CelebA
//! Aligned faces, Liu et al. 2015: the folder `img_align_celeba`, or a zip or tar of it, of any size, where torchvision,
//! Kaggle or Google's folders put it.
//!
//! **Shapes**: 64 x 64 x 3 in \[-1, 1\]: a centre crop of 140 of 178 columns (the same share of a smaller copy), then
//! Lanczos (docs/protocols.md). No classes: every label is 0. **Split**: as `list_eval_partition.txt` or `.csv` says, where
//! it lies beside the images or with them in the archive; otherwise the last 20 000 by file number test, or the last tenth of
//! a copy with fewer than 200 000.
//!
//! Decoded in parallel once, then kept in `CACHE/prepared` under the digest of source and parameters.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use vimae_core::{Entry, ImageShape, PixelRange, Split, settings::Schema};

use crate::{
    BuildDataset, Card, Container, Error, Image, Opened, PassedOver, Request, Result,
    fewer::FewerOfFiles,
    gather::{Broken, Gather},
    member::IMAGE_ENDINGS,
    prepared, published,
    stack::Stack,
};

mod partition;
mod places;

use partition::{FILES, Partition};
use places::IMAGES;

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "202 599 faces; 64 x 64 colour",
    source: "Liu, Luo, Wang, Tang 2015; img_align_celeba as folder, zip or tar",
    settings: Schema::of::<FewerOfFiles>,
    build: BuildDataset { card: include_str!("../cards/celeba.toml"), find, open },
};

const NAME: &str = "celeba";
const SIDE: usize = 64;
const SHAPE: ImageShape = ImageShape { channels: 3, height: SIDE, width: SIDE };
/// Everything about the preparation that the cache must not mix up.
const RECIPE: &str = "celeba 2: centre 140/178, 64x64 Lanczos3";
/// Encoded images that are in memory at once.
const BATCH: usize = 512;

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    places::find(request, NAME).map(|place| std::iter::once(place.images).chain(place.partitions).collect())
}

/// What is kept of a preparation beside the images.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    skipped: Vec<Broken>,
    passed_over: PassedOver,
    /// A partition that is in the archive: its name, and what is in it.
    partition: Option<(String, String)>,
}

fn open(request: &Request) -> Result<Opened> {
    let card = Card::parse(ENTRY.build.card, "datasets/celeba.toml")?;
    let place = places::find(request, NAME).ok_or_else(|| request.missing(NAME, &card))?;
    let source = &place.images;
    let skip = if request.sources.skip_broken { format!(", without broken ones of {}", source.display()) } else { String::new() };
    let key = prepared::Key::new(source, &format!("{RECIPE}{skip}"), request.sources)?;
    let known = key.load(SHAPE).and_then(|(set, note)| Some((set, serde_json::from_str::<Kept>(&note).ok()?)));
    let (set, kept) = match known {
        Some(known) => known,
        None => {
            published::check(&card, source)?;
            let (set, kept) = decode(source, request.sources.skip_broken)?;
            key.store(&set, &serde_json::to_string(&kept).map_err(|e| Error::damaged("prepared images", e))?);
            (set, kept)
        }
    };
    let mut partitions = Vec::new();
    for file in &place.partitions {
        let bytes = fs::read(file).map_err(|e| Error::io(file.display(), e))?;
        partitions.push(Partition::parse(&bytes, &file.display().to_string())?);
    }
    if let Some((name, text)) = &kept.partition {
        partitions.push(Partition::parse(text.as_bytes(), &format!("{}!{name}", source.display()))?);
    }
    let mut passed_over = kept.passed_over;
    passed_over.join(&place.beside());
    let mut notes = Vec::new();
    let (rule, splits) = match partitions.split_first() {
        Some((first, others)) => {
            agree(first, others, &set)?;
            (FILES[0].to_owned(), by_partition(&set, first, &mut passed_over, &mut notes)?)
        }
        None => by_number(set),
    };
    let files = std::iter::once(place.images).chain(place.partitions).collect();
    let opened = Opened::new(request, NAME, PixelRange::Symmetric, 1, &crate::image::decoded(&rule), splits, (files, kept.skipped))?;
    Ok(Opened { passed_over, notes, ..opened })
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
fn decode(source: &Path, skip_broken: bool) -> Result<(Stack, Kept)> {
    let container = Container::open(source)?;
    let gather = RefCell::new(Gather::new(SHAPE, 0, skip_broken, &prepare));
    let full_name = |name: &str| format!("{}!{name}", source.display());
    let mut names = Vec::new();
    let mut batch: Vec<(Vec<u8>, u32)> = Vec::new();
    let flush = |batch: &mut Vec<(Vec<u8>, u32)>, names: &mut Vec<String>| {
        gather.borrow_mut().add(batch, &|i| full_name(names.get(i).map_or("", String::as_str)))?;
        batch.clear();
        names.clear();
        Ok::<(), Error>(())
    };
    let passed = RefCell::new(PassedOver::default());
    // Those in a folder are found beside the images.
    let packed = !matches!(container, Container::Folder(_));
    // An archive of another name may hold other numbered images.
    let stem = source.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let elsewhere = |name: &str| packed && !stem.starts_with(IMAGES) && !name.split('/').any(|folder| folder.eq_ignore_ascii_case(IMAGES));
    let wanted = |name: &str| {
        if is_partition(name) {
            return packed;
        }
        let passed = &mut *passed.borrow_mut();
        let image = passed.admits(name);
        let kind = if elsewhere(name) {
            "image not in a folder img_align_celeba"
        } else if number(name).is_none() {
            "image without a number"
        } else {
            return image;
        };
        passed.add(kind, usize::from(image));
        false
    };
    let mut seen = HashSet::new();
    let mut partition = None;
    container.read(&wanted, &mut |name, bytes| {
        let Some(number) = number(&name).filter(|_| !is_partition(&name)) else {
            // The text file before the table, whichever comes first.
            if partition.is_none() || name.to_ascii_lowercase().ends_with(FILES[0]) {
                let text = String::from_utf8(bytes?).map_err(|_| Error::damaged(full_name(&name), "is no text in UTF-8"))?;
                partition = Some((name, text));
            }
            return Ok(());
        };
        if !seen.insert(number) {
            return Err(Error::damaged(source.display(), format!("holds two images of the number {number:06}, the second as {name}")));
        }
        match bytes {
            Ok(bytes) => batch.push((bytes, number)),
            Err(error) => return gather.borrow_mut().leave_out(full_name(&name), error),
        }
        names.push(name);
        if batch.len() == BATCH { flush(&mut batch, &mut names) } else { Ok(()) }
    })?;
    flush(&mut batch, &mut names)?;
    let (set, skipped) = gather.into_inner().finish();
    if set.len() == 0 {
        let passed = passed.into_inner();
        let passed = if passed.is_empty() { String::new() } else { format!("; passed over: {passed}") };
        return Err(Error::damaged(source.display(), format!("holds no images like 000001.jpg{passed}")));
    }
    Ok((set.sort_by_label(), Kept { skipped, passed_over: passed.into_inner(), partition }))
}

fn is_partition(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    FILES.iter().any(|known| known.eq_ignore_ascii_case(file))
}

/// The number of an image's file: `img_align_celeba/000001.jpg`.
fn number(name: &str) -> Option<u32> {
    let (stem, ending) = name.rsplit('/').next()?.rsplit_once('.')?;
    let image = IMAGE_ENDINGS.contains(&ending.to_ascii_lowercase().as_str());
    (image && stem.bytes().all(|b| b.is_ascii_digit())).then(|| stem.parse().ok()).flatten()
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

/// Refuses files of the partition that say otherwise of an image that is here.
fn agree(first: &Partition, others: &[Partition], set: &Stack) -> Result<()> {
    for other in others {
        let differs = |number: &&u32| match (first.splits.get(number), other.splits.get(number)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        };
        if let Some(number) = set.labels.iter().find(differs) {
            return Err(Error::damaged(&other.file, format!("says of {number:06}.jpg otherwise than {}: remove one of them", first.file)));
        }
    }
    Ok(())
}

/// The splits as a partition says; images that it does not name belong to none.
fn by_partition(set: &Stack, partition: &Partition, passed: &mut PassedOver, notes: &mut Vec<String>) -> Result<Vec<(Split, Stack)>> {
    let mut chosen: BTreeMap<Split, Vec<usize>> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for (index, number) in set.labels.iter().enumerate() {
        match partition.splits.get(number) {
            Some(split) => chosen.entry(*split).or_default().push(index),
            None => unnamed.push(number),
        }
    }
    let (named, all) = (set.len() - unnamed.len(), set.len());
    if let Some(first) = unnamed.first() {
        if named == 0 {
            return Err(Error::damaged(&partition.file, format!("names none of the {all} images, such as {first:06}.jpg")));
        }
        passed.add("image that the partition does not name", unnamed.len());
        notes.push(format!("{} does not say where {first:06}.jpg belongs, nor {} others: left out", partition.file, unnamed.len() - 1));
    }
    let absent = partition.splits.len() - named;
    if absent > 0 {
        notes.push(format!("{} names {absent} images that are not here", partition.file));
    }
    chosen.into_iter().map(|(split, indices)| Ok((split, unlabelled(set.select(&indices)?)))).collect()
}
