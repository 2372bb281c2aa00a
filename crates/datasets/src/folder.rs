//! # A folder of images
//! `folder:PATH`: all PNG and JPEG files below PATH, of any size and shape.
//!
//! **Shapes**: `size` x `size` with `channels`, the largest square in the middle, resized by Lanczos. A class for each
//! folder in PATH, in the order of names, if there are any. **Split**: where PATH holds `train` and `test` (and perhaps
//! `validation`), those, and the classes are the folders in them; otherwise every tenth image of a class tests.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use vimae_core::{Entry, ImageShape, Key, PixelRange, Split};

use crate::{
    BuildDataset, Container, Error, Opened, Image, Request, Result,
    container::list,
    fewer,
    gather::{Broken, Gather},
    stack::Stack,
};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "folder:PATH, your own PNG and JPEG files; a class for each folder in it",
    source: "yours",
    keys: &[
        Key::integer("size", 64, 4, 512, "rows and columns of every image"),
        Key::integer("channels", 3, 1, 3, "1: grey, 3: colour"),
        Key::choice("range", &["symmetric", "unit"], "pixels in [-1, 1] or [0, 1]"),
        fewer::TRAIN,
        fewer::TEST,
    ],
    build: BuildDataset { card: include_str!("../cards/folder.toml"), find, open },
};

const NAME: &str = "folder";
const SPLITS: [(&str, Split); 3] = [("train", Split::Train), ("validation", Split::Validation), ("test", Split::Test)];
/// Of so many images of a class, one tests.
const TENTH: usize = 10;
const BATCH: usize = 256;

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    request.path.map(PathBuf::from).filter(|p| p.is_dir()).map(|p| vec![p])
}

fn open(request: &Request) -> Result<Opened> {
    let path = request.path.ok_or_else(|| Error::damaged(NAME, "say which: folder:PATH"))?;
    if !Path::new(path).is_dir() {
        return Err(Error::damaged(path, "is no folder"));
    }
    let side = request.settings.integer("size")?;
    let channels = request.settings.integer("channels")?;
    if channels == 2 {
        return Err(Error::damaged(path, "channels = 2: images have 1 or 3"));
    }
    let shape = ImageShape { channels, height: side, width: side };
    let range = if request.settings.choice("range")? == "unit" { PixelRange::Unit } else { PixelRange::Symmetric };
    let names: Vec<String> = list(Path::new(path))?.into_iter().map(|(name, _)| name).filter(|name| is_image(name)).collect();
    if names.is_empty() {
        return Err(Error::damaged(path, "holds no PNG or JPEG files"));
    }
    let plan = Plan::new(&names);
    let mut splits = Vec::new();
    let mut skipped = Vec::new();
    for (_, split) in SPLITS {
        if plan.places.values().any(|(s, _)| *s == split) {
            let (set, broken) = decode(Path::new(path), &plan, split, shape, request.sources.skip_broken)?;
            skipped.extend(broken);
            splits.push((split, set));
        }
    }
    Opened::new(request, &format!("{NAME}:{path}"), range, plan.classes, &crate::image::decoded(plan.rule), splits, (vec![path.into()], skipped))
}

fn is_image(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let hidden = name.rsplit('/').next().is_some_and(|n| n.starts_with('.'));
    !hidden && [".png", ".jpg", ".jpeg"].iter().any(|end| name.ends_with(end))
}

/// Where each image belongs.
struct Plan {
    places: BTreeMap<String, (Split, u32)>,
    classes: usize,
    rule: &'static str,
}

impl Plan {
    fn new(names: &[String]) -> Self {
        let top = |name: &str| name.split_once('/').map_or("", |(top, _)| top).to_owned();
        let split = |name: &str| SPLITS.iter().find(|(n, _)| *n == top(name)).map(|(_, s)| *s);
        let published = names.iter().all(|n| split(n).is_some())
            && [Split::Train, Split::Test].iter().all(|s| names.iter().any(|n| split(n) == Some(*s)));
        // Within a split's folder, the class is the next one.
        let class = |name: &str| if published { top(name.split_once('/').map_or(name, |(_, rest)| rest)) } else { top(name) };
        let mut classes: Vec<String> = names.iter().map(|n| class(n)).collect();
        classes.sort();
        classes.dedup();
        let mut seen = vec![0_usize; classes.len()];
        let mut places = BTreeMap::new();
        for name in names {
            let label = classes.binary_search(&class(name)).unwrap_or_default();
            let count = seen.get_mut(label).map_or(0, |c| {
                *c += 1;
                *c
            });
            let tenth = if count % TENTH == 0 { Split::Test } else { Split::Train };
            places.insert(name.clone(), (split(name).filter(|_| published).unwrap_or(tenth), label as u32));
        }
        let rule = if published { "by folder" } else { "every tenth of a class, by name, tests" };
        Self { places, classes: classes.len(), rule }
    }
}

fn decode(root: &Path, plan: &Plan, split: Split, shape: ImageShape, skip_broken: bool) -> Result<(Stack, Vec<Broken>)> {
    let prepare = |image: Image| {
        let side = image.width().min(image.height());
        image.with_channels(shape.channels).centre(side, side).resize(shape.width, shape.height)
    };
    let mut gather = Gather::new(shape, 0, skip_broken, &prepare);
    let mut names = Vec::new();
    let mut batch: Vec<(Vec<u8>, u32)> = Vec::new();
    let mut flush = |batch: &mut Vec<(Vec<u8>, u32)>, names: &mut Vec<String>| {
        gather.add(batch, &|i| root.join(names.get(i).map_or("", String::as_str)).display().to_string())?;
        batch.clear();
        names.clear();
        Ok::<(), Error>(())
    };
    let place = |name: &str| plan.places.get(name).filter(|(s, _)| *s == split).map(|(_, label)| *label);
    Container::Folder(root.into()).read(&|name| place(name).is_some(), &mut |name, bytes| {
        batch.push((bytes, place(&name).unwrap_or_default()));
        names.push(name);
        if batch.len() == BATCH { flush(&mut batch, &mut names) } else { Ok(()) }
    })?;
    flush(&mut batch, &mut names)?;
    Ok(gather.finish())
}
