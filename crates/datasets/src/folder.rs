//! # A folder of images
//! `folder:PATH`: all PNG, JPEG, WebP, BMP and TIFF files below PATH, or in the zip or tar at PATH, of any size and shape.
//!
//! **Shapes**: `size` x `size` with `channels`, the largest square in the middle, resized by Lanczos. A class for each
//! folder, in the order of names, if there are any. **Split**: where there are folders `train` and `val` or `test`, in any
//! usual spelling, those, and the classes are the folders in them; otherwise every tenth image of a class tests. Folders
//! that hold nothing but one other folder count as none; in a split, those whose other is called after the split again or
//! `images`, unless nothing else makes classes and `classes` asks for them.
//!
//! Labels in files beside the images are not read, but for the list of Tiny-ImageNet (`val_annotations.txt`); where there is one
//! class, a note says so. Notes also count the images that were enlarged or cut to the middle.
//!
//! Hidden files and folders, thumbnails and other files are passed over and counted. Links are followed. Where names can
//! be read in two ways the folder is refused, and the message says which setting decides.

use std::path::PathBuf;

use vimae_core::{Entry, ImageShape, PixelRange, Split, settings::Schema};

use crate::{
    BuildDataset, Container, DeepGrayscale, Error, Image, Opened, Request, Result,
    fewer::FewerOfFiles,
    gather::{Broken, Gather},
    member,
    names::Names,
    open::Parts,
    stack::Stack,
    tree::Tree,
};

mod annotations;
mod branch;
mod changed;
mod doubts;
mod instead;
mod part;
mod plan;
mod spelling;
mod unread;

use annotations::Annotated;
use changed::Changed;
use instead::instead;
use plan::{As, Options, Plan};
use unread::unread;

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "folder:PATH, your own image files or a zip or tar of them; a class for each folder in it",
    source: "the author's own",
    settings: Schema::of::<Settings>,
    build: BuildDataset { card: include_str!("../cards/folder.toml"), find, open },
};

vimae_core::settings! {
    /// How a folder is read.
    struct Settings {
        /// rows and columns of every image
        size: usize = 64, from 4, to 512;
        /// 1: grey, 3: colour
        channels: usize = 3, from 1, to 3;
        /// pixels in [-1, 1] or [0, 1]
        range: PixelRange = PixelRange::Symmetric;
        /// grayscale files of 16 bits
        deep_grayscale: DeepGrayscale = DeepGrayscale::HighByte;
        #[serde(flatten)]
        layout: Options = Options::default();
        #[serde(flatten)]
        fewer: FewerOfFiles = FewerOfFiles::default();
    }
}

const NAME: &str = "folder";
const SPLITS: [Split; 3] = [Split::Train, Split::Validation, Split::Test];
/// Encoded images that are in memory at once.
const BATCH: usize = 256;

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    request.place().filter(|p| Container::at(p).is_some()).map(|p| vec![p])
}

fn open(request: &Request) -> Result<Opened> {
    let (Some(path), Some(place)) = (request.path, request.place()) else {
        return Err(Error::damaged(NAME, "say which: folder:PATH"));
    };
    if !place.exists() {
        return Err(Error::damaged(path, request.absent("")));
    }
    let container = Container::open(&place)?;
    let Settings { size: side, channels, range, deep_grayscale: deep, layout, .. } = request.settings.read()?;
    if channels == 2 {
        return Err(Error::damaged(place.display(), "channels = 2: images have 1 or 3"));
    }
    let shape = ImageShape { channels, height: side, width: side };
    let mut tree = Tree::of(&container)?;
    if tree.images.is_empty() {
        return Err(Error::damaged(place.display(), format!("holds no {} files{}", member::FORMATS, instead(&tree, &container))));
    }
    let plan = planned(&tree, &container, &layout)?;
    let changed = Changed::to(shape);
    let (splits, files, skipped) = decode(&tree, &container, &plan, (&changed, deep), request.sources.skip_broken)?;
    let Plan { classes, rule, mut notes, passed, advice, .. } = plan;
    if classes.len() < 2 {
        notes.extend(unread(&tree.labels, &tree.images));
    }
    notes.extend(changed.notes());
    tree.passed.join(&passed);
    let parts = Parts {
        name: &format!("{NAME}:{path}"),
        range,
        classes: classes.len(),
        class_names: if classes == [""] { Vec::new() } else { classes },
        groups: Vec::new(),
        rule: &crate::image::with_deep(&crate::image::decoded(&rule), deep),
        splits,
        advice: &advice,
    };
    let opened = Opened::of_files(request, parts, files)?;
    Ok(Opened { files: vec![place], skipped, passed_over: tree.passed, notes, ..opened })
}

