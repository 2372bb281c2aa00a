//! The image files of a folder or archive as a set: names first, then a few files at a time.
//!
//! A set is read twice, to know its digest and to extract its features, and never is more of it in memory than a
//! portion. An archive gives its members in an order of its own; the set's is that of their names, as a folder's.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::Path,
};

use rayon::prelude::*;
use vimae_core::ImageShape;
use vimae_datasets::{Container, DeepGrayscale, Error as DataError, Image, PassedOver, Result as DataResult, member::FORMATS};
use vimae_metrics::images::{Census, ImageSource, OwnedImage, Seen, Visit};

use super::{
    choice::Choice,
    opened::{Opened, inward, outward},
};
use crate::{Error, Result};

/// The most files of a portion.
const PORTION: usize = 48;
/// About the most bytes of a portion, as files and decoded: the next image is not known before it is read.
const ENCODED: usize = 16 << 20;
const DECODED: usize = 128 << 20;

/// The images of the files of `container`, at most `count`: the first by name, and of those that can be decoded with
/// `skip_broken`.
///
/// # Errors
/// [`Error::Images`] where there are none; [`Error::Data`] for the container; [`Error::BrokenImage`] for the first file that
/// cannot be decoded, unless `skip_broken`.
pub(super) fn open(container: Container, Choice { count, skip_broken, deep }: Choice) -> Result<Opened> {
    let wrong = |problem: String| Error::Images { place: container.path().display().to_string(), problem };
    let Names { images: mut names, passed_over } = Names::of(&container)?;
    if let Some([name, _]) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(wrong(format!("holds two members called {name}")));
    }
    names.truncate(if skip_broken { usize::MAX } else { count });
    let places: BTreeMap<String, usize> = names.iter().cloned().zip(0..).collect();
    let mut looked: Vec<Option<DataResult<Seen>>> = names.iter().map(|_| None).collect();
    let sound = Cell::new(0);
    // Enough of a folder is enough; in an archive, earlier names may still come.
    let enough = || matches!(container, Container::Folder(_)) && sound.get() >= count;
    let wanted = |name: &str| places.get(name).copied().filter(|_| !enough());
    read(&container, deep, &wanted, &mut |portion| {
        for (place, image) in portion {
            let seen = image.map(|(_, seen)| seen);
            if let (Err(_), false) = (&seen, skip_broken) {
                return seen.map(drop).map_err(|error| DataError::BrokenImage(Box::new(error)));
            }
            sound.set(sound.get() + usize::from(seen.is_ok()));
            if let Some(slot) = looked.get_mut(place) {
                *slot = Some(seen);
            }
        }
        Ok(())
    })
    .map_err(|error| match error {
        DataError::BrokenImage(broken) => Error::BrokenImage(*broken),
        other => other.into(),
    })?;

    let (mut seen, mut kept, mut broken) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (name, looked) in names.into_iter().zip(looked) {
        match looked {
            _ if seen.len() == count => break,
            Some(Ok(image)) => {
                kept.insert(name, seen.len());
                seen.push(image);
            }
            Some(Err(error)) => broken.push((name, error.to_string())),
            None => return Err(wrong(format!("does not give {name} again"))),
        }
    }
    if seen.is_empty() {
        return Err(wrong(format!("holds no {FORMATS} files that can be decoded{}", passed_over.instead())));
    }
    let mut names: Vec<(usize, &String)> = kept.iter().map(|(name, place)| (*place, name)).collect();
    names.sort_unstable();
    let names = names.into_iter().map(|(_, name)| name.clone()).collect();
    let images = Files { container, deep, places: kept, census: Census::new(seen) };
    Ok(Opened { images: Box::new(images), kind: "images".into(), broken, passed_over, names, labels: None })
}

/// Files where they are.
struct Files {
    container: Container,
    deep: DeepGrayscale,
    /// The place of each file's image.
    places: BTreeMap<String, usize>,
    census: Census,
}

