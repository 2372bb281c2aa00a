//! # Images in parquet files
//! `table:PATH`: a folder of parquet files, or one, with a column of encoded images and one of classes, as the Hub keeps
//! any image data set; or `table:OWNER/NAME`, a data set repository that is in the Hub's cache.
//!
//! **Shapes**: as they are, all of one shape; or `size` x `size`, the largest square in the middle resized by Lanczos.
//! **Split**: where the files are called `train-...` and `test-...` (and perhaps `validation-...`), in any number of
//! shards, or lie in folders called so, those; otherwise every tenth image of a class tests.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use vimae_core::{
    Entry, ImageShape, PixelRange, Split,
    settings::{Schema, word},
};

use crate::{
    BuildDataset, DeepGrayscale, Error, Image, Opened, Request, Result, arrays,
    fewer::Fewer,
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
        /// the column of classes; auto: the first of these that is there
        label: Column = Column::Auto;
        /// pixels in [-1, 1] or [0, 1]
        range: PixelRange = PixelRange::Symmetric;
        /// grayscale files of 16 bits
        deep_grayscale: DeepGrayscale = DeepGrayscale::HighByte;
        #[serde(flatten)]
        fewer: Fewer = Fewer::default();
    }
}

vimae_core::settings! {
    enum Column { Auto, Label, Labels, FineLabel, CoarseLabel, Class, Target, Y }
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
        match self {
            Self::One(path) => vec![path.clone()],
            Self::Splits(tables) => tables.files(),
        }
    }
}

fn open(request: &Request) -> Result<Opened> {
    let found = locate(request)?;
    let path = request.path.unwrap_or_default();
    let Columns { size, label, range, deep_grayscale: deep, .. } = request.settings.read()?;
    let label = (label != Column::Auto).then(|| word(&label));
    let mut shape = None;
    let mut sets = BTreeMap::new();
    let mut skipped = Vec::new();
    let mut read = |split: Option<Split>, files: &[PathBuf]| -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let (set, broken) = gather(files, label.as_deref(), (size, deep), &mut shape, request.sources.skip_broken)?;
        skipped.extend(broken);
        sets.insert(split, set);
        Ok(())
    };
    match &found {
        Found::One(path) => read(None, std::slice::from_ref(path))?,
        Found::Splits(tables) => {
            for (split, files) in &tables.0 {
                read(Some(*split), files)?;
            }
        }
    }
    let (rule, splits) = arrays::divided(path, sets)?;
    let rule = &crate::image::with_deep(rule, deep);
    let classes = splits.iter().flat_map(|(_, set)| &set.labels).max().map_or(1, |&l| l as usize + 1);
    Opened::new(request, &format!("{NAME}:{path}"), range, classes, rule, splits, (found.files(), skipped))
}

/// The images of a split's files, of `size` where that is not 0. The first image that can be decoded says the shape, where
/// no split before did.
fn gather(
    files: &[PathBuf],
    label: Option<&str>,
    (size, deep): (usize, DeepGrayscale),
    shape: &mut Option<ImageShape>,
    skip_broken: bool,
) -> Result<(Stack, Vec<Broken>)> {
    let size = (size > 0).then_some(size);
    let mut all = Stack { shape: ImageShape { channels: 3, height: 1, width: 1 }, pixels: Vec::new(), labels: Vec::new() };
    let mut skipped = Vec::new();
    for path in files {
        let (image, label) = tables::columns(path, label)?;
        let columns = parquet::Columns { image: &image, label: &label, rows: ROWS };
        let mut row = 0;
        parquet::read(path, &columns, &mut |batch| {
            let first = || batch.iter().find_map(|(bytes, _)| Image::decode(bytes.as_ref(), "").ok());
            *shape = shape.or_else(|| {
                let (image, size) = (first()?, |own: usize| size.unwrap_or(own));
                Some(ImageShape { channels: channels(&image), height: size(image.height()), width: size(image.width()) })
            });
            all.shape = shape.unwrap_or(all.shape);
            let wanted = all.shape.channels;
            let prepare = |image: Image| prepared(image, wanted, size);
            let mut gather = Gather::new(all.shape, 0, skip_broken, &prepare).deep(deep);
            gather.add(&batch, &|i| format!("{}, row {}", path.display(), row + i))?;
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

fn channels(image: &Image) -> usize {
    image.bytes().len() / (image.width() * image.height()).max(1)
}

/// An image of the set's channels and size: grayscale among colour gains channels, colour among grayscale is refused.
fn prepared(image: Image, channels: usize, size: Option<usize>) -> Result<Image> {
    if self::channels(&image) > channels {
        return Err(Error::damaged("an image", "in colour, and the first of the set is grayscale"));
    }
    let image = image.with_channels(channels);
    let Some(size) = size else { return Ok(image) };
    let side = image.width().min(image.height());
    image.centre(side, side).resize(size, size)
}