/// Where each image belongs, by its name or by a list of classes.
fn planned(tree: &Tree, container: &Container, layout: &Options) -> Result<Plan> {
    let annotated = if layout.classes == As::None { Annotated::plain(tree) } else { Annotated::of(tree, container)? };
    let names: Vec<&str> = annotated.images.iter().map(|name| name.as_ref()).collect();
    let plan = plan::plan(&names, annotated.folders(tree), layout);
    let mut plan = plan.map_err(|problem| Error::damaged(container.path().display(), problem))?;
    plan.notes.extend(annotated.notes);
    Ok(plan)
}

/// The images of each split, the files that they are, and those that were left out.
type Decoded = (Vec<(Split, Stack)>, Names, Vec<Broken>);
/// Encoded images that wait to be decoded, each with its place.
type Batch = Vec<(Vec<u8>, u32)>;

/// The images of every split, read in one pass: an archive has an order of its own.
fn decode(
    tree: &Tree,
    container: &Container,
    plan: &Plan,
    (changed, deep): (&Changed, DeepGrayscale),
    skip_broken: bool,
) -> Result<Decoded> {
    let prepare = |image: Image| changed.prepare(image);
    let wanted: Vec<usize> = (0..tree.images.len()).filter(|&place| plan.places.get(place).is_some_and(Option::is_some)).collect();
    let split_of = |place: usize| plan.places.get(place).copied().flatten().map_or(Split::Train, |(split, _)| split);
    let name_of = |place: usize| container.name_of(tree.images.get(place).map_or("", |(name, _)| name));
    let mut gathers = SPLITS.map(|split| (split, Gather::new(changed.shape(), 0, skip_broken, &prepare).deep(deep), Vec::new()));
    let mut pending = 0;
    // An image's label is its place until all are there: then they are sorted by it.
    let flush = |gathers: &mut [(Split, Gather, Batch)]| {
        gathers.iter_mut().try_for_each(|(_, gather, batch)| {
            let places: Vec<usize> = batch.iter().map(|(_, place)| *place as usize).collect();
            gather.add(batch, &|i| name_of(places.get(i).copied().unwrap_or_default()))?;
            batch.clear();
            Ok::<(), Error>(())
        })
    };
    tree.read(container, &wanted, &mut |place, bytes| {
        let split = split_of(place);
        let Some((_, gather, batch)) = gathers.iter_mut().find(|(s, ..)| *s == split) else { return Ok(()) };
        match bytes {
            Ok(bytes) => batch.push((bytes, place as u32)),
            Err(error) => return gather.leave_out(name_of(place), error),
        }
        pending += 1;
        if pending < BATCH {
            return Ok(());
        }
        pending = 0;
        flush(&mut gathers)
    })?;
    flush(&mut gathers)?;
    let (mut splits, mut files, mut skipped) = (Vec::new(), Names::new(), Vec::new());
    let file_of = |place: &u32| tree.images.get(*place as usize).map_or(String::new(), |(name, _)| name.clone());
    for (split, gather, _) in gathers {
        let (stack, broken) = gather.finish();
        if stack.len() == 0 && broken.is_empty() {
            continue;
        }
        let mut stack = stack.sort_by_label();
        files.push((split, stack.labels.iter().map(file_of).collect()));
        for label in &mut stack.labels {
            *label = plan.places.get(*label as usize).copied().flatten().map_or(0, |(_, class)| class);
        }
        splits.push((split, stack));
        skipped.extend(broken);
    }
    skipped.sort_by(|a, b| a.file.cmp(&b.file));
    Ok((splits, files, skipped))
}
