//! # Images in parquet files
//! `table:PATH`: a folder of parquet files, or one, with a column of encoded images and one of classes, as the Hub keeps
//! any image data set; or `table:OWNER/NAME`, a data set repository that is in the Hub's cache.
//!
//! **Shapes**: as they are, all of one shape; or `size` x `size`, the largest square in the middle resized by Lanczos. With
//! `channels`, or as they are: three where any image is in colour.
//! **Split**: where the files are called `train-...` and `test-...` (and perhaps `validation-...`), in any number of
//! shards, or lie in folders called so, those; otherwise every tenth image of a class tests.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    slice,
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
    parquet,
    sources::versions,
    stack::Stack,
    stream,
    tables::{self, Tables},
};

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

const NAME: &str = "table";
/// The most rows of a file.
const ROWS: u64 = 100_000_000;

fn find(request: &Request) -> Option<Vec<PathBuf>> {
    Some(locate(request).ok()?.files()).filter(|files| !files.is_empty())
}

/// The tables of a path, or of a repository in the Hub's cache.
fn locate(request: &Request) -> Result<Found> {
    let name = request.path.ok_or_else(|| Error::damaged(NAME, "say which: table:PATH or table:OWNER/NAME"))?;
    let path = Path::new(name);
    if path.is_file() {
        return Ok(Found::One(path.into()));
    }
    let folders = if path.is_dir() { vec![path.to_path_buf()] } else { request.sources.snapshots_of(name) };
    for folder in &folders {
        // The folder of a repository in a cache holds its snapshots.
        let inside = versions(folder);
        for folder in inside.iter().chain([folder]) {
            if let Some(tables) = tables::in_folder(folder, "")? {
                return Ok(Found::Splits(tables));
            }
        }
        let places = inside.iter().chain([folder]).flat_map(|folder| [folder.clone(), folder.join("data")]);
        let all = places.map(|folder| tables::parquet_files(&folder)).find(|found| !found.is_empty()).unwrap_or_default();
        if let [one] = all.as_slice() {
            return Ok(Found::One(one.clone()));
        }
        if !all.is_empty() {
            let names: Vec<String> =
                all.iter().take(3).map(|file| file.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect();
            let problem = format!(
                "holds {}, and nothing to test on: call files after splits (train-*.parquet, test-*.parquet), or give one file, of which \
                 every tenth image of a class tests",
                names.join(", ")
            );
            return Err(Error::damaged(folder.display(), problem));
        }
    }
    Err(match folders.first() {
        Some(folder) => Error::damaged(folder.display(), "holds no parquet files to train and to test on"),
        None => Error::Missing {
            name: format!("{NAME}:{name}"),
            hint: "it is neither a folder or parquet file nor a data set repository in a Hub cache (HF_HOME, DATA_DIR/hub)".into(),
            looked: request.sources.caches().collect(),
        },
    })
}

enum Found {
    One(PathBuf),
    Splits(Tables),
}

impl Found {
    fn files(&self) -> Vec<PathBuf> {
        self.splits().into_iter().flat_map(|(_, files)| files.to_vec()).collect()
    }

    /// The files of each split; of none where there is one file.
    fn splits(&self) -> Vec<(Option<Split>, &[PathBuf])> {
        match self {
            Self::One(path) => vec![(None, slice::from_ref(path))],
            Self::Splits(tables) => tables.0.iter().map(|(split, files)| (Some(*split), files.as_slice())).collect(),
        }
    }
}

fn open(request: &Request) -> Result<Opened> {
    let found = locate(request)?;
    let path = request.path.unwrap_or_default();
    let Columns { size, channels, label, range, deep_grayscale: deep, .. } = request.settings.read()?;
    if channels == 2 {
        return Err(Error::damaged(path, "channels = 2: images have 1 or 3"));
    }
    let unlabelled = label == Column::None;
    let label = (label != Column::Auto).then(|| word(&label));
    let (size, channels) = ((size > 0).then_some(size), (channels > 0).then_some(channels));
    let skip_broken = request.sources.skip_broken;
    let mut reading = Reading { unlabelled, label: label.as_deref(), size, channels, deep, skip_broken };
    let mut notes = Vec::new();
    let (sets, skipped) = loop {
        if let Some(read) = reading.read(&found)? {
            break read;
        }
        reading.channels = Some(3);
        notes.push(
            "holds grayscale images and images in colour: all have three channels; channels = 1 in [dataset] makes them grayscale".into(),
        );
    };
    let (rule, splits) = arrays::divided(path, sets)?;
    let rule = &crate::image::with_deep(rule, deep);
    let classes = splits.iter().flat_map(|(_, set)| &set.labels).max().map_or(1, |&l| l as usize + 1);
    let opened = Opened::new(request, &format!("{NAME}:{path}"), range, classes, rule, splits, (found.files(), skipped))?;
    Ok(Opened { notes, ..opened })
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
            let mut row = 0;
            parquet::read(path, &columns, &mut |batch| {
                let first = || batch.iter().find_map(|(bytes, _)| Image::decode(bytes.as_ref(), "").ok());
                *shape = shape.or_else(|| first().map(|image| self.shape(&image)));
                all.shape = shape.unwrap_or(all.shape);
                let wanted = all.shape;
                let prepare = |image: Image| -> Result<Image> {
                    let in_colour = self.channels.is_none() && channels(&image) > wanted.channels;
                    let image = self.prepared(image, wanted.channels)?;
                    // One of another size is none of the set.
                    if in_colour && (image.width(), image.height()) == (wanted.width, wanted.height) {
                        colour.store(true, Ordering::Relaxed);
                    }
                    Ok(image)
                };
                let mut gather = Gather::new(all.shape, 0, self.skip_broken, &prepare).deep(self.deep);
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
        let (image, label) = tables::columns(path, self.label, "; label = \"none\" in [dataset] takes all images as one class")?;
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
        let side = image.width().min(image.height());
        image.centre(side, side).resize(size, size)
    }
}

fn channels(image: &Image) -> usize {
    image.bytes().len() / (image.width() * image.height()).max(1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;
    use crate::{Sources, open_reporting, parquet::by_hand};

    /// An image of two pixels of that level, in one or three channels.
    fn png(channels: u8, level: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(if channels == 1 { ::png::ColorType::Grayscale } else { ::png::ColorType::Rgb });
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![level; 2 * usize::from(channels)]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    /// Sixty images of three classes; those of `rows` are grayscale, all others in colour.
    fn images(rows: &[usize]) -> Vec<(Vec<u8>, u32)> {
        (0..60).map(|i| (png(if rows.contains(&i) { 1 } else { 3 }, i as u8), i as u32 % 3)).collect()
    }

    fn write(path: &Path, rows: &[(Vec<u8>, u32)]) {
        fs::write(path, by_hand::table(rows, 0, &<[u8]>::to_vec)).unwrap();
    }

    fn opened(path: &Path, settings: Value) -> Result<Opened> {
        open_reporting(&format!("table:{}", path.display()), settings.as_object().unwrap(), &Sources::default())
    }

    #[test]
    fn grayscale_among_colour_has_three_channels_wherever_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("one.parquet");
        let of = |grayscale: &[usize], settings: Value| {
            write(&file, &images(grayscale));
            opened(&file, settings).unwrap()
        };
        let colour = of(&[], json!({}));
        for rows in [&[0][..], &[7], &[0, 1, 2, 3, 59]] {
            for broken in ["refuse", "skip"] {
                let mixed = of(rows, json!({ "broken": broken }));
                assert_eq!((mixed.dataset.sha256(), mixed.skipped.len()), (colour.dataset.sha256(), 0), "{rows:?}");
                assert_eq!(mixed.notes.len(), usize::from(rows.contains(&0)), "{:?}", mixed.notes);
            }
        }
        let all: Vec<usize> = (0..60).collect();
        let grayscale = of(&all, json!({}));
        assert_eq!((grayscale.dataset.shape().unwrap().channels, grayscale.notes.len()), (1, 0));
        assert_eq!(of(&[0], json!({ "channels": 1 })).dataset.sha256(), grayscale.dataset.sha256());
        assert_eq!(of(&[], json!({ "channels": 1 })).dataset.sha256(), grayscale.dataset.sha256());
        assert_eq!(of(&all, json!({ "channels": 3 })).dataset.sha256(), colour.dataset.sha256());
        let error = opened(&file, json!({ "channels": 2 })).err().unwrap();
        assert!(matches!(&error, Error::Damaged { problem, .. } if problem.contains("channels = 2")), "{error}");
    }

    #[test]
    fn images_are_one_class_where_that_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("one.parquet");
        write(&file, &images(&[]));
        let (all, one) = (opened(&file, json!({})).unwrap().dataset, opened(&file, json!({ "label": "none" })).unwrap().dataset);
        assert_eq!((all.classes(), one.classes()), (3, 1));
        // Every tenth of all, in place of every tenth of each class.
        assert_eq!(one.split(Split::Test).unwrap().pixels().chunks(6).map(|image| image[0]).collect::<Vec<_>>(), [9, 19, 29, 39, 49, 59]);
        let message = opened(&file, json!({ "label": "fine_label" })).err().unwrap().to_string();
        assert!(message.ends_with("there are image, label; label = \"none\" in [dataset] takes all images as one class"), "{message}");
    }

    #[test]
    fn colour_in_a_later_split_is_that_of_all() {
        let dir = tempfile::tempdir().unwrap();
        let all: Vec<usize> = (0..60).collect();
        let of = |grayscale: &[usize]| {
            write(&dir.path().join("train.parquet"), &images(grayscale));
            write(&dir.path().join("test.parquet"), &images(&[]));
            opened(dir.path(), json!({})).unwrap().dataset.sha256().to_owned()
        };
        assert_eq!(of(&all), of(&[]));
    }

    #[test]
    fn broken_images_are_named_with_a_setting_that_leaves_them_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("one.parquet");
        let mut rows = images(&[0]);
        rows[5].0.truncate(30);
        write(&file, &rows);
        let message = opened(&file, json!({})).err().unwrap().to_string();
        assert!(message.contains("one.parquet, row 5: broken PNG") && message.contains("broken = \"skip\" in [dataset]"), "{message}");
        let opened = opened(&file, json!({ "broken": "skip" })).unwrap();
        let left_out: Vec<&str> = opened.skipped.iter().map(|broken| broken.file.as_str()).collect();
        assert!(matches!(left_out.as_slice(), [one] if one.ends_with("one.parquet, row 5")), "{left_out:?}");
        assert_eq!(opened.dataset.split(Split::Train).unwrap().len() + opened.dataset.split(Split::Test).unwrap().len(), 59);
    }
}