impl ImageSource for Files {
    fn census(&self) -> &Census {
        &self.census
    }

    fn visit(&self, visit: &mut Visit<'_>) -> vimae_core::Result<()> {
        let path = self.container.path().display();
        let outcome = read(&self.container, self.deep, &|name| self.places.get(name).copied(), &mut |portion| {
            let (mut places, mut images) = (Vec::new(), Vec::new());
            for (place, image) in portion {
                let (image, seen) = image?;
                if self.census.images().get(place) != Some(&seen) {
                    return Err(DataError::Damaged { file: path.to_string(), problem: "changed while it was read".into() });
                }
                places.push(place);
                images.push(image);
            }
            visit(&places, images).map_err(inward)
        });
        outcome.map_err(outward)
    }
}

/// What a container holds.
#[derive(Default)]
struct Names {
    /// Of all image files, in order.
    images: Vec<String>,
    /// What else there is, by kind.
    passed_over: PassedOver,
}

impl Names {
    fn of(container: &Container) -> Result<Self> {
        let found = RefCell::new(Self::default());
        container.names(&|name| {
            let found = &mut *found.borrow_mut();
            if found.passed_over.admits(name) {
                found.images.push(name.to_owned());
            }
        })?;
        let mut found = found.into_inner();
        found.images.sort();
        Ok(found)
    }
}

/// Images at their places, each decoded and looked at, or the reason why not.
type Portion = Vec<(usize, DataResult<(OwnedImage, Seen)>)>;

/// Reads and decodes every file that has a `place`, and hands them on in portions.
fn read(
    container: &Container,
    deep: DeepGrayscale,
    place: &dyn Fn(&str) -> Option<usize>,
    take: &mut dyn FnMut(Portion) -> DataResult<()>,
) -> DataResult<()> {
    let mut waiting = Waiting { root: container.path(), deep, files: Vec::new(), encoded: 0, largest: 0 };
    container.read(&|name| place(name).is_some(), &mut |name, bytes| {
        let Some(place) = place(&name) else { return Ok(()) };
        waiting.encoded += bytes.as_ref().map_or(0, Vec::len);
        waiting.files.push((place, name, bytes));
        if waiting.is_full() { take(waiting.decode()) } else { Ok(()) }
    })?;
    take(waiting.decode())
}

/// Files that are decoded together.
struct Waiting<'a> {
    root: &'a Path,
    deep: DeepGrayscale,
    files: Vec<(usize, String, DataResult<Vec<u8>>)>,
    encoded: usize,
    /// Bytes of the largest image so far.
    largest: usize,
}

impl Waiting<'_> {
    fn is_full(&self) -> bool {
        self.files.len() == PORTION || self.encoded >= ENCODED || (self.files.len() + 1).saturating_mul(self.largest) > DECODED
    }

    fn decode(&mut self) -> Portion {
        self.encoded = 0;
        let files = std::mem::take(&mut self.files).into_par_iter();
        let decode = |(place, name, bytes): (usize, String, DataResult<Vec<u8>>)| {
            let image = bytes.and_then(|bytes| decode(&bytes, &self.root.join(name).display().to_string(), self.deep));
            (place, image.map(|image| (Seen::of(&image.borrow()), image)).map(|(seen, image)| (image, seen)))
        };
        let portion: Portion = files.map(decode).collect();
        let sizes = portion.iter().filter_map(|(_, image)| image.as_ref().ok().map(|(image, _)| image.bytes.len()));
        self.largest = sizes.fold(self.largest, usize::max);
        portion
    }
}

fn decode(bytes: &[u8], file: &str, deep: DeepGrayscale) -> DataResult<OwnedImage> {
    let image = Image::decode_deep(bytes, file, deep)?;
    let (height, width) = (image.height(), image.width());
    let channels = image.bytes().len() / (height * width);
    Ok(OwnedImage { shape: ImageShape { channels, height, width }, bytes: image.into_planes() })
}

#[cfg(test)]
mod tests;
