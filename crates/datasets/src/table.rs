//! # Images in parquet files
//! `table:PATH`: a folder of parquet files, or one, with a column of encoded images and one of classes, as the Hub keeps
//! any image data set; or `table:OWNER/NAME`, a data set repository that is in the Hub's cache.
//!
//! **Shapes**: as they are, all of one shape; or `size` x `size`, the largest square in the middle resized by Lanczos. With
//! `channels`, or as they are: three where any image is in colour.
//! **Split**: where the files are called `train-...` and `test-...` (and perhaps `validation-...`), in any number of
//! shards, or lie in folders called so, those; otherwise every tenth image of a class tests. Where there are tables to
//! validate and none to test, `test` decides.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use vimae_core::{
    Entry, ImageShape, PixelRange, Split,
    settings::{Schema, word},
};

use crate::{
    BuildDataset, DeepGrayscale, Error, Image, Opened, Request, Result, arrays,
    fewer::FewerOfFiles,
    gather::{Broken, Gather},
    image::Drops,
    parquet,
    stack::Stack,
    stream, tables,
};

mod found;

use found::{Found, find, locate};

/// The entry of the catalogue.
pub const ENTRY: Entry<BuildDataset> = Entry {
    name: NAME,
    summary: "table:PATH or table:OWNER/NAME, any image data set as parquet files or in the Hub's cache",
    source: "the author's own",
    settings: Schema::of::<Columns>,
    build: BuildDataset { card: include_str!("../cards/table.toml"), find, open },
};

vimae_core::settings! {
    /// Which columns are read, and how.
    struct Columns {
        /// rows and columns of every image; 0: as they are, all of one shape
        size: usize = 0, from 0, to 512;
        /// 1: grey, 3: colour; 0: as they are, three where any image is in colour
        channels: usize = 0, from 0, to 3;
        /// the column of classes; auto: the first of these that is there; none: all images are one class
        label: Column = Column::Auto;
        /// where there are tables to validate and none to test: those to validate, or every tenth of a class of training; auto: refused
        test: TestFrom = TestFrom::Auto;
        /// pixels in [-1, 1] or [0, 1]
        range: PixelRange = PixelRange::Symmetric;
        /// grayscale files of 16 bits
        deep_grayscale: DeepGrayscale = DeepGrayscale::HighByte;
        #[serde(flatten)]
        fewer: FewerOfFiles = FewerOfFiles::default();
    }
}

vimae_core::settings! {
    enum Column { Auto, None, Label, Labels, FineLabel, CoarseLabel, Class, Target, Y }
}

vimae_core::settings! {
    /// Where test images come from.
    enum TestFrom { Auto, Validation, Tenth }
}

const NAME: &str = "table";
/// What to do about a table without a column of classes by name.
const UNLABELLED: &str = "; rename that of classes to label, or label = \"none\" in [dataset] takes all images as one class";
/// The most rows of a file.
const ROWS: u64 = 100_000_000;

fn open(request: &Request) -> Result<Opened> {
    let found = locate(request)?;
    let name = request.path.unwrap_or_default();
    let path = &request.place().unwrap_or_default().display().to_string();
    let Columns { size, channels, label, range, test, deep_grayscale: deep, .. } = request.settings.read()?;
    if channels == 2 {
        return Err(Error::damaged(path, "channels = 2: images have 1 or 3"));
    }
    refuse(path, &found, test)?;
    let unlabelled = label == Column::None;
    let label = (label != Column::Auto).then(|| word(&label));
    let (size, channels) = ((size > 0).then_some(size), (channels > 0).then_some(channels));
    let skip_broken = request.sources.skip_broken;
    let drops = Drops::default();
    let mut reading = Reading { unlabelled, label: label.as_deref(), size, channels, deep, skip_broken, drops };
    let mut notes: Vec<String> = found.note().into_iter().collect();
    let (sets, skipped) = loop {
        if let Some(read) = reading.read(&found)? {
            break read;
        }
        (reading.channels, reading.drops) = (Some(3), Drops::default());
        notes.push(
            "holds grayscale images and images in colour: all have three channels; channels = 1 in [dataset] makes them grayscale".into(),
        );
    };
    notes.extend(reading.drops.notes());
    let (rule, splits) = divided(path, sets, test)?;
    let rule = &crate::image::with_deep(rule, deep);
    let classes = splits.iter().flat_map(|(_, set)| &set.labels).max().map_or(1, |&l| l as usize + 1);
    let opened = Opened::new(request, &format!("{NAME}:{name}"), range, classes, rule, splits, (found.files(), skipped))?;
    Ok(Opened { notes, passed_over: found.passed(), ..opened })
}

/// Refuses tables that `test` does not go with, before they are read.
fn refuse(path: &str, found: &Found, test: TestFrom) -> Result<()> {
    let problem = match (test, found.has(Split::Test), found.has(Split::Validation)) {
        (TestFrom::Auto, false, true) => {
            "holds tables to train and to validate, and none to test: set test = \"validation\" in [dataset] to test on those to validate, \
             or test = \"tenth\" to test on every tenth image of a class of training"
        }
        (TestFrom::Validation, false, false) => "test = \"validation\", and there are no tables to validate",
        (TestFrom::Validation | TestFrom::Tenth, true, _) => "has tables to test on: leave the setting test out",
        _ => return Ok(()),
    };
    Err(Error::damaged(path, problem))
}

/// The splits, with test images as `test` says where no table is of them; and the rule in words.
fn divided(path: &str, mut sets: BTreeMap<Option<Split>, Stack>, test: TestFrom) -> Result<(&'static str, Vec<(Split, Stack)>)> {
    let (train, validation) = (Some(Split::Train), Some(Split::Validation));
    let rule = match test {
        TestFrom::Validation => {
            let set = sets.remove(&validation);
            sets.extend(set.map(|set| (Some(Split::Test), set)));
            "by name; validation tests"
        }
        TestFrom::Tenth if sets.contains_key(&validation) => {
            if let Some(all) = sets.remove(&train) {
                let (rest, tenth) = arrays::tenth_apart(path, &all)?;
                sets.extend([(train, rest), (Some(Split::Test), tenth)]);
            }
            "by name; every tenth of a class, in order, tests"
        }
        TestFrom::Auto | TestFrom::Tenth => return arrays::divided(path, sets),
    };
    Ok((rule, arrays::divided(path, sets)?.1))
}

/// How images are read.
struct Reading<'a> {
    /// All images are one class, whatever columns there are.
    unlabelled: bool,
    label: Option<&'a str>,
    /// Rows and columns; none where images stay as they are.
    size: Option<usize>,
    /// None where the images say how many.
    channels: Option<usize>,
    deep: DeepGrayscale,
    skip_broken: bool,
    /// What the images' pixels lack.
    drops: Drops,
}

/// The images of each split, and those that were left out.
type Read = (BTreeMap<Option<Split>, Stack>, Vec<Broken>);

impl Reading<'_> {
    /// All images. The first that can be decoded says the shape; none where it is grayscale and another is in colour.
    fn read(&self, found: &Found) -> Result<Option<Read>> {
        let (mut shape, colour) = (None, AtomicBool::new(false));
        let (mut sets, mut skipped) = (BTreeMap::new(), Vec::new());
        for (split, files) in found.splits() {
            let gathered = self.gather(files, &mut shape, &colour);
            // Before errors: one of them only ends the reading.
            if colour.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let (set, broken) = gathered?;
            sets.insert(split, set);
            skipped.extend(broken);
        }
        Ok(Some((sets, skipped)))
    }

    /// The images of a split's files, up to the first that is in `colour` among grayscale ones.
    fn gather(&self, files: &[PathBuf], shape: &mut Option<ImageShape>, colour: &AtomicBool) -> Result<(Stack, Vec<Broken>)> {
        let mut all = Stack { shape: ImageShape { channels: 3, height: 1, width: 1 }, pixels: Vec::new(), labels: Vec::new() };
        let mut skipped = Vec::new();
        for path in files {
            let (image, label) = self.columns(path)?;
            let columns = parquet::Columns { image: &image, label: label.as_deref(), rows: ROWS };
            let way = if self.size.is_none() { "; size = 64 in [dataset] brings all to one size" } else { "" };
            let mut row = 0;
            parquet::read(path, &columns, &mut |batch| {
                let first = || batch.iter().find_map(|(bytes, _)| Image::decode(bytes.as_ref(), "").ok());
                *shape = shape.or_else(|| first().map(|image| self.shape(&image)));
                all.shape = shape.unwrap_or(all.shape);
                let wanted = all.shape;
                let prepare = |image: Image| -> Result<Image> {
                    let in_colour = self.channels.is_none() && channels(&image) > wanted.channels;
                    self.drops.count(image.dropped());
                    let image = self.prepared(image, wanted.channels)?;
                    // One of another size is none of the set.
                    if in_colour && (image.width(), image.height()) == (wanted.width, wanted.height) {
                        colour.store(true, Ordering::Relaxed);
                    }
                    Ok(image)
                };
                let gather = Gather::new(all.shape, 0, self.skip_broken, &prepare).deep(self.deep);
                let mut gather = gather.advising(way).without_bytes(null(&image));
                gather.add(&batch, &|i| format!("{}, row {}", path.display(), row + i))?;
                if colour.load(Ordering::Relaxed) {
                    return Err(Error::damaged(path.display(), "an image in colour among grayscale ones"));
                }
                row += batch.len();
                let (set, broken) = gather.finish();
                stream::grow(&mut all.pixels, set.pixels.len());
                all.pixels.extend(set.pixels);
                all.labels.extend(set.labels);
                skipped.extend(broken);
                Ok(())
            })?;
        }
        Ok((all, skipped))
    }

    /// The columns of images and of classes.
    fn columns(&self, path: &Path) -> Result<(String, Option<String>)> {
        if self.unlabelled {
            return Ok((tables::image_column(path)?, None));
        }
        let (image, label) = tables::columns(path, self.label, UNLABELLED)?;
        Ok((image, Some(label)))
    }

    /// The shape of all images, of which `first` is one.
    fn shape(&self, first: &Image) -> ImageShape {
        let size = |own: usize| self.size.unwrap_or(own);
        let channels = self.channels.unwrap_or(channels(first));
        ImageShape { channels, height: size(first.height()), width: size(first.width()) }
    }

    /// An image of the set's channels and size.
    fn prepared(&self, image: Image, channels: usize) -> Result<Image> {
        let image = image.with_channels(channels);
        let Some(size) = self.size else { return Ok(image) };
        image.fit(size, size)
    }
}

/// What is said of a row whose image, in that column, has no bytes.
fn null(column: &str) -> String {
    let path = column.strip_suffix(".bytes").map_or(String::new(), |name| {
        format!(
            "; a file that {name}.path names is not read: write its bytes into the table (datasets: \
             with_format(\"arrow\").map(datasets.table.embed_table_storage, batched=True))"
        )
    });
    format!("has no image: {column} is null or empty{path}")
}

fn channels(image: &Image) -> usize {
    image.bytes().len() / (image.width() * image.height()).max(1)
}

#[cfg(test)]
mod tests;
